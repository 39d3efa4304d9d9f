import { type PathPattern, parsePathPattern, patternShape } from "../path-pattern.ts";
import type { ValuePath } from "../paths.ts";
import type { Report } from "../report.ts";
import { isReservedPath } from "../reserved.ts";
import { parseTarget, targetUrlFault } from "../target-template.ts";
import { checkHeaders } from "./headers.ts";
import { listOf, mappingOf, textOf } from "./loose.ts";

/** Paths, targets and headers of the endpoints, and endpoints that would take each other's requests. */
export function checkEndpoints(value: unknown, report: Report): void {
  const taken = new Map<string, ValuePath>();
  for (const [index, item] of listOf(value).entries()) {
    const endpoint = mappingOf(item);
    const at = ["endpoints", index];
    const pattern = checkPath(textOf(endpoint.path), [...at, "path"], report);
    if (pattern !== undefined && endpoint.enabled !== false) checkFree(endpoint, pattern, at, taken, report);
    checkTarget(endpoint.target_url, pattern, [...at, "target_url"], report);
    for (const [rank, url] of listOf(endpoint.fallback_urls).entries()) {
      checkTarget(url, pattern, [...at, "fallback_urls", rank], report);
    }
    checkHeaders(endpoint, at, report);
  }
}

function checkPath(path: string | undefined, at: ValuePath, report: Report): PathPattern | undefined {
  if (path === undefined) return undefined;
  const pattern = parsePathPattern(path);
  if ("error" in pattern) {
    report.atValue(at, { expected: pattern.error });
    return undefined;
  }
  if (isReservedPath(path))
    report.atValue(at, { expected: "a path that the gateway does not answer itself" });
  for (const segment of pattern.segments) {
    if (segment.kind !== "literal" || !/^:\w+$/.test(segment.text)) continue;
    const name = segment.text.slice(1);
    report.warn(at, { message: `${segment.text} is no wildcard and matches itself alone; {${name}} is one` });
  }
  return pattern;
}

/** Methods differ or shapes differ; otherwise the earlier of the two is named. */
function checkFree(
  endpoint: Readonly<Record<string, unknown>>,
  pattern: PathPattern,
  at: ValuePath,
  taken: Map<string, ValuePath>,
  report: Report,
): void {
  const method = (textOf(endpoint.method) ?? "POST").toUpperCase();
  const route = `${method} ${patternShape(pattern)}`;
  const earlier = taken.get(route);
  if (earlier === undefined) {
    taken.set(route, at);
    return;
  }
  report.atValue([...at, "path"], {
    found: `${method} ${report.describe([...at, "path"])}`,
    expected: `each method and path once; endpoints[${String(earlier[1])}] on line ${report.lineOf(earlier)} takes the same requests`,
  });
}

function checkTarget(value: unknown, pattern: PathPattern | undefined, at: ValuePath, report: Report): void {
  const url = textOf(value);
  if (url === undefined) return;
  const fault = targetUrlFault(url);
  if (fault !== undefined) {
    report.atValue(at, { expected: fault });
    return;
  }
  if (pattern === undefined) return;
  const target = parseTarget(url, pattern);
  if ("error" in target) report.atValue(at, { expected: target.error, suggestion: target.suggestion });
}
