import { CursorError } from "./interface.ts";
import type { RecordOrder } from "./record-store.ts";

/** Where a record stands in an order: what it is ordered by (null where that is its id), then its id. */
export interface Position {
  readonly value: number | null;
  readonly id: string;
}

const WRONG = "The cursor is none that a page of this order has given.";

export function writeCursor(order: RecordOrder, { value, id }: Position): string {
  return Buffer.from(JSON.stringify([order, value, id])).toString("base64url");
}

/** Throws a CursorError where the text is no cursor of this order. */
export function readCursor(order: RecordOrder, cursor: string): Position {
  const parts = parse(Buffer.from(cursor, "base64url").toString("utf8"));
  if (!Array.isArray(parts)) throw new CursorError(WRONG);
  const [madeFor, value, id] = parts;
  const ranked = order === "dearest" || order === "slowest";
  if (madeFor !== order || typeof id !== "string" || typeof value !== (ranked ? "number" : "object"))
    throw new CursorError(WRONG);
  return { value: ranked ? value : null, id };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
