import { type PathPattern, parsePathPattern, type Segment } from "../config/path-pattern.ts";
import type { EndpointConfig } from "../config/schema.ts";
import { parseTarget, type TargetTemplate } from "../config/target-template.ts";

/** An endpoint of the configuration, ready to be matched and filled. */
export interface Endpoint {
  readonly config: EndpointConfig;
  readonly pattern: PathPattern;
  /** target_url first, then fallback_urls. */
  readonly targets: readonly TargetTemplate[];
  readonly rank: readonly number[];
}

export interface EndpointMatch {
  readonly endpoint: Endpoint;
  /** What the path's wildcards stand for, percent-encoding kept. */
  readonly values: Readonly<Record<string, string>>;
}

export type EndpointLookup =
  | { readonly kind: "match"; readonly match: EndpointMatch }
  /** The path is known, the method is not. */
  | { readonly kind: "other-methods"; readonly allow: string }
  | { readonly kind: "none" };

/** The endpoints of a checked configuration. Exact paths are found at once, wildcards in the order of their rank. */
export class EndpointTable {
  readonly #exact = new Map<string, Endpoint[]>();
  readonly #patterns: Endpoint[] = [];

  constructor(configs: readonly EndpointConfig[]) {
    for (const config of configs) {
      const endpoint = compile(config);
      if (endpoint.pattern.segments.some((segment) => segment.kind !== "literal")) {
        this.#patterns.push(endpoint);
        continue;
      }
      const same = this.#exact.get(config.path);
      if (same === undefined) this.#exact.set(config.path, [endpoint]);
      else same.push(endpoint);
    }
    // An endpoint that is switched off yields to one of the same rank that is on.
    this.#patterns.sort(
      (a, b) => compareRank(b.rank, a.rank) || Number(b.config.enabled) - Number(a.config.enabled),
    );
    for (const endpoints of this.#exact.values()) {
      endpoints.sort((a, b) => Number(b.config.enabled) - Number(a.config.enabled));
    }
  }

  get isEmpty(): boolean {
    return this.#exact.size === 0 && this.#patterns.length === 0;
  }

  /** The most specific endpoint for the path that has the method. `path` is as it came, percent-encoding kept. */
  find(method: string, path: string): EndpointLookup {
    if (this.isEmpty) return { kind: "none" };
    const allow: string[] = [];
    for (const endpoint of this.#exact.get(path) ?? []) {
      if (endpoint.config.method === method) return { kind: "match", match: { endpoint, values: {} } };
      if (endpoint.config.enabled) allow.push(endpoint.config.method);
    }
    if (this.#patterns.length > 0) {
      const parts = path.slice(1).split("/");
      for (const endpoint of this.#patterns) {
        const values = matchParts(endpoint.pattern.segments, parts);
        if (values === null) continue;
        if (endpoint.config.method === method) return { kind: "match", match: { endpoint, values } };
        if (endpoint.config.enabled) allow.push(endpoint.config.method);
      }
    }
    return allow.length === 0
      ? { kind: "none" }
      : { kind: "other-methods", allow: [...new Set(allow)].join(", ") };
  }
}

function compile(config: EndpointConfig): Endpoint {
  const pattern = parsePathPattern(config.path);
  if ("error" in pattern) throw new Error(`endpoint ${config.path}: expected ${pattern.error}`);
  const targets = [config.target_url, ...config.fallback_urls].map((url) => {
    const target = parseTarget(url, pattern);
    if ("error" in target) throw new Error(`endpoint ${config.path}: expected ${target.error}`);
    return target;
  });
  return { config, pattern, targets, rank: pattern.segments.map(segmentRank) };
}

/** Literal before `{name}:suffix`, the longer suffix first, before `{name}`, before the rest. */
function segmentRank(segment: Segment): number {
  if (segment.kind === "literal") return 1_000_000;
  if (segment.kind === "param") return 1 + segment.suffix.length;
  return 0;
}

function compareRank(a: readonly number[], b: readonly number[]): number {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? -1) - (b[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What the segments stand for in a path's parts, or null where they do not match. */
export function matchParts(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | null {
  const values: Record<string, string> = {};
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    const part = parts[i];
    if (part === undefined) return null;
    if (segment.kind === "rest") {
      const rest = parts.slice(i).join("/");
      if (rest === "") return null;
      values[segment.name] = rest;
      return values;
    }
    if (segment.kind === "literal") {
      if (part !== segment.text) return null;
    } else {
      if (part.length <= segment.suffix.length || !part.endsWith(segment.suffix)) return null;
      values[segment.name] = part.slice(0, part.length - segment.suffix.length);
    }
  }
  return parts.length === segments.length ? values : null;
}
