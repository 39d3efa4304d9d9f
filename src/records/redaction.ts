import { PATTERN_WINDOW } from "../lib/safe-pattern.ts";

/** Two windows share this much, so that what stands across their border is found; it is the longest match found there. */
const OVERLAP = 256;
/** A body that takes longer was made to. */
const MAX_MS = 100;
const REPLACEMENT = "[redacted]";

/** Takes out of texts what patterns match. */
export class Redaction {
  readonly #patterns: readonly RegExp[];

  /** The patterns were checked when the configuration was read. */
  constructor(sources: readonly string[]) {
    this.#patterns = sources.map((source) => new RegExp(source, "gu"));
  }

  /**
   * UTF-8 text with every match replaced; null where that takes too long. Long texts are looked at window by window, so
   * that the time is in proportion to their length; a match of more than 256 characters may be missed where two windows
   * meet.
   */
  apply(bytes: Uint8Array): Uint8Array | null {
    if (this.#patterns.length === 0) return bytes;
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
    const deadline = performance.now() + MAX_MS;
    const found: Span[] = [];
    for (const pattern of this.#patterns)
      for (let from = 0; from < text.length; from += PATTERN_WINDOW - OVERLAP) {
        addMatches(found, text, from, pattern);
        if (performance.now() > deadline) return null;
        if (from + PATTERN_WINDOW >= text.length) break;
      }
    return found.length === 0 ? bytes : Buffer.from(replaced(text, found), "utf8");
  }
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function addMatches(found: Span[], text: string, from: number, pattern: RegExp): void {
  for (const match of text.slice(from, from + PATTERN_WINDOW).matchAll(pattern)) {
    found.push({ start: from + match.index, end: from + match.index + match[0].length });
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
