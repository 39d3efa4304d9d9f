import type { Value } from "./records/condition.ts";

/**
 * A database as questions that are the same for all see it. Statements have a question mark for each of their values, and
 * what they name is in quotes where it has capitals. Truth values may come as 0 and 1.
 */
export interface ReadableDatabase {
  /** Stands before the name of each table. */
  readonly schema: "" | "amsterdam.";
  /** Joins tables in the order in which they are named where the database cannot know a better one. */
  readonly join: "CROSS JOIN" | "JOIN";
  /** Runs a query that changes nothing. */
  rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]>;
}
