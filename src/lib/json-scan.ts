import type { Edit } from "./edited-bytes.ts";

/**
 * Finds values in JSON text without parsing it, so that a body can be passed on byte for byte but for what is replaced.
 * Strings are skipped by native search; nesting costs no stack. Only what is walked over is checked.
 */

/** The text cannot be walked as JSON. */
export class JsonSyntaxError extends Error {
  override readonly name = "JsonSyntaxError";
  /** Byte offset at which it went wrong. */
  readonly offset: number;
  constructor(offset: number) {
    super(`malformed JSON at byte ${offset}`);
    this.offset = offset;
  }
}

/** A member of an object, as byte offsets: the key with its quotes begins at `keyStart`, the value is [start, end). */
export interface Member {
  readonly key: string;
  readonly keyStart: number;
  readonly start: number;
  readonly end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Offset of the first byte that is not white space, from `at`. */
export function skipSpace(json: Buffer, at: number): number {
  let i = at;
  while (i < json.length) {
    const byte = json[i]!;
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    i++;
  }
  return i;
}

export function isObject(json: Buffer, at: number): boolean {
  return json[at] === OPEN_BRACE;
}

export function isArray(json: Buffer, at: number): boolean {
  return json[at] === OPEN_BRACKET;
}

/** No request has as many members in one object; millions of them would fill the memory. */
const MAX_MEMBERS = 10_000;

/** Members of the object that begins at `at`, in order. Throws JsonSyntaxError. */
export function readMembers(json: Buffer, at: number): Member[] {
  const members: Member[] = [];
  let i = skipSpace(json, at + 1);
  if (json[i] === CLOSE_BRACE) return members;
  for (;;) {
    if (json[i] !== QUOTE) throw new JsonSyntaxError(i);
    const keyStart = i;
    i = skipString(json, i);
    const key = readKey(json, keyStart, i);
    i = skipSpace(json, i);
    if (json[i] !== COLON) throw new JsonSyntaxError(i);
    const start = skipSpace(json, i + 1);
    const end = skipValue(json, start);
    members.push({ key, keyStart, start, end });
    if (members.length > MAX_MEMBERS)
      throw new SyntaxError(`an object with more than ${MAX_MEMBERS} members`);
    i = skipSpace(json, end);
    if (json[i] === CLOSE_BRACE) return members;
    if (json[i] !== COMMA) throw new JsonSyntaxError(i);
    i = skipSpace(json, i + 1);
  }
}

/** The key between the quotes of [start, end). Only ASCII names are ever looked for, so UTF-8 is left as Latin-1. */
function readKey(json: Buffer, start: number, end: number): string {
  const key = json.toString("latin1", start + 1, end - 1);
  // An upstream resolves escapes, so a name must not hide behind them here.
  if (!key.includes("\\")) return key;
  try {
    return JSON.parse(json.toString("utf8", start, end)) as string;
  } catch {
    throw new JsonSyntaxError(start);
  }
}

/** Offsets at which the elements of the array that begins at `at` begin. */
export function readElements(json: Buffer, at: number): number[] {
  const starts: number[] = [];
  let i = skipSpace(json, at + 1);
  if (json[i] === CLOSE_BRACKET) return starts;
  for (;;) {
    starts.push(i);
    i = skipSpace(json, skipValue(json, i));
    if (json[i] === CLOSE_BRACKET) return starts;
    if (json[i] !== COMMA) throw new JsonSyntaxError(i);
    i = skipSpace(json, i + 1);
  }
}

/** Offset after the value that begins at `at`. */
export function skipValue(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return skipString(json, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(json, at);
  let i = at;
  while (i < json.length && isScalarByte(json[i]!)) i++;
  if (i === at) throw new JsonSyntaxError(at);
  return i;
}

function isScalarByte(byte: number): boolean {
  // Digits, letters, sign and point: numbers, true, false, null.
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}

function skipNested(json: Buffer, at: number): number {
  let depth = 0;
  let i = at;
  while (i < json.length) {
    const byte = json[i]!;
    if (byte === QUOTE) {
      i = skipString(json, i);
      continue;
    }
    i++;
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
    else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return i;
  }
  throw new JsonSyntaxError(json.length);
}

/** `at` is the opening quote; returns the offset after the closing one. */
function skipString(json: Buffer, at: number): number {
  let i = at;
  for (;;) {
    i = json.indexOf(QUOTE, i + 1);
    if (i < 0) throw new JsonSyntaxError(json.length);
    let backslashes = 0;
    while (json[i - 1 - backslashes] === BACKSLASH) backslashes++;
    if (backslashes % 2 === 0) return i + 1;
  }
}

/**
 * The value of [start, end). A string without escapes is taken as what stands between its quotes. Throws SyntaxError.
 */
export function readValue(json: Buffer, { start, end }: { start: number; end: number }): unknown {
  const text = json.toString("utf8", start, end);
  return text[0] === '"' && !text.includes("\\") ? text.slice(1, -1) : JSON.parse(text);
}

/** Edits that take the members, or elements, for which `unwanted` is true out, each with one comma beside it. */
export function removeMembers<T extends Pick<Member, "keyStart" | "end">>(
  members: readonly T[],
  unwanted: (member: T) => boolean,
): Edit[] {
  const edits: Edit[] = [];
  let keptBefore = false;
  for (let i = 0; i < members.length; i++) {
    const member = members[i]!;
    if (!unwanted(member)) {
      keptBefore = true;
    } else if (keptBefore) {
      edits.push({ start: members[i - 1]!.end, end: member.end, bytes: null });
    } else {
      edits.push({ start: member.keyStart, end: members[i + 1]?.keyStart ?? member.end, bytes: null });
    }
  }
  return edits;
}
