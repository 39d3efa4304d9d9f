import { readListCursor, writeListCursor } from "../list-cursor.ts";
import type { Gathered, GatheredBy, GatheredPage, RecordFilter } from "../record-store.ts";
import type { Condition } from "./condition.ts";
import { ask, type Question } from "./conditions.ts";
import { type IdRange, type RecordDatabase, type Source, within } from "./database.ts";
import { nextId } from "./ids.ts";
import { floorsOf } from "./search.ts";
import { idsWithin, pause, slices } from "./slices.ts";

/** All requests of a run or thread. */
function membersOf(database: RecordDatabase, by: GatheredBy, key: string): Source {
  return database.source(by === "run" ? { runId: key } : { threadId: key });
}

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
  database: RecordDatabase,
  by: GatheredBy,
  filter: Omit<RecordFilter, "text">,
  { limit, cursor }: { readonly limit: number; readonly cursor?: string },
): Promise<GatheredPage> {
  const after = cursor === undefined ? null : readListCursor(by, cursor)[1];
  const question = await ask(database, filter);
  const range = idsWithin(filter);
  const rest = after === null || after > range.high ? range : { low: range.low, high: after };
  const isNew = (place: Place) => isNewest(database, by, question, range, place);
  const places: Place[] = [];
  const seen = new Set<string>();
  const floors = floorsOf(filter);
  for await (const slice of slices(
    database,
    question,
    rest,
    "newest",
    floors.length === 0 ? null : () => floors,
  )) {
    for (const place of await placesIn(database, by, question, slice)) {
      if (places.length > limit || seen.has(place.key)) continue;
      seen.add(place.key);
      if (after === null || (await isNew(place))) places.push(place);
    }
    if (places.length > limit) break;
  }
  const shown = places.slice(0, limit);
  const found: Gathered[] = [];
  for (const { key } of shown) {
    found.push(await sumsOf(database, by, key));
    await pause();
  }
  const last = places.length > limit ? shown.at(-1) : undefined;
  return { found, cursor: last === undefined ? null : writeListCursor(by, [0, last.id]) };
}

const COLUMN: Record<GatheredBy, string> = { run: "r.run_id", thread: "r.thread_id" };

function placesIn(
  database: RecordDatabase,
  by: GatheredBy,
  question: Question,
  slice: IdRange,
): Promise<Place[]> {
  const { from, where, values } = within(question.source, slice, [question.records]);
  const sql = `SELECT ${COLUMN[by]} AS key, max(r.id) AS id FROM ${from}
    WHERE ${where} AND ${COLUMN[by]} IS NOT NULL GROUP BY ${COLUMN[by]} ORDER BY max(r.id) DESC`;
  return database.rows<Place>(sql, values);
}

/** Whether no request behind it, of those that are meant, belongs to the same run or thread. */
async function isNewest(
  database: RecordDatabase,
  by: GatheredBy,
  { records }: Question,
  range: IdRange,
  { key, id }: Place,
): Promise<boolean> {
  const members = membersOf(database, by, key);
  for (const part of await database.ranges(members, { low: nextId(id), high: range.high }, "newest")) {
    const { from, where, values } = within(members, part, [records]);
    const newer = await database.rows(`SELECT 1 AS newer FROM ${from} WHERE ${where} LIMIT 1`, values);
    if (newer.length > 0) return false;
  }
  return true;
}

const SUMS = `
  CAST(count(*) AS double precision) AS requests,
  CAST(count(k.category) AS double precision) AS failures,
  coalesce(sum(r.input_tokens), 0) AS "inputTokens", coalesce(sum(r.output_tokens), 0) AS "outputTokens",
  coalesce(sum(r.cost_usd), 0) AS "costUsd",
  CAST(count(*) - count(r.cost_usd) AS double precision) AS unpriced,
  coalesce(sum(r.duration_ms), 0) AS "requestMs", min(r.started_at) AS "startedAt",
  max(r.started_at) AS "lastStartedAt", max(r.started_at + r.duration_ms) AS "endedAt"`;

type Sums = Omit<Gathered, "id">;

async function sumsOf(database: RecordDatabase, by: GatheredBy, key: string): Promise<Gathered> {
  const members = membersOf(database, by, key);
  let all: Sums | null = null;
  for (const part of await database.ranges(members, idsWithin({}), "oldest")) {
    const { from, where, values } = within(members, part, isMember(database, by, key));
    const sql = `SELECT ${SUMS} FROM ${from} ${database.joinKinds} WHERE ${where}`;
    const [sums] = await database.rows<Sums>(sql, values);
    if (sums !== undefined && sums.requests > 0) all = all === null ? sums : together(all, sums);
  }
  return { id: key, ...(all ?? NONE) };
}

function isMember({ named }: RecordDatabase, by: GatheredBy, key: string): readonly Condition[] {
  return [{ sql: by === "run" ? named.runId : named.threadId, values: [key] }];
}

const NONE: Sums = {
  requests: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  costUsd: 0,
  unpriced: 0,
  requestMs: 0,
  startedAt: 0,
  lastStartedAt: 0,
  endedAt: 0,
};

function together(one: Sums, other: Sums): Sums {
  return {
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: one.costUsd + other.costUsd,
    unpriced: one.unpriced + other.unpriced,
    requestMs: one.requestMs + other.requestMs,
    startedAt: Math.min(one.startedAt, other.startedAt),
    lastStartedAt: Math.max(one.lastStartedAt, other.lastStartedAt),
    endedAt: Math.max(one.endedAt, other.endedAt),
  };
}
