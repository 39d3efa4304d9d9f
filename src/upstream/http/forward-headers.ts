import type { HeaderList } from "./headers.ts";

/** Which header fields may pass: by exact name and by beginning, all in lower case. */
export class HeaderFilter {
  readonly #names: ReadonlySet<string>;
  readonly #prefixes: readonly string[];

  constructor(names: Iterable<string>, prefixes: readonly string[] = []) {
    this.#names = new Set([...names].map((name) => name.toLowerCase()));
    this.#prefixes = prefixes;
  }

  allows(name: string): boolean {
    if (this.#names.has(name)) return true;
    for (const prefix of this.#prefixes) if (name.startsWith(prefix)) return true;
    return false;
  }
}

/**
 * Header lines for a request to an upstream: the client's that the filter allows, but for those in `withheld`, then
 * `fixed` in place of the client's of the same name. Values are Latin-1, as they were received.
 */
export function requestHeaderLines(
  client: Headers,
  filter: HeaderFilter,
  fixed: Readonly<Record<string, string>>,
  withheld: ReadonlySet<string>,
): string {
  let lines = "";
  client.forEach((value, name) => {
    if (filter.allows(name) && !withheld.has(name) && !(name in fixed)) lines += `${name}: ${value}\r\n`;
  });
  for (const name in fixed) lines += `${name}: ${fixed[name]}\r\n`;
  return lines;
}

/** Adds an upstream's header fields that the filter allows to `out`. */
export function copyResponseHeaders(from: HeaderList, filter: HeaderFilter, out: Headers): void {
  const { names, values } = from;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    if (filter.allows(name)) out.append(name, values[i]!);
  }
}
