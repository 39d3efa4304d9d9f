import type { Gathered, GatheredBy, GatheredPage, RecordFilter } from "../interface.ts";
import { readListCursor, writeListCursor } from "../list-cursor.ts";
import type { Value } from "./condition.ts";
import type { SqliteConnection } from "./connection.ts";
import { ask, type Question } from "./record-conditions.ts";
import { floorsOf, within } from "./record-search.ts";
import { type IdRange, idsWithin, pause, slices } from "./record-slices.ts";

/** All requests of a run or thread. */
const MEMBERS: Record<GatheredBy, string> = {
  run: `(
    SELECT id FROM records INDEXED BY records_by_run WHERE run_id = ?1 AND run_id <> request_id
    UNION ALL
    SELECT id FROM records INDEXED BY records_by_request WHERE request_id = ?1 AND run_id = request_id) AS m
    CROSS JOIN records AS r ON r.id = m.id`,
  thread: "records AS r INDEXED BY records_by_thread",
};

const IS_MEMBER: Record<GatheredBy, string> = { run: "true", thread: "r.thread_id = ?1" };

interface Place {
  readonly key: string;
  /** Of the newest request that is meant. */
  readonly id: string;
}

/**
 * Goes through the requests that are meant, the newest first: where a run is met first is its place. On a page that goes
 * on from another one, a run was there already if it has a newer such request.
 */
export async function gathered(
  connection: SqliteConnection,
  by: GatheredBy,
  filter: Omit<RecordFilter, "text">,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<GatheredPage> {
  const after = cursor === undefined ? null : readListCursor(by, cursor)[1];
  const question = await connection.read((db) => ask(db, filter));
  const range = idsWithin(filter);
  const rest = after === null || after > range.high ? range : { low: range.low, high: after };
  const isNew = (place: Place) => isNewest(connection, by, question, range, place);
  const places: Place[] = [];
  const seen = new Set<string>();
  const floors = floorsOf(filter);
  for await (const slice of slices(
    connection,
    question,
    rest,
    "newest",
    floors.length === 0 ? null : () => floors,
  )) {
    for (const place of await placesIn(connection, by, question, slice)) {
      if (places.length > limit || seen.has(place.key)) continue;
      seen.add(place.key);
      if (after === null || (await isNew(place))) places.push(place);
    }
    if (places.length > limit) break;
  }
  const shown = places.slice(0, limit);
  const found: Gathered[] = [];
  for (const { key } of shown) {
    found.push(await sumsOf(connection, by, key));
    await pause();
  }
  const last = places.length > limit ? shown.at(-1) : undefined;
  return { found, cursor: last === undefined ? null : writeListCursor(by, [0, last.id]) };
}

const COLUMN: Record<GatheredBy, string> = { run: "r.run_id", thread: "r.thread_id" };

function placesIn(
  connection: SqliteConnection,
  by: GatheredBy,
  question: Question,
  slice: IdRange,
): Promise<Place[]> {
  const { from, where, values } = within(question, slice, []);
  const sql = `SELECT ${COLUMN[by]} AS key, max(r.id) AS id FROM ${from}
    WHERE ${where} AND ${COLUMN[by]} IS NOT NULL GROUP BY ${COLUMN[by]} ORDER BY max(r.id) DESC`;
  return connection.read((db) => db.query<Place, Value[]>(sql).all(...values));
}

/** Whether no request behind it, of those that are meant, belongs to the same run or thread. */
async function isNewest(
  connection: SqliteConnection,
  by: GatheredBy,
  { records }: Question,
  range: IdRange,
  { key, id }: Place,
): Promise<boolean> {
  const from = MEMBERS[by].replaceAll("?1", "?");
  const sql = `SELECT 1 FROM ${from}
    WHERE ${IS_MEMBER[by].replace("?1", "?")} AND r.id > ? AND r.id < ? AND ${records.sql} LIMIT 1`;
  const keys = by === "run" ? [key, key] : [key];
  return connection.read(
    (db) => db.query<object, Value[]>(sql).get(...keys, id, range.high, ...records.values) === null,
  );
}

function sumsOf(connection: SqliteConnection, by: GatheredBy, key: string): Promise<Gathered> {
  const sql = `SELECT ?1 AS id, count(*) AS requests, coalesce(sum(k.category IS NOT NULL), 0) AS failures,
      total(r.input_tokens) AS inputTokens, total(r.output_tokens) AS outputTokens,
      total(r.cost_usd) AS costUsd, coalesce(sum(r.cost_usd IS NULL), 0) AS unpriced,
      total(r.duration_ms) AS requestMs, coalesce(min(r.started_at), 0) AS startedAt,
      coalesce(max(r.started_at), 0) AS lastStartedAt, coalesce(max(r.started_at + r.duration_ms), 0) AS endedAt
    FROM ${MEMBERS[by]} CROSS JOIN record_kinds AS k ON k.id = r.kind WHERE ${IS_MEMBER[by]}`;
  return connection.read((db) => db.query<Gathered, [string]>(sql).get(key)!);
}
