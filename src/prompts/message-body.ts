import type { TemplateMessage, TemplateRole } from "./template.ts";

/** A line that begins a message, and its escaped form: each backslash before it stands for one less in the text. */
const SEPARATOR = /^(\\*)=== (system|user|assistant|text) ===$/;
const MARK = "=== ";

/** A message of a body, and the line, from 1, on which its text begins. */
export interface PlacedMessage extends TemplateMessage {
  readonly line: number;
}

/**
 * Writes messages as the body of a text file. A single message without role is its text alone; others begin with a line
 * such as `=== user ===`, `=== text ===` where they have no role. Each text is followed by a line end that is not its
 * own, as editors put one at the end of a file. Lines of a text that look like such a mark get a backslash before them.
 */
export function writeBody(messages: readonly TemplateMessage[]): string {
  const [only] = messages;
  if (messages.length === 1 && only?.role === null) return `${escapeMarks(only.text)}\n`;
  return messages.map(({ role, text }) => `${MARK}${role ?? "text"} ===\n${escapeMarks(text)}\n`).join("");
}

/** Reads what `writeBody` writes, back to the same messages. `firstLine` is the body's first line in its file. */
export function readBody(body: string, firstLine: number): readonly PlacedMessage[] {
  const lines = withoutLastEnd(body).split("\n");
  if (separatorRole(lines[0]!) === undefined) {
    return [{ role: null, text: unescapeMarks(lines), line: firstLine }];
  }
  const starts = lines.flatMap((line, index) => (separatorRole(line) === undefined ? [] : [index]));
  return starts.map((start, index) => ({
    role: separatorRole(lines[start]!)!,
    text: unescapeMarks(lines.slice(start + 1, starts[index + 1])),
    line: firstLine + start + 1,
  }));
}

function withoutLastEnd(body: string): string {
  return body.endsWith("\n") ? body.slice(0, -1) : body;
}

/** Null for a message without role, undefined where the line begins none. */
function separatorRole(line: string): TemplateRole | null | undefined {
  if (!line.startsWith(MARK)) return undefined;
  const name = SEPARATOR.exec(line)?.[2];
  return name === "text" ? null : (name as TemplateRole | undefined);
}

function escapeMarks(text: string): string {
  if (!text.includes(MARK)) return text;
  const lines = text.split("\n");
  return lines.map((line) => (SEPARATOR.test(line) ? `\\${line}` : line)).join("\n");
}

function unescapeMarks(lines: readonly string[]): string {
  return lines.map((line) => (SEPARATOR.exec(line)?.[1] ? line.slice(1) : line)).join("\n");
}
