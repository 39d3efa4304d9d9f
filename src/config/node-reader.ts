import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type Scalar } from "yaml";
import { type Environment, type InterpolationFault, interpolate } from "./interpolate.ts";
import type { Mark, Marks } from "./marks.ts";
import type { ValuePath } from "./paths.ts";
import type { ProblemDetails } from "./problems.ts";
import type { Report } from "./report.ts";

/** Far deeper than any setting lies. */
const MAX_DEPTH = 50;
/** A list of headers shared by a thousand endpoints stays below; aliases of aliases of aliases do not. */
const MAX_ALIASED_VALUES = 100_000;

/**
 * Turns the nodes of a YAML document into plain data, in document order: fills in the environment, follows aliases and
 * merges, and marks where each value stands.
 */
export class NodeReader {
  readonly #marks: Marks;
  readonly #report: Report;
  readonly #env: Environment;
  readonly #anchors = new Map<string, Node>();
  /** Collections being read, to notice one that contains itself. */
  readonly #open = new Set<Node>();
  #aliasDepth = 0;
  #aliasedValues = 0;

  constructor(marks: Marks, report: Report, env: Environment) {
    this.#marks = marks;
    this.#report = report;
    this.#env = env;
  }

  read(root: Node | null): unknown {
    return this.#value(root, [], null);
  }

