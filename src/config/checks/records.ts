import { compileSafePattern } from "../../lib/safe-pattern.ts";
import type { Report } from "../report.ts";
import { listOf, mappingOf } from "./loose.ts";

/** Patterns that are no regular expressions, or that some body could hold the gateway up with. */
export function checkRecords(value: unknown, report: Report): void {
  for (const [index, pattern] of listOf(mappingOf(value).redact).entries()) {
    if (typeof pattern !== "string" || pattern === "") continue;
    const compiled = compileSafePattern(pattern);
    if (compiled instanceof RegExp) continue;
    report.atValue(["records", "redact", index], {
      expected: `a regular expression that is quick on every text: ${compiled.reason}`,
    });
  }
}
