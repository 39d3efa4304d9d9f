import { FeedbackGroups, type FeedbackPiece } from "../feedback-groups.ts";
import type { FeedbackRow, StatisticsQuery } from "../record-store.ts";
import type { Condition } from "./condition.ts";
import { ask } from "./conditions.ts";
import { GROUP_COLUMNS, GroupNames, those } from "./counting.ts";
import type { IdRange, RecordDatabase } from "./database.ts";
import { FOUND, type Found } from "./search.ts";
import { idsWithin, pause } from "./slices.ts";
import { textTest } from "./text.ts";

type Row = FeedbackPiece & { interval: number } & Found & Record<`group${number}`, string | null>;

/** Goes through all feedback and what it is about: there is far less of it than of requests. */
export async function feedbackStatistics(
  database: RecordDatabase,
  query: StatisticsQuery,
): Promise<FeedbackRow[]> {
  const { filter, groups, interval } = query;
  const { records } = await ask(database, filter);
  const parts = await database.ranges(database.source({}), idsWithin(filter), "oldest");
  const has = filter.text === undefined ? null : textTest(database, filter.text);
  const names = new GroupNames(groups);
  const found = new FeedbackGroups();
  let after = 0;
  for (let last = await endOfSlice(database, after); last !== null; ) {
    const slice = { after, last, perRecord: has !== null };
    const rows: Row[] = [];
    for (const part of parts) {
      const { sql, values } = selectPieces(database, query, records, part, slice);
      const more = await database.rows<Row>(sql, values);
      rows.push(...(has === null ? more : await those(more, has)));
      await pause();
    }
    // A piece on a run may be in several parts of the time.
    for (const row of rows.sort((one, other) => one.piece - other.piece))
      for (const group of names.row(row)) found.add(group, row.interval, row);
    after = last;
    last = await endOfSlice(database, after);
  }
  return found.rows(query, (at) => (interval === undefined ? null : filter.since + at * interval));
}

/** The number of the last piece of a slice; null where there are no more. */
async function endOfSlice(database: RecordDatabase, after: number): Promise<number | null> {
  const sql = `SELECT CAST(max(sequence) AS double precision) AS last
    FROM (SELECT sequence FROM ${database.schema}feedback WHERE sequence > ? ORDER BY sequence 
      LIMIT ${database.sizes.feedback}) AS f`;
  const [end] = await database.rows<{ last: number | null }>(sql, [after]);
  return end?.last ?? null;
}

interface Slice {
  readonly after: number;
  readonly last: number;
  readonly perRecord: boolean;
}

/** Each piece once for every group and interval, or for every record where these are looked at one by one. */
function selectPieces(
  database: RecordDatabase,
  { filter, groups, interval }: StatisticsQuery,
  records: Condition,
  { low, high }: IdRange,
  { after, last, perRecord }: Slice,
): Condition {
  const at = interval === undefined ? "0" : "CAST(floor((r.started_at - ?) / ?) AS integer)";
  const columns = groups.map((group, index) => `, ${GROUP_COLUMNS[group]} AS group${index}`).join("");
  // By its target alone, an index would lead through all feedback again for every slice: the sequence is to narrow it.
  const each = database.about.map(
    ([target, about]) => `
      SELECT CAST(f.sequence AS double precision) AS piece, f.name, f.value, ${at} AS "interval" ${columns},
        ${perRecord ? FOUND : "NULL AS id"}
      FROM ${database.schema}feedback AS f ${about} ${database.joinKinds}
      WHERE f.sequence > ? AND f.sequence <= ? AND f.target || '' = '${target}' AND r.id >= ? AND r.id < ?
        AND ${records.sql}`,
  );
  const times = interval === undefined ? [] : [filter.since, interval];
  return {
    sql: each.join(" UNION "),
    values: database.about.flatMap(() => [...times, after, last, low, high, ...records.values]),
  };
}
