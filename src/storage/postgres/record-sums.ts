import { compactHistograms } from "../histograms.ts";
import { RecordTotals } from "../record-totals.ts";
import { addingUp, FEW_MARKS, HOURS_A_DAY, SUM_COLUMNS } from "../records/sum-columns.ts";
import type { Query } from "./query.ts";

/** Held shared by who adds to sums, alone by who moves hours into days. "AMSS" in letters. */
const SUMS_LOCK = 0x414d5353;

/** The database adds up by itself; histograms it puts one behind the other, and shortens them where they became long. */
const ADD = addingUp("greatest", "amsterdam.joined_histograms(s.histograms, excluded.histograms)");

/** The same order everywhere, so that those who add to the same sums wait for each other and not in a circle. */
const addTo = (table: string, time: string) => `
  INSERT INTO amsterdam.${table} AS s (${time}, kind, ${SUM_COLUMNS})
  SELECT * FROM unnest($1::integer[], $2::integer[], $3::float8[], $4::float8[], $5::float8[], $6::float8[],
    $7::float8[], $8::float8[], $9::float8[], $10::float8[], $11::float8[], $12::float8[], $13::text[])
    AS item (time, kind) ORDER BY time, kind
  ON CONFLICT (${time}, kind) ${ADD}`;
const ADD_TO_HOURS = addTo("record_hours", "hour");
const ADD_TO_DAYS = addTo("record_days", "day");

const FOLD_HOUR = `
  INSERT INTO amsterdam.record_days AS s (day, kind, ${SUM_COLUMNS})
  SELECT $1::integer, kind, ${SUM_COLUMNS} FROM amsterdam.record_hours WHERE hour = $2 ORDER BY kind
  ON CONFLICT (day, kind) ${ADD}`;

export interface Sum {
  /** Since 1970. */
  readonly hour: number;
  readonly kind: number;
  readonly totals: RecordTotals;
}

/** Totals by hour and kind. */
export class HourSums {
  readonly #sums = new Map<string, Sum>();

  totals(hour: number, kind: number): RecordTotals {
    const key = `${hour} ${kind}`;
    let sum = this.#sums.get(key);
    if (sum === undefined) {
      sum = { hour, kind, totals: new RecordTotals() };
      this.#sums.set(key, sum);
    }
    return sum.totals;
  }

  all(): readonly Sum[] {
    return [...this.#sums.values()];
  }
}

/**
 * Adds to the sums of hours, and to those of days where an hour is in them already. An hour is put into its day once a
 * later one has begun, one hour with each call, so that most records are added once and not twice. `folded` is what the
 * last call gave, 0 at first.
 */
export async function addToSums(query: Query, sums: readonly Sum[], folded: number): Promise<number> {
  const current = sums.reduce((latest, { hour }) => Math.max(latest, hour), 0);
  const progress = await lockSums(query, folded < current ? "alone" : "shared");
  const inDays = sums.filter(({ hour }) => hour < progress);
  await query(ADD_TO_HOURS, valuesOf(sums));
  if (inDays.length > 0) await query(ADD_TO_DAYS, valuesOf(byDay(inDays)));
  return folded < current && progress < current ? foldNext(query, progress, current) : progress;
}

/**
 * Keeps hours from being moved into days until the transaction ends, and gives the first that has not been. What changes
 * sums takes this first of all that it might wait for.
 */
export async function lockSums(query: Query, how: "shared" | "alone"): Promise<number> {
  const lock = how === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  // Two statements: the second sees what was committed while the first one waited.
  const [, progress] = await Promise.all([
    query(`SELECT ${lock}(${SUMS_LOCK})`),
    query<{ hour: number }>("SELECT hour FROM amsterdam.record_progress WHERE id = 1"),
  ]);
  return progress.rows[0]?.hour ?? 0;
}

export function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_A_DAY);
}

/** One sum for each day and kind, since a statement may change a row only once. */
function byDay(sums: readonly Sum[]): readonly Sum[] {
  const days = new HourSums();
  for (const { hour, kind, totals } of sums) {
    const day = days.totals(dayOf(hour), kind);
    day.merge(totals, 0);
    day.highestCostUsd = Math.max(day.highestCostUsd, totals.highestCostUsd);
    day.longestMs = Math.max(day.longestMs, totals.longestMs);
  }
  return days.all();
}

function valuesOf(sums: readonly Sum[]) {
  const of = (name: NumberName) => sums.map(({ totals }) => totals[name]);
  return [
    sums.map(({ hour }) => hour),
    sums.map(({ kind }) => kind),
    ...NUMBERS.map(of),
    sums.map(({ totals: { requests, histograms } }) =>
      requests < FEW_MARKS ? histograms : compactHistograms(histograms),
    ),
  ];
}

const NUMBERS = [
  "requests",
  "inputTokens",
  "cachedInputTokens",
  "cacheWriteInputTokens",
  "outputTokens",
  "reasoningTokens",
  "costUsd",
  "unpriced",
  "highestCostUsd",
  "longestMs",
] as const satisfies readonly (keyof RecordTotals)[];
type NumberName = (typeof NUMBERS)[number];

async function foldNext(query: Query, progress: number, current: number): Promise<number> {
  const find = "SELECT min(hour) AS hour FROM amsterdam.record_hours WHERE hour >= $1 AND hour < $2";
  const next = (await query<{ hour: number | null }>(find, [progress, current])).rows[0]?.hour ?? null;
  if (next !== null) await query(FOLD_HOUR, [dayOf(next), next]);
  const folded = next === null ? current : next + 1;
  await query("UPDATE amsterdam.record_progress SET hour = $1 WHERE id = 1", [folded]);
  return folded;
}
