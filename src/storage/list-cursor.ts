import { CursorError } from "./interface.ts";

/** Where a list goes on that is ordered by a number and then by a text. */
export type ListPosition = readonly [number, string];

/** A cursor of one kind of list, which others do not take. */
export function writeListCursor(list: string, [value, id]: ListPosition): string {
  return Buffer.from(JSON.stringify([list, value, id])).toString("base64url");
}

/** Throws a CursorError where the text is no cursor of this kind of list. */
export function readListCursor(list: string, cursor: string): ListPosition {
  const parts = parse(Buffer.from(cursor, "base64url").toString("utf8"));
  if (Array.isArray(parts)) {
    const [madeFor, value, id] = parts;
    if (madeFor === list && Number.isFinite(value) && typeof id === "string") return [value, id];
  }
  throw new CursorError("The cursor is none that a page of this list has given.");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
