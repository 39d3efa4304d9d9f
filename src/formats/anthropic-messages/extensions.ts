import type { Extensions } from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import { FORMAT } from "./wire.ts";

/**
 * Marks of the shape that something came in, kept among its members in `extensions`; no wire member begins so.
 * BLOCKS: content that was one text in an array, not a string. SEPARATE: a message of the same role as the one before.
 */
export const BLOCKS = "#blocks";
export const SEPARATE = "#separate";

/** `{extensions}` with members of this format; nothing where there are none. */
export function extended(members: JsonObject | undefined, ...marks: string[]): { extensions?: Extensions } {
  if (members === undefined && marks.length === 0) return {};
  const marked = Object.fromEntries(marks.map((mark) => [mark, true]));
  return { extensions: { [FORMAT]: { ...members, ...marked } } };
}

/** The members of this format that belong on the wire. */
export function ownMembers(extensions: Extensions | undefined): JsonObject {
  const members = extensions?.[FORMAT];
  if (members === undefined) return {};
  return Object.fromEntries(Object.entries(members).filter(([key]) => !key.startsWith("#")));
}

export function isMarked(extensions: Extensions | undefined, mark: string): boolean {
  return extensions?.[FORMAT]?.[mark] === true;
}

/** A record's member that is a record with nothing in it but `known`. */
export function isExactly(value: unknown, ...known: string[]): value is JsonObject {
  return isRecord(value) && Object.keys(value).every((key) => known.includes(key));
}
