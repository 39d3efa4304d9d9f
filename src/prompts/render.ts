import { type CompiledText, compileText, renderingContext, renderText } from "./compile.ts";
import { MAX_MESSAGES, MAX_SOURCE_CHARS, MAX_TAGS } from "./limits.ts";
import { RenderError, type TextFault } from "./render-error.ts";
import type { TemplateMessage, TemplateVersion } from "./template.ts";

/** What rendering needs of a version. */
export type RenderableVersion = Pick<TemplateVersion, "template" | "version" | "revision" | "messages">;

const MAX_CACHED_VERSIONS = 2_000;
const MAX_CACHED_CHARS = 33_554_432;

interface MessageFault {
  readonly index: number;
  readonly fault: TextFault;
}

interface CachedVersion {
  /** What was compiled: a revision is 64 bits of a hash of texts that clients write, so it alone proves nothing. */
  readonly messages: readonly TemplateMessage[];
  readonly chars: number;
  readonly outcome: readonly CompiledText[] | MessageFault;
}

/** Renders versions, keeping those used last compiled by their revision. */
export class Renderer {
  readonly #cache = new Map<string, CachedVersion>();
  readonly #maxVersions: number;
  #chars = 0;

  /** `maxVersions` compiled ones are kept, and of those no more than 32 Mi characters of source. */
  constructor(maxVersions: number = MAX_CACHED_VERSIONS) {
    this.#maxVersions = maxVersions;
  }

  /** The number of versions that are kept compiled. */
  get size(): number {
    return this.#cache.size;
  }

  /**
   * The version's messages with the variables put in. Values are JSON values; missing ones are an error except in
   * conditions and before the filter `default`. All messages share one bound of time and work.
   */
  render(
    version: RenderableVersion,
    variables: Readonly<Record<string, unknown>>,
  ): readonly TemplateMessage[] | RenderError {
    const outcome = this.#compiled(version);
    if (!isCompiled(outcome)) return new RenderError(version, outcome.index, outcome.fault);
    const first = renderingContext(variables);
    const rendered: TemplateMessage[] = [];
    for (const [index, compiled] of outcome.entries()) {
      const context = index === 0 ? first : renderingContext(variables, first);
      const text = renderText(compiled, context);
      if (typeof text !== "string") return new RenderError(version, index, text);
      rendered.push({ role: version.messages[index]!.role, text });
    }
    return rendered;
  }

  /** Names of the variables that the version reads, in the order of their first appearance. */
  variables(version: RenderableVersion): readonly string[] | RenderError {
    const outcome = this.#compiled(version);
    if (!isCompiled(outcome)) return new RenderError(version, outcome.index, outcome.fault);
    return [...new Set(outcome.flatMap((text) => text.variables))];
  }

  #compiled({ revision, messages }: RenderableVersion): CachedVersion["outcome"] {
    const cached = this.#cache.get(revision);
    if (cached !== undefined) {
      this.#drop(revision, cached);
      if (sameTexts(cached.messages, messages)) return this.#keep(revision, cached);
    }
    return this.#keep(revision, { messages, chars: charsOf(messages), outcome: compile(messages) });
  }

  /** Puts it last in line, and lets those first in line go until all fit. */
  #keep(revision: string, version: CachedVersion): CachedVersion["outcome"] {
    this.#cache.set(revision, version);
    this.#chars += version.chars;
    for (const [oldest, dropped] of this.#cache) {
      if (this.#cache.size <= this.#maxVersions && this.#chars <= MAX_CACHED_CHARS) break;
      this.#drop(oldest, dropped);
    }
    return version.outcome;
  }

  #drop(revision: string, version: CachedVersion): void {
    this.#cache.delete(revision);
    this.#chars -= version.chars;
  }
}

function isCompiled(outcome: CachedVersion["outcome"]): outcome is readonly CompiledText[] {
  return Array.isArray(outcome);
}

function compile(messages: readonly TemplateMessage[]): CachedVersion["outcome"] {
  const excess = excessOf(messages);
  if (excess !== null) return { index: 0, fault: excess };
  const compiled: CompiledText[] = [];
  for (const [index, { text }] of messages.entries()) {
    const outcome = compileText(text);
    if ("kind" in outcome) return { index, fault: outcome };
    compiled.push(outcome);
  }
  return compiled;
}

/** Why the texts are not even looked at. */
function excessOf(messages: readonly TemplateMessage[]): TextFault | null {
  const fault = (kind: "too-long" | "limit", detail: string): TextFault => ({
    kind,
    detail,
    variable: null,
    line: 1,
    column: 1,
  });
  if (charsOf(messages) > MAX_SOURCE_CHARS) {
    return fault("too-long", `a version's texts have at most ${MAX_SOURCE_CHARS} characters`);
  }
  if (messages.length > MAX_MESSAGES) {
    return fault("limit", `a version has at most ${MAX_MESSAGES} messages`);
  }
  const tags = messages.reduce((sum, { text }) => sum + occurrences(text, "{{") + occurrences(text, "{%"), 0);
  return tags > MAX_TAGS ? fault("limit", `a version has at most ${MAX_TAGS} tags and outputs`) : null;
}

function charsOf(messages: readonly TemplateMessage[]): number {
  return messages.reduce((sum, { text }) => sum + text.length, 0);
}

function occurrences(text: string, mark: string): number {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) count++;
  return count;
}

function sameTexts(a: readonly TemplateMessage[], b: readonly TemplateMessage[]): boolean {
  return a === b || (a.length === b.length && a.every(({ text }, index) => text === b[index]!.text));
}
