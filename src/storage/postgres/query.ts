import type { SQL } from "bun";
import { fromDatabaseText, toDatabaseText } from "./text.ts";

export type Value =
  | string
  | number
  | boolean
  | null
  | readonly (string | null)[]
  | readonly (number | null)[]
  | readonly (boolean | null)[]
  | readonly Uint8Array[];

/** Runs one statement. `count` is the number of rows that it gave or changed. */
export type Query = <Row = unknown>(
  text: string,
  values?: readonly Value[],
) => Promise<{ rows: Row[]; count: number }>;

/** The driver as the stores see it: rows and a count, with texts that may hold any character. */
export function queryOn(sql: Pick<SQL, "unsafe">): Query {
  return async <Row>(text: string, values: readonly Value[] = []) => {
    const result = await sql.unsafe<Row[] & { count: number }>(text, values.map(toDatabase));
    for (const row of result) decodeTexts(row as Record<string, unknown>);
    return { rows: result, count: result.count };
  };
}

function toDatabase(value: Value): unknown {
  if (typeof value === "string") return toDatabaseText(value);
  if (!Array.isArray(value)) return value;
  return value.map((item) => (typeof item === "string" ? toDatabaseText(item) : item));
}

function decodeTexts(row: Record<string, unknown>): void {
  for (const [column, value] of Object.entries(row)) {
    if (typeof value === "string") row[column] = fromDatabaseText(value);
    else if (Array.isArray(value)) row[column] = value.map(fromDatabaseText);
  }
}
