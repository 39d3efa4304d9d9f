import type { ReadableDatabase } from "../readable.ts";
import type { Value } from "../records/condition.ts";
import type { SqliteConnection } from "./connection.ts";

/** The database of a connection, for questions that are the same for all. */
export function readable(connection: SqliteConnection): ReadableDatabase {
  return {
    schema: "",
    // SQLite would choose by statistics that it lacks.
    join: "CROSS JOIN",
    rows: <Row>(sql: string, values: readonly Value[]) =>
      connection.read((db) => db.query<Row, Value[]>(sql).all(...values)),
  };
}
