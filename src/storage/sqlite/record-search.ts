import type { RecordFilter, RecordOrder } from "../interface.ts";
import type { Position } from "../record-cursor.ts";
import { all, type Condition, type Value } from "./condition.ts";
import type { SqliteConnection } from "./connection.ts";
import { ask, type Question } from "./record-conditions.ts";
import { type Direction, type Floor, type IdRange, idsWithin, slices } from "./record-slices.ts";

export interface Found extends Position {
  readonly bodyBlock: number | null;
  readonly bodyOffset: number | null;
  readonly bodyRequest: number | null;
  readonly bodyResponse: number | null;
}

export const FOUND = `r.id, r.body_block AS bodyBlock, r.body_offset AS bodyOffset, r.body_request AS bodyRequest,
  r.body_response AS bodyResponse`;

interface Ranking {
  readonly sql: string;
  /** Where sums tell the highest that an hour has. */
  readonly column: Floor["column"];
}

/** An unknown cost is below any other. */
const RANKINGS = {
  dearest: { sql: "coalesce(r.cost_usd, -1)", column: "highest_cost_usd" },
  slowest: { sql: "r.duration_ms", column: "longest_ms" },
} as const satisfies Record<string, Ranking>;

/** The next `limit` records behind a position, bodies unread. Fewer say that there are no more. */
export async function search(
  connection: SqliteConnection,
  filter: RecordFilter,
  { order, after, limit }: { order: RecordOrder; after: Position | null; limit: number },
): Promise<Found[]> {
  const question = await connection.read((db) => ask(db, filter));
  const range = idsWithin(filter);
  if (order === "newest" || order === "oldest")
    return byTime(connection, question, { filter, range, order, after, limit });
  return ranked(connection, question, RANKINGS[order], { filter, range, after, limit });
}

interface Wanted {
  readonly filter: RecordFilter;
  readonly range: IdRange;
  readonly after: Position | null;
  readonly limit: number;
}

async function byTime(
  connection: SqliteConnection,
  question: Question,
  { filter, range, order, after, limit }: Wanted & { readonly order: Direction },
): Promise<Found[]> {
  const found: Found[] = [];
  const floors = floorsOf(filter);
  const rest = after === null ? range : behind(range, after.id, order);
  const passOver = floors.length === 0 ? null : () => floors;
  for await (const slice of slices(connection, question, rest, order, passOver)) {
    if (found.length >= limit) break;
    const { from, where, values } = within(question, slice, []);
    const sql = `SELECT NULL AS value, ${FOUND} FROM ${from} WHERE ${where}
      ORDER BY ${question.source.id} ${order === "newest" ? "DESC" : "ASC"} LIMIT ?`;
    const more = await connection.read((db) =>
      db.query<Found, Value[]>(sql).all(...values, limit - found.length),
    );
    found.push(...more);
    if (found.length >= limit) break;
  }
  return found;
}

async function ranked(
  connection: SqliteConnection,
  question: Question,
  { sql: value, column }: Ranking,
  { filter, range, after, limit }: Wanted,
): Promise<Found[]> {
  let best: Found[] = [];
  /** The value that the last one has, once there are enough. */
  const least = () => (best.length < limit ? null : (best.at(-1)?.value ?? null));
  const floors = () => {
    const floor = least();
    return [...floorsOf(filter), ...(floor === null ? [] : [{ column, value: floor }])];
  };
  for await (const slice of slices(connection, question, range, "newest", floors)) {
    const conditions: Condition[] = [];
    if (after !== null)
      conditions.push({ sql: `(${value}, r.id) < (?, ?)`, values: [after.value, after.id] });
    const floor = least();
    if (floor !== null) conditions.push({ sql: `${value} >= ?`, values: [floor] });
    const { from, where, values } = within(question, slice, conditions);
    const sql = `SELECT ${value} AS value, ${FOUND} FROM ${from} WHERE ${where}
      ORDER BY value DESC, r.id DESC LIMIT ?`;
    const more = await connection.read((db) => db.query<Found, Value[]>(sql).all(...values, limit));
    if (more.length > 0) best = [...best, ...more].sort(byRank).slice(0, limit);
  }
  return best;
}

function byRank(one: Found, other: Found): number {
  return (other.value ?? -1) - (one.value ?? -1) || (one.id < other.id ? 1 : -1);
}

/** What a query for the records of a slice says behind FROM and WHERE. */
export function within(
  { source, records }: Question,
  { low, high }: IdRange,
  conditions: readonly Condition[],
): { from: string; where: string; values: readonly Value[] } {
  const { sql, values } = all([
    { sql: source.where, values: source.values },
    { sql: `${source.id} >= ? AND ${source.id} < ?`, values: [low, high] },
    records,
    ...conditions,
  ]);
  return { from: source.from, where: sql, values };
}

function behind({ low, high }: IdRange, id: string, order: Direction): IdRange {
  if (order === "newest") return { low, high: id < high ? id : high };
  // The first text that sorts behind the id.
  const next = `${id}\u0001`;
  return { low: next > low ? next : low, high };
}

export function floorsOf({ minCost, minDurationMs }: RecordFilter): Floor[] {
  const floors: Floor[] = [];
  if (minCost !== undefined) floors.push({ column: "highest_cost_usd", value: minCost });
  if (minDurationMs !== undefined) floors.push({ column: "longest_ms", value: minDurationMs });
  return floors;
}
