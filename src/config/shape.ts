import type { z } from "zod";
import { schemaAt } from "./json-schema.ts";
import type { Marks } from "./marks.ts";
import type { Report } from "./report.ts";
import { type Config, configSchema } from "./schema.ts";
import { nearest } from "./suggest.ts";

const PARSE_OPTIONS = { error: expectedBy, reportInput: true };

/**
 * Checks plain data against the schema: types, ranges, unknown keys. Reports every problem and returns the
 * configuration with its defaults filled in, or undefined when there was any.
 */
export function checkShape(value: Record<string, unknown>, marks: Marks, report: Report): Config | undefined {
  let result = configSchema.safeParse(value, PARSE_OPTIONS);
  if (!result.success && convertFromEnvironment(value, result.error.issues, marks)) {
    result = configSchema.safeParse(value, PARSE_OPTIONS);
  }
  if (result.success) return result.data;
  for (const issue of result.error.issues) reportIssue(issue, report);
  return undefined;
}

/**
 * What the environment gives is text; where the schema wants a number or a boolean and nothing but the reference
 * stands there, the text is read as one. Returns whether any was.
 */
function convertFromEnvironment(value: unknown, issues: readonly z.core.$ZodIssue[], marks: Marks): boolean {
  let converted = false;
  for (const issue of issues) {
    const mark = marks.get(issue.path);
    if (issue.code !== "invalid_type" || mark?.whole !== true || typeof mark.content !== "string") continue;
    const parsed = issue.expected === "boolean" ? toBoolean(mark.content) : toNumber(mark.content);
    if (parsed === undefined) continue;
    let parent = value as Record<PropertyKey, unknown>;
    for (const step of issue.path.slice(0, -1)) parent = parent[step] as Record<PropertyKey, unknown>;
    parent[issue.path.at(-1) ?? ""] = parsed;
    converted = true;
  }
  return converted;
}

function toBoolean(text: string): boolean | undefined {
  const lower = text.trim().toLowerCase();
  return lower === "true" ? true : lower === "false" ? false : undefined;
}

function toNumber(text: string): number | undefined {
  return /^\s*[+-]?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : undefined;
}

function reportIssue(issue: z.core.$ZodIssue, report: Report): void {
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = Object.keys(schemaAt(issue.path)?.properties ?? {});
      for (const key of issue.keys) {
        const expected = `one of ${known.join(", ")}`;
        const found = `the unknown key ${JSON.stringify(key.slice(0, 60))}`;
        report.atKey([...issue.path, key], { found, expected, suggestion: nearest(key, known) });
      }
      return;
    }
    case "invalid_key": {
      const name = JSON.stringify(String(issue.path.at(-1)).slice(0, 60));
      report.atKey(issue.path, {
        found: `the name ${name}`,
        expected: issue.issues[0]?.message ?? "another name",
      });
      return;
    }
    case "invalid_value": {
      const given = typeof issue.input === "string" ? issue.input : "";
      report.atValue(issue.path, {
        expected: issue.message,
        suggestion: nearest(given, issue.values.map(String)),
      });
      return;
    }
    default:
      report.atValue(issue.path, { expected: issue.message });
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text (numbers as text need quotes)",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping",
  record: "a mapping",
  array: "a list",
};

/** What a generic rule wanted, to stand after "expected"; rules with a message of their own do not come here. */
function expectedBy(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "a value; it is required"
        : (KINDS[issue.expected] ?? issue.expected);
    case "invalid_value":
      return `one of ${issue.values.join(", ")}`;
    case "too_small":
      return bound(issue.origin, issue.inclusive === false ? "more than" : "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, issue.inclusive === false ? "less than" : "at most", issue.maximum);
    default:
      return undefined;
  }
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === "string") return `${relation} ${limit} character${limit === 1 ? "" : "s"}`;
  return origin === "array" ? `${relation} ${limit} item${limit === 1 ? "" : "s"}` : `${relation} ${limit}`;
}
