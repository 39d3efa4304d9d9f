import type { RecordFilter } from "../record-store.ts";
import { all, type Condition } from "./condition.ts";
import { NAME_FILTERS, type RecordDatabase, type Source } from "./database.ts";
import { isJudged, judgedRecords } from "./judged-records.ts";

/** A filter as it is asked of the database. Times and text are not in it. */
export interface Question {
  readonly source: Source;
  /** On kinds, as `k`; null where any will do. */
  readonly kinds: Condition | null;
  /** On records, as `r`, that of kinds included. */
  readonly records: Condition;
}

/** By the column of `record_kinds`. */
const KINDS = [
  ["keyId", "key_id"],
  ["door", "door"],
  ["provider", "provider"],
  ["model", "model"],
  ["route", "route"],
  ["operation", "operation"],
  ["error", "error"],
  ["agentId", "agent_id"],
] as const satisfies readonly (readonly [keyof RecordFilter, string])[];

export async function ask(database: RecordDatabase, filter: RecordFilter): Promise<Question> {
  const kinds = kindConditions(filter);
  const records = [...recordConditions(database, filter)];
  if (kinds !== null)
    records.push({
      sql: `r.kind IN (SELECT k.id FROM ${database.schema}record_kinds AS k WHERE ${kinds.sql})`,
      values: kinds.values,
    });
  return { source: await sourceOf(database, filter), kinds, records: all(records) };
}

/** The one that is likely to lead to the fewest. */
async function sourceOf(database: RecordDatabase, filter: RecordFilter): Promise<Source> {
  const { requestId, parentId, runId, threadId, variant, version, templateId, tag, feedback } = filter;
  if (requestId !== undefined) return database.source({ requestId });
  if (parentId !== undefined) return database.source({ parentId });
  if (runId !== undefined) return database.source({ runId });
  if (threadId !== undefined) return database.source({ threadId });
  const judged = feedback === undefined ? null : await judgedRecords(database, feedback);
  if (judged !== null) return database.listed(judged);
  if (variant !== undefined) return database.source({ variant });
  if (version !== undefined) return database.source({ version });
  if (templateId !== undefined) return database.source({ templateId });
  return database.source(tag === undefined ? {} : { tag });
}

function kindConditions(filter: RecordFilter): Condition | null {
  const conditions: Condition[] = KINDS.flatMap(([name, column]) => {
    const value = filter[name];
    return value === undefined ? [] : [{ sql: `k.${column} = ?`, values: [value] }];
  });
  const { status, category } = filter;
  if (typeof status === "number") conditions.push({ sql: "k.status = ?", values: [status] });
  else if (status !== undefined) {
    const hundred = Number(status[0]) * 100;
    conditions.push({ sql: "k.status >= ? AND k.status < ?", values: [hundred, hundred + 100] });
  }
  if (category === "none") conditions.push({ sql: "k.category IS NULL", values: [] });
  else if (category !== undefined) conditions.push({ sql: "k.category = ?", values: [category] });
  return conditions.length === 0 ? null : all(conditions);
}

/** By what is asked of the columns of `records`. */
const BOUNDS = [
  ["minCost", "r.cost_usd >= ?"],
  ["maxCost", "r.cost_usd <= ?"],
  ["minDurationMs", "r.duration_ms >= ?"],
  ["maxDurationMs", "r.duration_ms <= ?"],
] as const satisfies readonly (readonly [keyof RecordFilter, string])[];

function recordConditions(database: RecordDatabase, filter: RecordFilter): Condition[] {
  const asked = [...NAME_FILTERS.map((name) => [name, database.named[name]] as const), ...BOUNDS];
  const conditions: Condition[] = asked.flatMap(([name, sql]) => {
    const value = filter[name];
    return value === undefined ? [] : [{ sql, values: [value] }];
  });
  if (filter.feedback !== undefined) conditions.push(isJudged(database, filter.feedback));
  if (filter.text !== undefined) conditions.push({ sql: "r.body_block IS NOT NULL", values: [] });
  return conditions;
}
