import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { type OutcomeRow, readOutcomes } from "../quality/outcomes.ts";

/** Largest data that is read, once unzipped, in bytes. */
const LARGEST_DATA = 1 << 28;

export interface OutcomeFile {
  readonly rows: readonly OutcomeRow[];
  /** SHA-256 of the text, unzipped, in hexadecimal. */
  readonly checksum: string;
}

/**
 * Outcomes of a file of JSON lines, gzipped or not.
 *
 * @throws Error where it cannot be read or unzipped, SyntaxError that names the line.
 */
export function readOutcomeFile(path: string): OutcomeFile {
  const bytes = readFileSync(path);
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const text = (zipped ? gunzipSync(bytes, { maxOutputLength: LARGEST_DATA }) : bytes).toString("utf8");
  return { rows: readOutcomes(text), checksum: createHash("sha256").update(text).digest("hex") };
}
