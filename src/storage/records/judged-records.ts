import { feedbackMeanings } from "../feedback-meaning.ts";
import type { FeedbackTarget } from "../feedback-store.ts";
import type { Condition } from "./condition.ts";
import type { RecordDatabase } from "./database.ts";

/** Feedback on more targets than this, or on more records, is looked up for each record, rather than the other way. */
const FEW_TARGETS = 5000;
const FEW_RECORDS = 20_000;

/** What feedback is about, and the records `r` that this means. */
const TARGETS: readonly (readonly [FeedbackTarget, string])[] = [
  ["request", "target_id = r.request_id"],
  // A run or a thread that goes on is judged by what was there.
  ["run", "target_id = r.run_id AND received_at >= r.started_at"],
  ["thread", "target_id = r.thread_id AND received_at >= r.started_at"],
];

/** That a record `r` has feedback as the filter says: each kind of target is a look into the index by name. */
export function isJudged({ schema }: RecordDatabase, feedback: string): Condition {
  const named = feedbackNamed(feedback);
  const each = TARGETS.map(
    ([target, about]) =>
      `EXISTS (SELECT 1 FROM ${schema}feedback WHERE ${named.sql} AND target = '${target}' AND ${about})`,
  );
  return { sql: `(${each.join(" OR ")})`, values: TARGETS.flatMap(() => named.values) };
}

/** Of the table `feedback`. */
function feedbackNamed(feedback: string): Condition {
  const meanings = feedbackMeanings(feedback);
  const names = meanings.map(({ name }) => name);
  const each = meanings.map(({ name, values }) =>
    values === null
      ? { sql: "name = ?", values: [name] }
      : { sql: `name = ? AND value IN (${values.map(() => "?").join(", ")})`, values: [name, ...values] },
  );
  return {
    // The names first and by themselves: the index begins with them.
    sql: `name IN (${names.map(() => "?").join(", ")}) AND (${each.map(({ sql }) => sql).join(" OR ")})`,
    values: [...names, ...each.flatMap(({ values }) => values)],
  };
}

/** Ids among which all records are that have such feedback, and few others; null where they are many. */
export async function judgedRecords(database: RecordDatabase, feedback: string): Promise<string[] | null> {
  const { sql, values } = feedbackNamed(feedback);
  const judged = await database.rows<{ target: FeedbackTarget; id: string }>(
    `SELECT DISTINCT target, target_id AS id FROM ${database.schema}feedback WHERE ${sql} LIMIT ?`,
    [...values, FEW_TARGETS + 1],
  );
  if (judged.length > FEW_TARGETS) return null;
  const of = (wanted: FeedbackTarget) => judged.filter(({ target }) => target === wanted).map(({ id }) => id);
  const targets = { request: of("request"), run: of("run"), thread: of("thread") };
  const found = await database.idsOf(targets, FEW_RECORDS + 1);
  return found.length > FEW_RECORDS ? null : found;
}
