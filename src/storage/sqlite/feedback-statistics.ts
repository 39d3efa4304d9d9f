import { FeedbackGroups, type FeedbackPiece } from "../feedback-groups.ts";
import type { FeedbackRow, FeedbackTarget, StatisticsQuery } from "../interface.ts";
import type { Condition, Value } from "./condition.ts";
import type { SqliteConnection } from "./connection.ts";
import { ask } from "./record-conditions.ts";
import { GROUP_COLUMNS, GroupNames, those } from "./record-counting.ts";
import { FOUND, type Found } from "./record-search.ts";
import { idsWithin, pause } from "./record-slices.ts";
import { textTest } from "./record-text.ts";

/** Pieces of feedback looked at in one go; a piece on a run leads to all of the run's requests. */
const SLICE = 100;

const BEGUN = "f.received_at >= r.started_at";

/** The requests that feedback `f` is about. */
const ABOUT: readonly (readonly [FeedbackTarget, string])[] = [
  ["request", "records_by_request ON r.request_id = f.target_id"],
  ["run", `records_by_run ON r.run_id = f.target_id AND r.run_id <> r.request_id AND ${BEGUN}`],
  ["run", `records_by_request ON r.request_id = f.target_id AND r.run_id = r.request_id AND ${BEGUN}`],
  ["thread", `records_by_thread ON r.thread_id = f.target_id AND ${BEGUN}`],
];

type Row = FeedbackPiece & { interval: number } & Found & Record<`group${number}`, string | null>;

/** Goes through all feedback and what it is about: there is far less of it than of requests. */
export async function feedbackStatistics(
  connection: SqliteConnection,
  query: StatisticsQuery,
): Promise<FeedbackRow[]> {
  const { filter, groups, interval } = query;
  const { records } = await connection.read((db) => ask(db, filter));
  const has = filter.text === undefined ? null : textTest(connection, filter.text);
  const names = new GroupNames(groups);
  const found = new FeedbackGroups();
  let after = 0;
  for (let last = await endOfSlice(connection, after); last !== null; ) {
    const { sql, values } = selectPieces(query, records, { after, last, perRecord: has !== null });
    const rows = await connection.read((db) => db.query<Row, Value[]>(sql).all(...values));
    for (const row of has === null ? rows : await those(rows, has))
      for (const group of names.row(row)) found.add(group, row.interval, row);
    await pause();
    after = last;
    last = await endOfSlice(connection, after);
  }
  return found.rows(query, (at) => (interval === undefined ? null : filter.since + at * interval));
}

/** The number of the last piece of a slice; null where there are no more. */
function endOfSlice(connection: SqliteConnection, after: number): Promise<number | null> {
  const sql = `SELECT max(sequence) AS last
    FROM (SELECT sequence FROM feedback WHERE sequence > ? ORDER BY sequence LIMIT ${SLICE})`;
  return connection.read((db) => db.query<{ last: number | null }, [number]>(sql).get(after)?.last ?? null);
}

/** Each piece once for every group and interval, or for every record where these are looked at one by one. */
function selectPieces(
  { filter, groups, interval }: StatisticsQuery,
  records: Condition,
  { after, last, perRecord }: { readonly after: number; readonly last: number; readonly perRecord: boolean },
): Condition {
  const { low, high } = idsWithin(filter);
  const at = interval === undefined ? "0" : "CAST((r.started_at - ?) / ? AS INTEGER)";
  const columns = groups.map((group, index) => `, ${GROUP_COLUMNS[group]} AS group${index}`).join("");
  const each = ABOUT.map(
    ([target, about]) => `
      SELECT f.sequence AS piece, f.name, f.value, ${at} AS interval ${columns}, ${perRecord ? FOUND : "NULL AS id"}
      FROM feedback AS f CROSS JOIN records AS r INDEXED BY ${about} CROSS JOIN record_kinds AS k ON k.id = r.kind
      WHERE f.sequence > ? AND f.sequence <= ? AND f.target = '${target}' AND r.id >= ? AND r.id < ?
        AND ${records.sql}`,
  );
  const times = interval === undefined ? [] : [filter.since, interval];
  return {
    sql: `${each.join(" UNION ")} ORDER BY piece`,
    values: ABOUT.flatMap(() => [...times, after, last, low, high, ...records.values]),
  };
}
