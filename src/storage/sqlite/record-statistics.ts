import type { RecordFilter, StatisticsGroup, StatisticsQuery, StatisticsRow } from "../interface.ts";
import type { RecordSums } from "../record-totals.ts";
import { type GroupValues, StatisticsGroups } from "../statistics-groups.ts";
import { intervalOf, type Span, spansOf } from "../statistics-spans.ts";
import type { SqliteConnection } from "./connection.ts";
import { ask, type Question, type Value } from "./record-conditions.ts";
import { addRecords } from "./record-counting.ts";
import { idsWithin, pause } from "./record-slices.ts";

const HOUR = 3_600_000;
/** Hours whose sums are added up in one go. */
const WINDOW = 24 * HOUR;

/** The groups that sums are kept by, as their kinds' columns. */
const KIND_COLUMNS: Partial<Record<StatisticsGroup, string>> = {
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
};

/** Filters that sums can answer. */
const KIND_FILTERS: ReadonlySet<string> = new Set<keyof RecordFilter>([
  "since",
  "until",
  "keyId",
  "door",
  "provider",
  "model",
  "route",
  "operation",
  "status",
  "category",
  "error",
  "agentId",
]);

export async function recordStatistics(
  connection: SqliteConnection,
  query: StatisticsQuery,
): Promise<StatisticsRow[]> {
  const { filter, groups, interval, limit } = query;
  const question = await connection.read((db) => ask(db, filter));
  const { since, until } = await clipped(connection, filter);
  const found = new StatisticsGroups();
  const fromSums = groups.every((group) => group in KIND_COLUMNS) && isOfKinds(filter);
  const intervals = { since: filter.since, length: interval };
  const spans = fromSums ? spansOf(since, until, intervals) : [{ from: since, to: until, whole: false }];
  const rest = spans
    .filter(({ whole }) => !whole)
    .map(({ from, to }) => idsWithin({ since: from, until: to }));
  const intervalAt = (time: number) => intervalOf(time, intervals);
  for (const span of spans.filter(({ whole }) => whole))
    await addHours(connection, question, groups, span, intervalAt, found);
  await addRecords(connection, question, query, { ranges: rest, intervalAt }, found);
  const startOf = (at: number) => (interval === undefined ? null : filter.since + at * interval);
  return found.rows(groups, limit, startOf);
}

function isOfKinds(filter: RecordFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || KIND_FILTERS.has(name));
}

/** The part of a time in which there can be anything, on whole hours where it was cut. */
async function clipped(
  connection: SqliteConnection,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<{ since: number; until: number }> {
  const hours = await connection.read((db) =>
    db
      .query<{ first: number | null; last: number | null }, []>(
        "SELECT (SELECT min(hour) FROM record_hours) AS first, (SELECT max(hour) FROM record_hours) AS last",
      )
      .get(),
  );
  if (hours === null || hours.first === null || hours.last === null) return { since, until: since };
  return { since: Math.max(since, hours.first * HOUR), until: Math.min(until, (hours.last + 1) * HOUR) };
}

type HourRow = Omit<RecordSums, "failures"> & { failures: number; at: number } & Record<
    `group${number}`,
    string
  >;

async function addHours(
  connection: SqliteConnection,
  { kinds }: Question,
  groups: readonly StatisticsGroup[],
  { from, to }: Span,
  intervalAt: (time: number) => number,
  found: StatisticsGroups,
): Promise<void> {
  const columns = groups.map((group) => KIND_COLUMNS[group]!);
  const sql = sumsOf(columns, kinds?.sql ?? "true");
  for (let low = from; low < to; ) {
    const high = endOfWindow(low, to, intervalAt);
    const rows = await connection.read((db) =>
      db.query<HourRow, Value[]>(sql).all(low / HOUR, high / HOUR, ...(kinds?.values ?? [])),
    );
    for (const row of rows) {
      const values: GroupValues = columns.map((_, index) => row[`group${index}`] ?? null);
      found.totals(values, intervalAt(low), row.requests).merge(row);
    }
    low = high;
    await pause();
  }
}

/** Where the hours end that are added up together: at most a day, within one interval. */
function endOfWindow(low: number, end: number, intervalAt: (time: number) => number): number {
  let high = low + HOUR;
  while (high < end && high - low < WINDOW && intervalAt(high) === intervalAt(low)) high += HOUR;
  return high;
}

function sumsOf(columns: readonly string[], where: string): string {
  const names = columns.map((column, index) => `${column} AS group${index}, `).join("");
  const groupBy =
    columns.length === 0 ? "HAVING count(*) > 0" : `GROUP BY ${columns.map((_, at) => at + 1).join(", ")}`;
  return `
    SELECT ${names} sum(h.requests) AS requests,
      sum(CASE WHEN k.category IS NULL THEN 0 ELSE h.requests END) AS failures,
      sum(h.input_tokens) AS inputTokens, sum(h.cached_input_tokens) AS cachedInputTokens,
      sum(h.cache_write_input_tokens) AS cacheWriteInputTokens, sum(h.output_tokens) AS outputTokens,
      sum(h.reasoning_tokens) AS reasoningTokens, sum(h.cost_usd) AS costUsd, sum(h.unpriced) AS unpriced,
      group_concat(h.histograms, '') AS histograms
    FROM record_hours AS h CROSS JOIN record_kinds AS k ON k.id = h.kind
    WHERE h.hour >= ? AND h.hour < ? AND ${where}
    ${groupBy}`;
}
