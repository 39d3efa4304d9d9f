import type { Database } from "bun:sqlite";
import type { RecordFilter } from "../interface.ts";
import { all, type Condition, type Value } from "./condition.ts";
import { isJudged, judgedRecords } from "./judged-records.ts";

/** Where records are taken from, in the order of their ids: all of them, or those that an index leads to. */
export interface Source {
  /** Tables, the records' as `r`. */
  readonly from: string;
  /** The column that has their ids. */
  readonly id: string;
  readonly where: string;
  readonly values: readonly Value[];
  /** Whether no index narrows it. */
  readonly isAll: boolean;
}

/** A filter as it is asked of the database. Times and text are not in it. */
export interface Question {
  readonly source: Source;
  /** On kinds, as `k`; null where any will do. */
  readonly kinds: Condition | null;
  /** On records, as `r`, that of kinds included. */
  readonly records: Condition;
}

const ALL: Source = { from: "records AS r", id: "r.id", where: "true", values: [], isAll: true };

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

export function ask(db: Database, filter: RecordFilter): Question {
  const kinds = kindConditions(filter);
  const source = sourceOf(db, filter);
  const records = [...recordConditions(filter)];
  if (kinds !== null)
    records.push({
      sql: `r.kind IN (SELECT k.id FROM record_kinds AS k WHERE ${kinds.sql})`,
      values: kinds.values,
    });
  return { source, kinds, records: all(records) };
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

/** By the column of `records`. The plus sign keeps the database from choosing an index by it. */
const RECORDS = [
  ["runId", "+r.run_id = ?"],
  ["threadId", "+r.thread_id = ?"],
  ["requestId", "+r.request_id = ?"],
  ["parentId", "+r.parent_id = ?"],
  ["tag", "EXISTS (SELECT 1 FROM record_tags WHERE tag = ? AND record_id = r.id)"],
  ["templateId", "EXISTS (SELECT 1 FROM record_templates WHERE template_id = ? AND record_id = r.id)"],
  ["minCost", "r.cost_usd >= ?"],
  ["maxCost", "r.cost_usd <= ?"],
  ["minDurationMs", "r.duration_ms >= ?"],
  ["maxDurationMs", "r.duration_ms <= ?"],
] as const satisfies readonly (readonly [keyof RecordFilter, string])[];

function recordConditions(filter: RecordFilter): Condition[] {
  const conditions: Condition[] = RECORDS.flatMap(([name, sql]) => {
    const value = filter[name];
    return value === undefined ? [] : [{ sql, values: [value] }];
  });
  if (filter.feedback !== undefined) conditions.push(isJudged(filter.feedback));
  if (filter.text !== undefined) conditions.push({ sql: "r.body_block IS NOT NULL", values: [] });
  return conditions;
}

/** The requests of a run: those that name it, and the one that it is named after. */
const RUN = `(
  SELECT id FROM records INDEXED BY records_by_run WHERE run_id = ?1 AND run_id <> request_id
  UNION ALL
  SELECT id FROM records INDEXED BY records_by_request WHERE request_id = ?1 AND run_id = request_id)`.replaceAll(
  "?1",
  "?",
);

/** The one that is likely to lead to the fewest. */
function sourceOf(db: Database, filter: RecordFilter): Source {
  const { requestId, parentId, runId, threadId, templateId, tag, feedback } = filter;
  if (requestId !== undefined) return indexed("records_by_request", "request_id", requestId);
  if (parentId !== undefined) return indexed("records_by_parent", "parent_id", parentId);
  if (runId !== undefined) return listed(RUN, [runId, runId]);
  if (threadId !== undefined) return indexed("records_by_thread", "thread_id", threadId);
  if (feedback !== undefined) {
    const judged = judgedRecords(db, feedback);
    if (judged !== null) return listed("(SELECT value AS id FROM json_each(?))", [JSON.stringify(judged)]);
  }
  if (templateId !== undefined)
    return listed("(SELECT record_id AS id FROM record_templates WHERE template_id = ?)", [templateId]);
  if (tag !== undefined) return listed("(SELECT record_id AS id FROM record_tags WHERE tag = ?)", [tag]);
  return ALL;
}

function indexed(index: string, column: string, value: string): Source {
  const from = `records AS r INDEXED BY ${index}`;
  return { from, id: "r.id", where: `r.${column} = ?`, values: [value], isAll: false };
}

function listed(ids: string, values: readonly Value[]): Source {
  const from = `${ids} AS i CROSS JOIN records AS r ON r.id = i.id`;
  return { from, id: "i.id", where: "true", values, isAll: false };
}
