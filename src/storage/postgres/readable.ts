import type { ReadableDatabase } from "../readable.ts";
import type { Value } from "../records/condition.ts";
import type { PostgresConnection } from "./connection.ts";

/** The database of a connection, for questions that are the same for all. */
export function readable(connection: PostgresConnection): ReadableDatabase {
  return {
    schema: "amsterdam.",
    join: "JOIN",
    async rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
      let place = 0;
      const numbered = sql.replaceAll("?", () => `$${++place}`);
      return (await connection.query<Row>(numbered, values)).rows;
    },
  };
}
