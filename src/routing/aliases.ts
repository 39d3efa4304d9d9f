import { fits } from "../lib/name-pattern.ts";

/** Names that were looked up: clients choose them, so that there may be any number. */
const MAX_REMEMBERED = 1000;
const MAX_REMEMBERED_LENGTH = 200;

/** What models' names stand for by the configuration's aliases. */
export class Aliases {
  readonly #exact: ReadonlyMap<string, string>;
  /** The longest first: it says most. */
  readonly #patterns: readonly (readonly [pattern: string, model: string])[];
  readonly #found = new Map<string, string | null>();

  constructor(aliases: Readonly<Record<string, string>>) {
    const entries = Object.entries(aliases);
    this.#exact = new Map(entries.filter(([name]) => !name.includes("*")));
    this.#patterns = entries
      .filter(([name]) => name.includes("*"))
      .toSorted(([a], [b]) => b.length - a.length);
  }

  /** The model or route that a name stands for; null where it stands for itself. What it stands for is not looked up again. */
  of(name: string): string | null {
    const exact = this.#exact.get(name);
    if (exact !== undefined || this.#patterns.length === 0) return exact ?? null;
    const known = this.#found.get(name);
    if (known !== undefined) return known;
    const found = this.#patterns.find(([pattern]) => fits(pattern, name))?.[1] ?? null;
    if (name.length > MAX_REMEMBERED_LENGTH) return found;
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear();
    this.#found.set(name, found);
    return found;
  }
}
