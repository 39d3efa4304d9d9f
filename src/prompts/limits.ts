/** Characters of one version's texts together. */
export const MAX_SOURCE_CHARS = 262_144;
/** Tags and outputs in one version: reading them takes a time that grows faster than their number. */
export const MAX_TAGS = 5_000;
/** Tags within tags. */
export const MAX_NESTING = 100;
export const MAX_MESSAGES = 200;
/** Characters that one text may become. */
export const MAX_RENDERED_CHARS = 4_194_304;
/** Characters and list items that rendering one version may make or read, all steps together. */
export const MAX_WORK = 16_777_216;
/** Items of a list that a filter takes: sorting and searching grow faster than the list. */
export const MAX_FILTERED_ITEMS = 20_000;
/** For rendering one version. Generous, as a busy machine may suspend the process; `MAX_WORK` is the usual bound. */
export const MAX_RENDER_MS = 250;

/** Thrown inside the template engine where a bound of ours is met, and turned into a fault outside of it. */
export class LimitReached extends Error {
  override readonly name = "LimitReached";
  readonly kind: "limit" | "too-long";
  constructor(kind: "limit" | "too-long", detail: string) {
    super(detail);
    this.kind = kind;
  }
}
