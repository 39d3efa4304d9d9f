import { parsePathPattern } from "../path-pattern.ts";
import type { Report } from "../report.ts";
import { listOf, mappingOf, textOf } from "./loose.ts";

/** Doors and models of the conversion rules, and formats that the providers named in them do not speak. */
export function checkConversion(value: unknown, report: Report): void {
  for (const [index, item] of listOf(mappingOf(value).rules).entries()) {
    const rule = mappingOf(item);
    const at = ["conversion", "rules", index];
    const door = textOf(rule.door);
    const pattern = door?.startsWith("/") ? parsePathPattern(door) : undefined;
    if (pattern !== undefined && "error" in pattern)
      report.atValue([...at, "door"], { expected: pattern.error });
    for (const [rank, model] of listOf(rule.models).entries()) {
      if (typeof model !== "string" || !model.slice(1, -1).includes("*")) continue;
      report.atValue([...at, "models", rank], {
        expected: "a model name with `*` at its beginning or end only",
      });
    }
    if (rule.from !== undefined && rule.from === rule.to)
      report.warn([...at, "to"], {
        message: "the rule converts nothing: `to` is the format that the call is in",
      });
  }
}
