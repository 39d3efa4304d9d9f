import type { HeaderFields } from "../../lib/header-fields.ts";

/** Verdicts remembered for one filter: header names are few, but clients may make them up. */
const MAX_REMEMBERED = 500;

/** Which header fields may pass: by exact name and by beginning, but for the excluded ones. Names are in lower case. */
export class HeaderFilter {
  readonly #names: ReadonlySet<string>;
  readonly #prefixes: readonly string[];
  readonly #excluded: ReadonlySet<string>;
  readonly #remembered = new Map<string, boolean>();

  constructor(names: Iterable<string>, prefixes: readonly string[], excluded: Iterable<string>) {
    this.#names = new Set([...names].map((name) => name.toLowerCase()));
    this.#prefixes = prefixes;
    this.#excluded = new Set(excluded);
  }

  allows(name: string): boolean {
    const known = this.#remembered.get(name);
    if (known !== undefined) return known;
    const verdict = this.#judge(name);
    if (this.#remembered.size < MAX_REMEMBERED) this.#remembered.set(name, verdict);
    return verdict;
  }

  #judge(name: string): boolean {
    if (this.#excluded.has(name)) return false;
    return this.#names.has(name) || this.#prefixes.some((prefix) => name.startsWith(prefix));
  }
}

/**
 * The client's header fields that the filter allows, as lines for a request to an upstream, but for those in `withheld`.
 * Values are Latin-1, as they were received.
 */
export function clientHeaderLines(
  client: HeaderFields,
  filter: HeaderFilter,
  withheld: ReadonlySet<string> | null,
): string {
  let lines = "";
  for (const name in client) {
    if (filter.allows(name) && withheld?.has(name) !== true) lines += `${name}: ${client[name]}\r\n`;
  }
  return lines;
}

/** Header lines of fixed fields. */
export function headerLines(fields: Readonly<Record<string, string>>): string {
  let lines = "";
  for (const name in fields) lines += `${name.toLowerCase()}: ${fields[name]}\r\n`;
  return lines;
}
