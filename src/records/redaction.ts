import { compileSafePattern, PATTERN_WINDOW } from "../lib/safe-pattern.ts";

/** Two windows share this much, so that what stands across their border is found; it is the longest match found there. */
const OVERLAP = 512;
const REPLACEMENT = "[redacted]";

/** Takes out of texts what patterns match. */
export class Redaction {
  readonly #patterns: readonly RegExp[];

  /** The patterns were checked when the configuration was read; one that is refused all the same throws SyntaxError. */
  constructor(sources: readonly string[]) {
    this.#patterns = sources.map((source) => {
      const pattern = compileSafePattern(source);
      if (pattern instanceof RegExp) return pattern;
      throw new SyntaxError(`${source}: ${pattern.reason}`);
    });
  }

  /** Whether there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /**
   * UTF-8 text with every match replaced. Long texts are looked at window by window, so that the time is in proportion
   * to their length; a match of more than 512 characters may be missed where two windows meet.
   */
  apply(bytes: Uint8Array): Uint8Array {
    if (this.isEmpty) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    const found = this.#patterns.flatMap((pattern) => [...matchesIn(text, pattern)]);
    return found.length === 0 ? bytes : Buffer.from(replaced(text, found), "utf8");
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function* matchesIn(text: string, pattern: RegExp): Generator<Span> {
  const step = PATTERN_WINDOW - OVERLAP;
  for (let from = 0; from < text.length; from += step) {
    for (const match of text.slice(from, from + PATTERN_WINDOW).matchAll(pattern)) {
      yield { start: from + match.index, end: from + match.index + match[0].length };
    }
    if (from + PATTERN_WINDOW >= text.length) return;
  }
}

function replaced(text: string, spans: readonly Span[]): string {
  let out = "";
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (start >= at) out += text.slice(at, start) + REPLACEMENT;
    at = Math.max(at, end);
  }
  return out + text.slice(at);
}
