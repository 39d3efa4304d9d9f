import { type Document, type LineCounter, parseDocument } from "yaml";
import type { Environment } from "./interpolate.ts";
import { Marks } from "./marks.ts";
import { NodeReader } from "./node-reader.ts";
import { Report } from "./report.ts";

export interface ReadDocument {
  /** Plain data with the environment filled in; an empty mapping for an empty file. */
  readonly value: Record<string, unknown>;
  readonly marks: Marks;
  readonly report: Report;
}

/**
 * Reads YAML 1.2 text (with `<<` merges) into plain data, keeping each value's place. The environment is filled into
 * string values after parsing, so no variable can change the structure. Syntax errors end the reading; whatever else
 * is wrong is reported and read past, so that later checks find their problems too.
 */
export function readDocument(
  text: string,
  lines: LineCounter,
  file: string | null,
  env: Environment,
): ReadDocument {
  const marks = new Marks();
  const report = new Report(file, lines, marks);
  // Keys are compared in `NodeReader`: the parser's own comparison takes quadratic time.
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  reportSyntax(document, report, text);
  if (report.problems.length > 0) return { value: {}, marks, report };
  const value = new NodeReader(marks, report, env).read(document.contents);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return { value: value as Record<string, unknown>, marks, report };
  }
  if (value !== null) report.atValue([], { expected: "a mapping of settings (`name: value` lines)" });
  return { value: {}, marks, report };
}

/** The parser's messages may quote the file, and with it a secret; those that do are said in other words. */
function reportSyntax(document: Document, report: Report, text: string): void {
  for (const fault of [...document.errors, ...document.warnings].slice(0, 10)) {
    const offset = fault.pos[0];
    const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
    const line = text.slice(lineStart, lineStart + 500).split("\n", 1)[0] ?? "";
    const quoting = /[[{,].*[^\s[{,]\{/.test(line)
      ? "; inside [ ] and { }, a value that holds { needs quotes"
      : "";
    report.atOffset(offset, [], { message: `${syntaxMessage(fault.code, fault.message)}${quoting}` });
    if (fault.code === "RESOURCE_EXHAUSTION") return;
  }
}

function syntaxMessage(code: string, message: string): string {
  switch (code) {
    case "TAB_AS_INDENT":
      return "found a tab, expected spaces as indentation";
    case "BLOCK_AS_IMPLICIT_KEY":
      return 'found a ":" inside a value, expected one key and one value (check the indentation; ": " in a value needs quotes)';
    case "MULTIPLE_DOCS":
      return "found a second document (---), expected one";
    case "RESOURCE_EXHAUSTION":
      return "the lists and mappings are nested too deeply";
    case "UNEXPECTED_TOKEN":
      return `YAML syntax: ${message.replace(/:.*$/s, "")}`;
    default:
      return `YAML syntax: ${message}`;
  }
}
