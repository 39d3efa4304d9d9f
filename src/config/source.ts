import { readFileSync, statSync } from "node:fs";
import { LineCounter } from "yaml";
import type { ProblemDetails } from "./problems.ts";

/** Far above any real configuration (some thousand endpoints), far below what would hold the process up. */
const MAX_BYTES = 1024 * 1024;

export type Source =
  | { readonly text: string }
  | { readonly fault: ProblemDetails & { readonly line?: number; readonly column?: number } };

/** Reads a file as UTF-8 text, with or without a byte order mark. Whatever stands in the way is said, not thrown. */
export function readSource(path: string): Source {
  let bytes: Uint8Array;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) return { fault: { found: "a folder", expected: "a file" } };
    // A pipe or a device may never end, or never begin.
    if (!stat.isFile()) return { fault: { found: "a pipe or device", expected: "a file" } };
    if (stat.size > MAX_BYTES) return tooLarge(stat.size);
    bytes = readFileSync(path);
  } catch (error) {
    return { fault: { message: readFailure(error) } };
  }
  return bytes.length > MAX_BYTES ? tooLarge(bytes.length) : decode(bytes);
}

function tooLarge(size: number): Source {
  const megabytes = (size / MAX_BYTES).toFixed(1);
  return { fault: { found: `a file of ${megabytes} MiB`, expected: "a configuration of at most 1 MiB" } };
}

function readFailure(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return "the file may not be read by this user";
  return `the file cannot be read (${error instanceof Error ? error.message : String(error)})`;
}

function decode(bytes: Uint8Array): Source {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { fault: { found: "a file in UTF-16", expected: "a file saved as UTF-8", line: 1, column: 1 } };
  }
  // The mark U+FFFD that lenient decoding leaves tells where strict decoding fails.
  const text = new TextDecoder("utf-8").decode(bytes);
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return faultAt(text, text.indexOf("\ufffd"), "a byte that is not UTF-8", "a file saved as UTF-8");
  }
  const control = text.search(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/);
  if (control !== -1) {
    const code = text.charCodeAt(control).toString(16).padStart(2, "0");
    return faultAt(text, control, `the control character 0x${code}`, "text");
  }
  return { text };
}

function faultAt(text: string, offset: number, found: string, expected: string): Source {
  const { line, col } = positionAt(countLines(text), offset);
  return { fault: { found, expected, line, column: col } };
}

/** Line starts of a text, for `positionAt`. */
export function countLines(text: string): LineCounter {
  const counter = new LineCounter();
  counter.addNewLine(0);
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) counter.addNewLine(at + 1);
  return counter;
}

/** Line and column, both from 1, of an offset. */
export function positionAt(lines: LineCounter, offset: number): { line: number; col: number } {
  return lines.linePos(Math.max(0, offset));
}
