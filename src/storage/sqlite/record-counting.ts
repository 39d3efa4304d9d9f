import type { StatisticsGroup, StatisticsQuery } from "../interface.ts";
import type { RecordFigures } from "../record-totals.ts";
import { GroupCounts, type GroupValues, groupKey, type StatisticsGroups } from "../statistics-groups.ts";
import type { SqliteConnection } from "./connection.ts";
import type { Question, Value } from "./record-conditions.ts";
import { type Found, floorsOf, within } from "./record-search.ts";
import { type IdRange, slices } from "./record-slices.ts";
import { type TextTest, textTest } from "./record-text.ts";

/** Groups as a record's columns; of tags and templates the whole list. */
const COLUMNS: Record<StatisticsGroup, string> = {
  model: "k.model",
  provider: "k.provider",
  key: "k.key_id",
  door: "k.door",
  route: "k.route",
  agent: "k.agent_id",
  operation: "k.operation",
  status: "CAST(k.status AS TEXT)",
  category: "k.category",
  finish: "k.finish",
  run: "r.run_id",
  thread: "r.thread_id",
  template: "r.templates",
  tag: "r.tags",
};

/** Of these there may be as many as there are requests. */
const MANY: ReadonlySet<StatisticsGroup> = new Set(["run", "thread", "template", "tag"]);

const FIGURES = `
  k.category IS NOT NULL AS failed, r.started_at AS startedAt, r.duration_ms AS durationMs, r.cost_usd AS costUsd,
  r.first_token_ms AS firstTokenMs, r.input_tokens AS inputTokens, r.cached_input_tokens AS cachedInputTokens,
  r.cache_write_input_tokens AS cacheWriteInputTokens, r.output_tokens AS outputTokens,
  r.reasoning_tokens AS reasoningTokens`;

const BODY = `r.id, r.body_block AS bodyBlock, r.body_offset AS bodyOffset, r.body_request AS bodyRequest,
  r.body_response AS bodyResponse`;

type Row = RecordFigures & { startedAt: number } & Found & Record<`group${number}`, string | null>;

interface Part {
  readonly ranges: readonly IdRange[];
  readonly intervalAt: (time: number) => number;
}

/** Counts records one by one. Groups that may be many are counted first, so that only the largest take memory. */
export async function addRecords(
  connection: SqliteConnection,
  question: Question,
  { filter, groups, limit }: StatisticsQuery,
  { ranges, intervalAt }: Part,
  found: StatisticsGroups,
): Promise<void> {
  const rows = (columns: string) => rowsOf(connection, question, { filter, groups, columns, ranges });
  const largest = groups.some((group) => MANY.has(group)) ? await largestOf(rows(""), groups, limit) : null;
  for await (const slice of rows(`${FIGURES},`)) {
    for (const row of slice)
      for (const values of groupsOf(row, groups))
        if (largest === null || largest.has(groupKey(values)))
          found.totals(values, intervalAt(row.startedAt)).count(row);
  }
}

async function largestOf(
  slices: AsyncIterable<readonly Row[]>,
  groups: readonly StatisticsGroup[],
  limit: number,
): Promise<ReadonlySet<string>> {
  const counts = new GroupCounts();
  for await (const rows of slices)
    for (const row of rows) for (const values of groupsOf(row, groups)) counts.add(values);
  return counts.largest(limit);
}

async function* rowsOf(
  connection: SqliteConnection,
  question: Question,
  {
    filter,
    groups,
    columns,
    ranges,
  }: Pick<StatisticsQuery, "filter" | "groups"> & { columns: string; ranges: readonly IdRange[] },
): AsyncGenerator<readonly Row[]> {
  const has = filter.text === undefined ? null : textTest(connection, filter.text);
  const floors = floorsOf(filter);
  const names = groups.map((group, index) => `${COLUMNS[group]} AS group${index},`).join(" ");
  for (const range of ranges) {
    for await (const slice of slices(
      connection,
      question,
      range,
      "oldest",
      floors.length === 0 ? null : () => floors,
    )) {
      const { from, where, values } = within(question, slice, []);
      const sql = `SELECT ${names} ${columns} ${has === null ? "NULL AS id" : BODY}
        FROM ${from} CROSS JOIN record_kinds AS k ON k.id = r.kind WHERE ${where}`;
      const rows = await connection.read((db) => db.query<Row, Value[]>(sql).all(...values));
      yield has === null ? rows : await those(rows, has);
    }
  }
}

async function those(rows: readonly Row[], has: TextTest): Promise<readonly Row[]> {
  const found: Row[] = [];
  for (const row of rows) if (await has.test(row)) found.push(row);
  return found;
}

/** The groups that a record counts for: one for each of its tags and templates, or one for having none. */
function groupsOf(row: Row, groups: readonly StatisticsGroup[]): GroupValues[] {
  let found: (string | null)[][] = [[]];
  groups.forEach((group, index) => {
    const values = valuesOf(group, row[`group${index}`] ?? null);
    found =
      values.length === 1
        ? found.map((one) => [...one, values[0]!])
        : found.flatMap((one) => values.map((value) => [...one, value]));
  });
  return found;
}

function valuesOf(group: StatisticsGroup, value: string | null): (string | null)[] {
  if (value === null || (group !== "tag" && group !== "template")) return [value];
  const list: (string | { templateId: string | null })[] = JSON.parse(value);
  return [...new Set(list.map((item) => (typeof item === "string" ? item : item.templateId)))];
}
