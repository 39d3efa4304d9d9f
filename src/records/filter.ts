import { z } from "zod";
import { MOMENT_FORMS, parseMoment } from "../lib/moment.ts";
import { versionLabel } from "../prompts/used-template.ts";
import type { RecordFilter } from "../storage/record-store.ts";
import { variantLabel } from "./decision.ts";
import type { RequestRecord } from "./record.ts";

const text = z.string().min(1, "expected a text").max(500, "expected at most 500 characters");

const STATUS = "expected an HTTP status, 2xx, 4xx or 5xx";
const NOT_BELOW_0 = "expected a number that is not below 0";
const amount = z.coerce.number(NOT_BELOW_0).min(0, NOT_BELOW_0);

/** A whole number; `byDefault` where it is left out. */
export function wholeNumber(least: number, most: number, byDefault: number) {
  const message = `expected a whole number from ${least} to ${most}`;
  return z.coerce.number(message).int(message).min(least, message).max(most, message).default(byDefault);
}

/** One of these words. */
export function oneOf<const Words extends readonly string[]>(words: Words) {
  return z.enum(words, { error: `expected one of ${words.join(", ")}` });
}

/** A moment as people write it; Unix milliseconds once it is read. */
const moment = z.string().transform((written, context) => {
  const at = parseMoment(written, Date.now());
  if (at !== null) return at;
  context.addIssue({ code: "custom", message: `expected ${MOMENT_FORMS}` });
  return z.NEVER;
});

/**
 * Which records are meant, as people write it: the query of the management API, and with hyphens the options of the
 * command line. All that are given must hold.
 */
export const FILTER_FIELDS = {
  since: moment.optional().describe(`Requests that began then or later: ${MOMENT_FORMS}.`),
  until: moment.optional().describe("Requests that began before; written as `since`."),
  key_id: text.optional().describe("Made with this gateway key, by its id."),
  door: text.optional().describe("The door that was called, such as `/v1/messages`."),
  provider: text.optional().describe("The provider that served it."),
  model: text.optional().describe("The model that served it, as its provider names it."),
  route: text.optional().describe("The route that was named."),
  operation: oneOf(["generate", "count-tokens", "embeddings", "completions", "models", "other"])
    .optional()
    .describe(
      "What was asked for: `generate`, `count-tokens`, `embeddings`, `completions`, `models` or `other`.",
    ),
  status: z
    .union(
      [z.enum(["2xx", "4xx", "5xx"]), z.coerce.number(STATUS).int(STATUS).min(100, STATUS).max(599, STATUS)],
      {
        error: STATUS,
      },
    )
    .optional()
    .describe("HTTP status that the client got, such as `429`, or `2xx`, `4xx`, `5xx`."),
  category: text
    .optional()
    .describe("Category of the error, such as `limit` or `timeout`; `none` for requests that ended well."),
  error: text.optional().describe("Code of the error."),
  agent_id: text.optional().describe("Agent that made it."),
  run_id: text.optional().describe("Run that it belongs to."),
  thread_id: text.optional().describe("Thread that it belongs to."),
  request_id: text
    .optional()
    .describe("The client's own id of it, or the one that was answered as `x-request-id`."),
  parent_id: text.optional().describe("Request that it was made for."),
  tag: text.optional().describe("A tag, `name` or `name=value`."),
  template_id: text.optional().describe("A template that it named."),
  version: text
    .optional()
    .describe("A version of a template whose text went out, as `greeting-v2`, whichever the client named."),
  variant: text
    .optional()
    .describe("A variant of an experiment that was decided for it, as `experiment/variant`."),
  min_cost: amount.optional().describe("US dollars at least."),
  max_cost: amount.optional().describe("US dollars at most."),
  min_duration_ms: amount.optional().describe("Milliseconds at least."),
  max_duration_ms: amount.optional().describe("Milliseconds at most."),
  feedback: text
    .optional()
    .describe(
      "It has feedback of this name, or with `name=value` of this value too (`good=false`): on itself, or on its run or thread since it began.",
    ),
  text: text.optional().describe("Words that stand in its bodies, all of them."),
};

const filterSchema = z.object(FILTER_FIELDS);

/** The filter that the fields mean once they are read; what else stands beside them is passed over. */
export function toFilter(fields: z.output<typeof filterSchema>): RecordFilter {
  const filter = {
    since: fields.since,
    until: fields.until,
    keyId: fields.key_id,
    door: fields.door,
    provider: fields.provider,
    model: fields.model,
    route: fields.route,
    operation: fields.operation,
    status: fields.status,
    category: fields.category,
    error: fields.error,
    agentId: fields.agent_id,
    runId: fields.run_id,
    threadId: fields.thread_id,
    requestId: fields.request_id,
    parentId: fields.parent_id,
    tag: fields.tag,
    templateId: fields.template_id,
    version: fields.version,
    variant: fields.variant,
    minCost: fields.min_cost,
    maxCost: fields.max_cost,
    minDurationMs: fields.min_duration_ms,
    maxDurationMs: fields.max_duration_ms,
    feedback: fields.feedback,
    text: fields.text,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** What a record alone can be held against: feedback and bodies are not in it. */
export type OwnFilter = Omit<RecordFilter, "feedback" | "text">;

/** Whether a record is meant. A cost that is not known is neither above nor below any. */
export function matches(record: RequestRecord, filter: OwnFilter): boolean {
  return (
    isEqual(record, filter) &&
    within(record.startedAt, filter.since, filter.until === undefined ? undefined : filter.until - 1) &&
    within(record.cost?.usd ?? null, filter.minCost, filter.maxCost) &&
    within(record.durationMs, filter.minDurationMs, filter.maxDurationMs) &&
    isStatus(record.status, filter.status) &&
    (filter.category === undefined || (record.category ?? "none") === filter.category) &&
    (filter.tag === undefined || record.tags.includes(filter.tag)) &&
    (filter.templateId === undefined ||
      record.templates.some(({ templateId }) => templateId === filter.templateId)) &&
    (filter.version === undefined ||
      record.templates.some((used) => versionLabel(used) === filter.version)) &&
    (filter.variant === undefined ||
      record.decisions.some((decision) => variantLabel(decision) === filter.variant))
  );
}

const EQUAL = [
  "keyId",
  "door",
  "provider",
  "model",
  "route",
  "operation",
  "error",
  "agentId",
  "runId",
  "threadId",
  "requestId",
  "parentId",
] as const;

function isEqual(record: RequestRecord, filter: OwnFilter): boolean {
  return EQUAL.every((name) => filter[name] === undefined || record[name] === filter[name]);
}

function within(value: number | null, least: number | undefined, most: number | undefined): boolean {
  if (least === undefined && most === undefined) return true;
  return value !== null && value >= (least ?? -Infinity) && value <= (most ?? Infinity);
}

function isStatus(status: number, wanted: RecordFilter["status"]): boolean {
  if (wanted === undefined) return true;
  return typeof wanted === "number" ? status === wanted : Math.floor(status / 100) === Number(wanted[0]);
}
