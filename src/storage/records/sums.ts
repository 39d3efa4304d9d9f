import type { StatisticsGroup } from "../record-store.ts";
import type { RecordSums, RecordTotals } from "../record-totals.ts";
import type { GroupValues, StatisticsGroups } from "../statistics-groups.ts";
import type { Span } from "../statistics-spans.ts";
import type { Condition } from "./condition.ts";
import type { Question } from "./conditions.ts";
import type { RecordDatabase } from "./database.ts";
import { pause } from "./slices.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** What records of one kind have in common, as columns. */
export const KIND_COLUMNS = {
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
} as const satisfies Partial<Record<StatisticsGroup, string>>;

/** The groups that sums are kept by. */
const SUM_GROUPS: Partial<Record<StatisticsGroup, string>> = KIND_COLUMNS;

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

/** Adds up the sums of whole hours, of whole days where there are such. */
export async function addSums(
  database: RecordDatabase,
  { kinds }: Question,
  groups: readonly StatisticsGroup[],
  span: Span,
  { intervalAt, inOne }: { readonly intervalAt: (time: number) => number; readonly inOne: boolean },
  found: StatisticsGroups,
): Promise<void> {
  const byId = await kindsOf(database, kinds, groups);
  const folded = await foldedUntil(database);
  const read = database.groupsSums ? groupedSums : eachSum;
  for (const { table, from, to } of partsOf(span, folded, intervalAt)) {
    const window = table === DAYS ? database.sizes.days : database.sizes.hours;
    for (let low = from; low < to; low += window) {
      const times = [low, Math.min(to, low + window)].map((time) => time / table.unit);
      const rows = await database.rows<SumsRow>(read(database, table, { kinds, groups, inOne }), [
        ...times,
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

interface Wanted {
  readonly kinds: Condition | null;
  readonly groups: readonly StatisticsGroup[];
  /** Whether all times are of one interval. */
  readonly inOne: boolean;
}

function eachSum({ schema }: RecordDatabase, { name, column }: Table, { kinds }: Wanted): string {
  const where =
    kinds === null ? "" : `AND s.kind IN (SELECT k.id FROM ${schema}record_kinds AS k WHERE ${kinds.sql})`;
  const sums = SUMS.map(([sum, as]) => `s.${sum} AS "${as}"`).join(", ");
  return `SELECT s.${column} AS time, s.kind, ${sums}, s.histograms
    FROM ${schema}${name} AS s WHERE s.${column} >= ? AND s.${column} < ? ${where}`;
}

/** One kind stands for all that are of its group and, as it, failures or not. */
function groupedSums(
  { schema }: RecordDatabase,
  { name, column }: Table,
  { kinds, groups, inOne }: Wanted,
): string {
  const by = [
    ...groups.map((group) => SUM_GROUPS[group]),
    "k.category IS NULL",
    ...(inOne ? [] : [`s.${column}`]),
  ];
  const sums = SUMS.map(([sum, as]) => `sum(s.${sum}) AS "${as}"`).join(", ");
  return `SELECT min(s.${column}) AS time, min(s.kind) AS kind, ${sums}, string_agg(s.histograms, '') AS histograms
    FROM ${schema}${name} AS s JOIN ${schema}record_kinds AS k ON k.id = s.kind
    WHERE s.${column} >= ? AND s.${column} < ? AND ${kinds?.sql ?? "true"} GROUP BY ${by.join(", ")}`;
}

const SUMS = [
  ["requests", "requests"],
  ["input_tokens", "inputTokens"],
  ["cached_input_tokens", "cachedInputTokens"],
  ["cache_write_input_tokens", "cacheWriteInputTokens"],
  ["output_tokens", "outputTokens"],
  ["reasoning_tokens", "reasoningTokens"],
  ["cost_usd", "costUsd"],
  ["unpriced", "unpriced"],
] as const;

async function kindsOf(
  database: RecordDatabase,
  kinds: Condition | null,
  groups: readonly StatisticsGroup[],
): Promise<ReadonlyMap<number, Kind>> {
  const names = groups.map((group, index) => `, ${SUM_GROUPS[group]} AS group${index}`).join("");
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
