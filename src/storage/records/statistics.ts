import type { RecordFilter, StatisticsGroup, StatisticsQuery, StatisticsRow } from "../interface.ts";
import type { RecordSums, RecordTotals } from "../record-totals.ts";
import { type GroupValues, StatisticsGroups } from "../statistics-groups.ts";
import { intervalOf, type Span, spansOf } from "../statistics-spans.ts";
import type { Condition } from "./condition.ts";
import { ask, type Question } from "./conditions.ts";
import { addRecords } from "./counting.ts";
import type { RecordDatabase } from "./database.ts";
import { idsWithin, pause } from "./slices.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

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
  database: RecordDatabase,
  query: StatisticsQuery,
): Promise<StatisticsRow[]> {
  const { filter, groups, interval } = query;
  const question = await ask(database, filter);
  const { since, until } = await clipped(database, filter);
  const found = new StatisticsGroups();
  const fromSums = groups.every((group) => group in KIND_COLUMNS) && isOfKinds(filter);
  const intervals = { since: filter.since, length: interval };
  const spans = fromSums ? spansOf(since, until, intervals) : [{ from: since, to: until, whole: false }];
  const rest = spans
    .filter(({ whole }) => !whole)
    .map(({ from, to }) => idsWithin({ since: from, until: to }));
  const intervalAt = (time: number) => intervalOf(time, intervals);
  for (const span of spans.filter(({ whole }) => whole))
    await addSums(database, question, groups, span, intervalAt, found);
  await addRecords(database, question, query, { ranges: rest, intervalAt }, found);
  const startOf = (at: number) => (interval === undefined ? null : filter.since + at * interval);
  return found.rows(query, startOf);
}

function isOfKinds(filter: RecordFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || KIND_FILTERS.has(name));
}

/** The part of a time in which there can be anything, on whole hours where it was cut. */
async function clipped(
  database: RecordDatabase,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<{ since: number; until: number }> {
  const end = (which: string) => `(SELECT ${which}(hour) FROM ${database.schema}record_hours)`;
  const [hours] = await database.rows<{ first: number | null; last: number | null }>(
    `SELECT ${end("min")} AS first, ${end("max")} AS last`,
    [],
  );
  if (hours === undefined || hours.first === null || hours.last === null) return { since, until: since };
  return { since: Math.max(since, hours.first * HOUR), until: Math.min(until, (hours.last + 1) * HOUR) };
}

/** A kind of requests, and where the sums of its hours go. */
interface Kind {
  readonly values: GroupValues;
  readonly failed: boolean;
  /** The interval that was added to last. */
  interval: number | null;
  totals: RecordTotals | null;
}

type SumsRow = RecordSums & { time: number; kind: number };

/** Sums of hours or of days; times are in those since 1970. */
interface Table {
  readonly name: "record_hours" | "record_days";
  readonly column: "hour" | "day";
  readonly unit: number;
}

const HOURS: Table = { name: "record_hours", column: "hour", unit: HOUR };
const DAYS: Table = { name: "record_days", column: "day", unit: DAY };

/**
 * Adds up the sums of whole hours, of whole days where there are such. They are grouped here and not by the database,
 * which would sort them all to do so.
 */
async function addSums(
  database: RecordDatabase,
  { kinds }: Question,
  groups: readonly StatisticsGroup[],
  span: Span,
  intervalAt: (time: number) => number,
  found: StatisticsGroups,
): Promise<void> {
  const byId = await kindsOf(database, kinds, groups);
  const where =
    kinds === null
      ? ""
      : `AND kind IN (SELECT k.id FROM ${database.schema}record_kinds AS k WHERE ${kinds.sql})`;
  const folded = await foldedUntil(database);
  for (const { table, from, to } of partsOf(span, folded, intervalAt)) {
    const window = table === DAYS ? database.sizes.days : database.sizes.hours;
    for (let low = from; low < to; low += window) {
      const high = Math.min(to, low + window);
      const rows = await database.rows<SumsRow>(`${selectSums(database, table)} ${where}`, [
        low / table.unit,
        high / table.unit,
        ...(kinds?.values ?? []),
      ]);
      for (const row of rows) addRow(row, byId, intervalAt(row.time * table.unit), found);
      await pause();
    }
  }
}

/** Unix milliseconds before which hours are in the sums of their days. */
async function foldedUntil(database: RecordDatabase): Promise<number> {
  const sql = `SELECT hour FROM ${database.schema}record_progress WHERE id = 1`;
  const [progress] = await database.rows<{ hour: number }>(sql, []);
  return (progress?.hour ?? 0) * HOUR;
}

/** A time of whole hours as days that are summed up and lie within one interval, and hours. */
function partsOf(
  { from, to }: Span,
  folded: number,
  intervalAt: (time: number) => number,
): { readonly table: Table; readonly from: number; readonly to: number }[] {
  const parts: { table: Table; from: number; to: number }[] = [];
  for (let low = from; low < to; ) {
    const day = low + DAY;
    const isDay = low % DAY === 0 && day <= Math.min(to, folded) && intervalAt(low) === intervalAt(day - 1);
    const high = isDay ? day : low + HOUR;
    const [table, last] = [isDay ? DAYS : HOURS, parts.at(-1)];
    if (last?.table === table) last.to = high;
    else parts.push({ table, from: low, to: high });
    low = high;
  }
  return parts;
}

function addRow(
  row: SumsRow,
  kinds: ReadonlyMap<number, Kind>,
  interval: number,
  found: StatisticsGroups,
): void {
  const kind = kinds.get(row.kind);
  // A kind that came after they were read is of a request that came after the question.
  if (kind === undefined) return;
  if (kind.totals === null || interval !== kind.interval) {
    kind.interval = interval;
    kind.totals = found.totals(kind.values, interval);
  }
  kind.totals.merge(row, kind.failed ? row.requests : 0);
}

function selectSums({ schema }: RecordDatabase, { name, column }: Table): string {
  return `
    SELECT ${column} AS time, kind, requests, input_tokens AS "inputTokens",
      cached_input_tokens AS "cachedInputTokens", cache_write_input_tokens AS "cacheWriteInputTokens",
      output_tokens AS "outputTokens", reasoning_tokens AS "reasoningTokens", cost_usd AS "costUsd", unpriced,
      histograms
    FROM ${schema}${name} WHERE ${column} >= ? AND ${column} < ?`;
}

async function kindsOf(
  database: RecordDatabase,
  kinds: Condition | null,
  groups: readonly StatisticsGroup[],
): Promise<ReadonlyMap<number, Kind>> {
  const names = groups.map((group, index) => `, ${KIND_COLUMNS[group]} AS group${index}`).join("");
  const sql = `SELECT k.id, k.category IS NOT NULL AS failed ${names} FROM ${database.schema}record_kinds AS k
    WHERE ${kinds?.sql ?? "true"}`;
  type Row = { id: number; failed: boolean | 0 | 1 } & Record<`group${number}`, string | null>;
  const rows = await database.rows<Row>(sql, kinds?.values ?? []);
  return new Map(
    rows.map((row) => {
      const values = groups.map((_, index) => row[`group${index}`] ?? null);
      return [row.id, { values, failed: Boolean(row.failed), interval: null, totals: null }];
    }),
  );
}
