import type { Database } from "bun:sqlite";
import { compactHistograms } from "../histograms.ts";
import { RecordTotals } from "../record-totals.ts";
import { addingUp, FEW_MARKS, HOURS_A_DAY, SUM_COLUMNS } from "../records/sum-columns.ts";

/** Characters of histograms from which on they are made short. */
const LONG = 2048;

/** The database adds up by itself; histograms it puts one behind the other. */
const ADD = addingUp("max", "s.histograms || excluded.histograms");

const VALUES = "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const ADD_TO_HOUR = `INSERT INTO record_hours AS s (hour, kind, ${SUM_COLUMNS}) ${VALUES} ON CONFLICT (hour, kind) ${ADD}`;
const ADD_TO_DAY = `INSERT INTO record_days AS s (day, kind, ${SUM_COLUMNS}) ${VALUES} ON CONFLICT (day, kind) ${ADD}`;
const FOLD_HOUR = `
  INSERT INTO record_days AS s (day, kind, ${SUM_COLUMNS})
  SELECT ?, kind, ${SUM_COLUMNS} FROM record_hours WHERE hour = ?
  ON CONFLICT (day, kind) ${ADD}`;

/** Totals by hour since 1970 and kind. */
export type HourTotals = Map<number, Map<number, RecordTotals>>;

export function totalsIn(hours: HourTotals, hour: number, kind: number): RecordTotals {
  let kinds = hours.get(hour);
  if (kinds === undefined) {
    kinds = new Map();
    hours.set(hour, kinds);
  }
  let totals = kinds.get(kind);
  if (totals === undefined) {
    totals = new RecordTotals();
    kinds.set(kind, totals);
  }
  return totals;
}

/**
 * Adds to the sums of hours, and to those of days where an hour is in them already. An hour is put into its day once a
 * later one has begun, one hour with each call, so that most records are added once and not twice.
 */
export function addToSums(db: Database, hours: HourTotals): void {
  if (hours.size === 0) return;
  const progress = foldedUntil(db);
  for (const [hour, kinds] of hours) {
    addTotals(db, ADD_TO_HOUR, hour, kinds);
    if (hour < progress) addTotals(db, ADD_TO_DAY, dayOf(hour), kinds);
  }
  foldNext(db, progress, Math.max(...hours.keys()));
}

/** The number of the first hour that is not in its day's sums. */
export function foldedUntil(db: Database): number {
  return db.query<{ hour: number }, []>("SELECT hour FROM record_progress WHERE id = 1").get()?.hour ?? 0;
}

export function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_A_DAY);
}

function addTotals(db: Database, sql: string, time: number, kinds: ReadonlyMap<number, RecordTotals>): void {
  const add = db.query<unknown, (number | string)[]>(sql);
  for (const [kind, totals] of kinds) {
    add.run(
      time,
      kind,
      totals.requests,
      totals.inputTokens,
      totals.cachedInputTokens,
      totals.cacheWriteInputTokens,
      totals.outputTokens,
      totals.reasoningTokens,
      totals.costUsd,
      totals.unpriced,
      totals.highestCostUsd,
      totals.longestMs,
      totals.requests < FEW_MARKS ? totals.histograms : compactHistograms(totals.histograms),
    );
  }
}

function foldNext(db: Database, progress: number, current: number): void {
  // Asked only when there may be one: this runs with every batch.
  if (progress >= current) return;
  const next = db
    .query<{ hour: number | null }, [number, number]>(
      "SELECT min(hour) AS hour FROM record_hours WHERE hour >= ? AND hour < ?",
    )
    .get(progress, current)?.hour;
  if (typeof next === "number") {
    db.query(FOLD_HOUR).run(dayOf(next), next);
    compact(db, "record_days", "day", dayOf(next));
  }
  db.query("UPDATE record_progress SET hour = ? WHERE id = 1").run(
    next === null || next === undefined ? current : next + 1,
  );
}

/** Makes the histograms of an hour, and of its day, short where they became long. */
export function compactSums(db: Database, hour: number): void {
  compact(db, "record_hours", "hour", hour);
  compact(db, "record_days", "day", dayOf(hour));
}

function compact(db: Database, table: string, column: string, time: number): void {
  const long = db
    .query<{ kind: number; histograms: string }, [number, number]>(
      `SELECT kind, histograms FROM ${table} WHERE ${column} = ? AND length(histograms) > ?`,
    )
    .all(time, LONG);
  const update = db.query(`UPDATE ${table} SET histograms = ? WHERE ${column} = ? AND kind = ?`);
  for (const { kind, histograms } of long) update.run(compactHistograms(histograms), time, kind);
}