  /** `key` is the offset of the key whose value this is, if any. */
  #value(node: unknown, path: ValuePath, key: number | null): unknown {
    if (isAlias(node)) return this.#alias(node.source, node.range?.[0] ?? 0, path, key);
    if (!isScalar(node) && !isMap(node) && !isSeq(node))
      return this.#keep(path, { value: key ?? 0, key, content: null });
    const [start = 0, end = 0] = node.range ?? [];
    const at = start === end && key !== null ? key : start;
    if (this.#aliasDepth > 0) this.#aliasedValues++;
    if (node.anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node.value, path, { value: at, key, content: node.value });
    if (path.length > MAX_DEPTH) {
      this.#report.atOffset(at, path.slice(0, 3), {
        message: "the lists and mappings are nested too deeply",
      });
      return null;
    }
    this.#keep(path, { value: at, key, content: isSeq(node) ? node.items : {} });
    this.#open.add(node);
    const value = isSeq(node)
      ? node.items.map((item, index) => this.#value(item, [...path, index], null))
      : this.#mapping(node.items, path);
    this.#open.delete(node);
    return value;
  }

  #keep(path: ValuePath, mark: Mark): unknown {
    this.#marks.set(path, mark);
    return mark.content;
  }

  #scalar(content: unknown, path: ValuePath, mark: Mark): unknown {
    if (typeof content !== "string" || !content.includes("${")) return this.#keep(path, mark);
    const { text, substituted, whole, faults } = interpolate(content, this.#env);
    for (const fault of faults) this.#report.atOffset(mark.value, path, interpolationProblem(fault));
    return this.#keep(path, { ...mark, content: text, ...(substituted ? { template: content, whole } : {}) });
  }

  /** Read again at each use, so that every use has values of its own and problems name the path they are used at. */
  #alias(name: string, at: number, path: ValuePath, key: number | null): unknown {
    const target = this.#anchors.get(name);
    const fault = this.#aliasFault(target);
    if (fault !== undefined || target === undefined) {
      this.#report.atOffset(at, path, fault ?? {});
      return this.#keep(path, { value: at, key, content: null });
    }
    this.#aliasDepth++;
    const value = this.#value(target, path, key);
    this.#aliasDepth--;
    return value;
  }

  #aliasFault(target: Node | undefined): ProblemDetails | undefined {
    if (target === undefined)
      return { found: "an alias (*name)", expected: "one whose anchor (&name) stands before it" };
    if (this.#open.has(target))
      return { found: "an alias inside its own anchor", expected: "a value that ends" };
    if (this.#aliasedValues <= MAX_ALIASED_VALUES) return undefined;
    return { found: "aliases of aliases", expected: `at most ${MAX_ALIASED_VALUES} values made by them` };
  }

  #mapping(pairs: readonly Pair[], path: ValuePath): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    this.#collect(result, pairs, path);
    return result;
  }

  /** Adds to `result` what it does not have yet, merges last: what a mapping itself says wins over what it merges. */
  #collect(result: Record<string, unknown>, pairs: readonly Pair[], path: ValuePath): void {
    const offsets = new Map<string, number>();
    for (const pair of pairs) {
      const name = this.#key(pair.key, path);
      if (name === undefined) continue;
      const at = (pair.key as Scalar).range?.[0] ?? 0;
      const earlier = offsets.get(name);
      if (earlier !== undefined) this.#reportDuplicate(at, earlier, [...path, name]);
      if (earlier !== undefined || isMergeKey(pair.key) || Object.hasOwn(result, name)) continue;
      offsets.set(name, at);
      this.#entry(result, name, this.#value(pair.value, [...path, name], at), path);
    }
    for (const pair of pairs) if (isMergeKey(pair.key)) this.#merge(result, pair.value, path);
  }

  #reportDuplicate(at: number, earlier: number, path: ValuePath): void {
    const line = this.#report.lineAt(earlier);
    this.#report.atOffset(at, path, {
      found: "the key a second time",
      expected: `it once; the first is on line ${line}`,
    });
  }

  #key(node: unknown, path: ValuePath): string | undefined {
    if (!isScalar(node) || node.value === null || typeof node.value === "object") {
      const at = (node as Node | null)?.range?.[0];
      const details = { found: "a key that is not a name", expected: "a name" };
      if (at === undefined) this.#report.atValue(path, details);
      else this.#report.atOffset(at, path, details);
      return undefined;
    }
    const name = String(node.value);
    if (name !== "__proto__") return name;
    this.#report.atOffset(node.range?.[0] ?? 0, path, {
      found: "the key __proto__",
      expected: "another name",
    });
    return undefined;
  }

  /**
   * A setting without a value (`retry:` and nothing) is as good as absent, so that all lines below a heading can be
   * commented out. A provider or a route is named by its key, so its empty value is an empty mapping; a header needs one.
   */
  #entry(result: Record<string, unknown>, name: string, value: unknown, path: ValuePath): void {
    const parent = path.at(-1);
    if (value !== null || parent === "custom_headers") result[name] = value;
    else if (path.length === 1 && (parent === "providers" || parent === "routes")) result[name] = {};
  }

  /** YAML's `<<`: one mapping or a list of them, of which the earlier ones win. */
  #merge(result: Record<string, unknown>, value: unknown, path: ValuePath): void {
    for (const source of isSeq(value) ? value.items : [value]) {
      const at = (source as Node | null)?.range?.[0] ?? 0;
      const target = isAlias(source) ? this.#anchors.get(source.source) : source;
      const fault = isAlias(source) ? this.#aliasFault(target as Node | undefined) : undefined;
      if (fault !== undefined || !isMap(target)) {
        this.#report.atOffset(
          at,
          [...path, "<<"],
          fault ?? { found: "something else", expected: "a mapping to merge" },
        );
        continue;
      }
      this.#aliasDepth++;
      this.#aliasedValues++;
      this.#open.add(target);
      this.#collect(result, target.items, path);
      this.#open.delete(target);
      this.#aliasDepth--;
    }
  }
}

function interpolationProblem({ kind, name }: InterpolationFault): ProblemDetails {
  if (kind === "malformed") {
    return {
      found: `a \${ that begins no reference`,
      expected: `\${NAME}, or $\${ for the characters themselves`,
    };
  }
  const message = `the environment variable ${name} is not set (\${${name}:-text} would give it a default)`;
  return { found: `\${${name}}`, expected: `a value for ${name} in the environment`, message };
}

function isMergeKey(node: unknown): boolean {
  return isScalar(node) && node.value === "<<" && node.type === "PLAIN";
}
