import { versionLabels } from "../../prompts/used-template.ts";
import { variantLabel } from "../../records/decision.ts";
import type { RequestRecord } from "../../records/record.ts";
import type { FeedbackTarget } from "../feedback-store.ts";
import type { NameFilter, Source } from "../records/database.ts";

/** What a name in `record_names` is, by the filter that finds records by it. The numbers are stored. */
const FIELDS = {
  requestId: 1,
  runId: 2,
  threadId: 3,
  parentId: 4,
  tag: 5,
  templateId: 6,
  variant: 7,
  version: 8,
} as const;

interface Name {
  readonly field: number;
  readonly name: string;
}

/** What a record is found by, each once. A run that is named after its request is found by that. */
export function namesOf(record: RequestRecord): Name[] {
  const { requestId, runId, threadId, parentId } = record;
  const names: Name[] = [{ field: FIELDS.requestId, name: requestId }];
  if (runId !== requestId) names.push({ field: FIELDS.runId, name: runId });
  if (threadId !== null) names.push({ field: FIELDS.threadId, name: threadId });
  if (parentId !== null) names.push({ field: FIELDS.parentId, name: parentId });
  for (const name of new Set(record.tags)) names.push({ field: FIELDS.tag, name });
  for (const name of new Set(record.templates.map(({ templateId }) => templateId)))
    if (name !== null) names.push({ field: FIELDS.templateId, name });
  for (const name of versionLabels(record.templates)) names.push({ field: FIELDS.version, name });
  for (const name of new Set(record.decisions.map(variantLabel))) names.push({ field: FIELDS.variant, name });
  return names;
}

/** A condition that the index on `record_names` answers; `name` and `field` are SQL. */
export function isNamed(alias: string, field: string | number, name: string): string {
  return `hashtextextended(${alias}.name, ${alias}.field) = hashtextextended(${name}, ${field})
    AND ${really(`${alias}.name = ${name} AND ${alias}.field = ${field}`)}`;
}

/**
 * What holds where the hash does, said so that the planner does not count on it: it would take the two for independent,
 * expect next to no rows, and sort them all rather than follow the index.
 */
function really(condition: string): string {
  return `coalesce(${condition}, false)`;
}

/** That there is an earlier record of an item's request id. */
export const IS_DUPLICATE = `
  EXISTS (SELECT FROM amsterdam.record_names AS n
    WHERE ${isNamed("n", FIELDS.requestId, "item.request_id")} AND n.record_id <> item.id)`;

const HAS_NAME = (field: number) => `
  EXISTS (SELECT FROM amsterdam.record_names AS n, (SELECT CAST(? AS text) AS name) AS asked
    WHERE ${isNamed("n", field, "asked.name")} AND n.record_id = r.id)`;

/** As `RecordDatabase.named` wants it. */
export const NAMED: Readonly<Record<NameFilter, string>> = {
  runId: "r.run_id = ?",
  threadId: "r.thread_id = ?",
  requestId: "r.request_id = ?",
  parentId: "r.parent_id = ?",
  tag: HAS_NAME(FIELDS.tag),
  templateId: HAS_NAME(FIELDS.templateId),
  version: HAS_NAME(FIELDS.version),
  variant: HAS_NAME(FIELDS.variant),
};

/** Records that have one of these names; null where there is none. */
export function sourceNamed(names: Readonly<Partial<Record<NameFilter, string>>>): Source | null {
  const { requestId, parentId, runId, threadId, variant, version, templateId, tag } = names;
  if (requestId !== undefined) return named(FIELDS.requestId, requestId);
  if (parentId !== undefined) return named(FIELDS.parentId, parentId);
  if (runId !== undefined) return ofRun(runId);
  if (threadId !== undefined) return named(FIELDS.threadId, threadId);
  if (variant !== undefined) return named(FIELDS.variant, variant);
  if (version !== undefined) return named(FIELDS.version, version);
  if (templateId !== undefined) return named(FIELDS.templateId, templateId);
  return tag === undefined ? null : named(FIELDS.tag, tag);
}

function named(field: number, name: string): Source {
  return through(isNamed("i", field, "?"), [name, name]);
}

/** Those that name the run, and the one that it is named after: other runs' requests of that id may be among them. */
function ofRun(runId: string): Source {
  const { requestId, runId: run } = FIELDS;
  return through(
    `hashtextextended(i.name, i.field) IN (hashtextextended(?, ${requestId}), hashtextextended(?, ${run}))
      AND ${really(`i.name = ? AND i.field IN (${requestId}, ${run})`)}`,
    [runId, runId, runId],
  );
}

function through(where: string, values: readonly string[]): Source {
  const ids = "amsterdam.record_names AS i";
  const from = `${ids} JOIN amsterdam.records AS r ON r.id = i.record_id`;
  return { ids, from, id: "i.record_id", where, values, isAll: false };
}

/** Names by which the records are found that feedback may be about. */
export function targetNames(targets: Readonly<Record<FeedbackTarget, readonly string[]>>): Name[] {
  const of = (field: number, names: readonly string[]) => names.map((name) => ({ field, name }));
  return [
    ...of(FIELDS.requestId, [...targets.request, ...targets.run]),
    ...of(FIELDS.runId, targets.run),
    ...of(FIELDS.threadId, targets.thread),
  ];
}

const BEGUN = "f.received_at >= r.started_at";

/** As `RecordDatabase.about` wants it. */
export const ABOUT: readonly (readonly [FeedbackTarget, string])[] = [
  ["request", about(FIELDS.requestId, "true")],
  ["run", about(FIELDS.runId, BEGUN)],
  ["run", about(FIELDS.requestId, `r.run_id = r.request_id AND ${BEGUN}`)],
  ["thread", about(FIELDS.threadId, BEGUN)],
];

function about(field: number, condition: string): string {
  return `JOIN amsterdam.record_names AS n ON ${isNamed("n", field, "f.target_id")}
    JOIN amsterdam.records AS r ON r.id = n.record_id AND ${condition}`;
}

/** Ids of the records that have these request ids. */
export const IDS_OF_REQUESTS = `
  SELECT n.record_id AS id FROM unnest($1::text[]) AS asked (name)
  JOIN amsterdam.record_names AS n ON ${isNamed("n", FIELDS.requestId, "asked.name")}`;
