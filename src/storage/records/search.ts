import type { Position } from "../record-cursor.ts";
import type { RecordFilter, RecordOrder } from "../record-store.ts";
import type { Condition } from "./condition.ts";
import { ask, type Question } from "./conditions.ts";
import { type Direction, type IdRange, type RecordDatabase, within } from "./database.ts";
import { nextId } from "./ids.ts";
import { type Floor, idsWithin, slices } from "./slices.ts";

export interface Found extends Position {
  readonly bodyBlock: string | number | null;
  readonly bodyOffset: number | null;
  readonly bodyRequest: number | null;
  readonly bodyResponse: number | null;
}

export const FOUND = `r.id, r.body_block AS "bodyBlock", r.body_offset AS "bodyOffset",
  r.body_request AS "bodyRequest", r.body_response AS "bodyResponse"`;

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
  database: RecordDatabase,
  filter: RecordFilter,
  { order, after, limit }: { order: RecordOrder; after: Position | null; limit: number },
): Promise<Found[]> {
  const question = await ask(database, filter);
  const range = idsWithin(filter);
  if (order === "newest" || order === "oldest")
    return byTime(database, question, { filter, range, order, after, limit });
  return ranked(database, question, RANKINGS[order], { filter, range, after, limit });
}

interface Wanted {
  readonly filter: RecordFilter;
  readonly range: IdRange;
  readonly after: Position | null;
  readonly limit: number;
}

async function byTime(
  database: RecordDatabase,
  question: Question,
  { filter, range, order, after, limit }: Wanted & { readonly order: Direction },
): Promise<Found[]> {
  const found: Found[] = [];
  const floors = floorsOf(filter);
  const rest = after === null ? range : behind(range, after.id, order);
  const passOver = floors.length === 0 ? null : () => floors;
  for await (const slice of slices(database, question, rest, order, passOver)) {
    if (found.length >= limit) break;
    const { from, where, values } = within(question.source, slice, [question.records]);
    const sql = `SELECT NULL AS value, ${FOUND} FROM ${from} WHERE ${where}
      ORDER BY ${question.source.id} ${order === "newest" ? "DESC" : "ASC"} LIMIT ?`;
    found.push(...(await database.rows<Found>(sql, [...values, limit - found.length])));
    if (found.length >= limit) break;
  }
  return found;
}

async function ranked(
  database: RecordDatabase,
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
  for await (const slice of slices(database, question, range, "newest", floors)) {
    const conditions: Condition[] = [question.records];
    if (after !== null)
      conditions.push({ sql: `(${value}, r.id) < (?, ?)`, values: [after.value, after.id] });
    const floor = least();
    if (floor !== null) conditions.push({ sql: `${value} >= ?`, values: [floor] });
    const { from, where, values } = within(question.source, slice, conditions);
    const sql = `SELECT ${value} AS value, ${FOUND} FROM ${from} WHERE ${where}
      ORDER BY value DESC, r.id DESC LIMIT ?`;
    const more = await database.rows<Found>(sql, [...values, limit]);
    if (more.length > 0) best = [...best, ...more].sort(byRank).slice(0, limit);
  }
  return best;
}

function byRank(one: Found, other: Found): number {
  return (other.value ?? -1) - (one.value ?? -1) || (one.id < other.id ? 1 : -1);
}

function behind({ low, high }: IdRange, id: string, order: Direction): IdRange {
  if (order === "newest") return { low, high: id < high ? id : high };
  const next = nextId(id);
  return { low: next > low ? next : low, high };
}

export function floorsOf({ minCost, minDurationMs }: RecordFilter): Floor[] {
  const floors: Floor[] = [];
  if (minCost !== undefined) floors.push({ column: "highest_cost_usd", value: minCost });
  if (minDurationMs !== undefined) floors.push({ column: "longest_ms", value: minDurationMs });
  return floors;
}
