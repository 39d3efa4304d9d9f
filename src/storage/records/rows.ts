import type { Usage } from "../../exchange/usage.ts";
import type { UsedTemplate } from "../../prompts/used-template.ts";
import type { RecordedDecision } from "../../records/decision.ts";
import type { Cost, RequestRecord } from "../../records/record.ts";
import type { Attempt } from "../../records/trace.ts";
import type { RecordFigures } from "../record-totals.ts";
import type { BodyPlace } from "./bodies.ts";

/** What a column has; a database without truth values has 0 and 1. */
type ColumnValue = string | number | boolean | null;

const NAMES = [
  ["id", "id"],
  ["kind", "kind"],
  ["started_at", "startedAt"],
  ["duration_ms", "durationMs"],
  ["cost_usd", "costUsd"],
  ["first_token_ms", "firstTokenMs"],
  ["input_tokens", "input"],
  ["cached_input_tokens", "cachedInput"],
  ["cache_write_input_tokens", "cacheWriteInput"],
  ["output_tokens", "output"],
  ["reasoning_tokens", "reasoning"],
  ["audio_input_tokens", "audioInput"],
  ["audio_output_tokens", "audioOutput"],
  ["cache_write_1h_input_tokens", "cacheWrite1hInput"],
  ["cached_audio_input_tokens", "cachedAudioInput"],
  ["image_output_tokens", "imageOutput"],
  ["body_block", "bodyBlock"],
  ["body_offset", "bodyOffset"],
  ["body_request", "bodyRequest"],
  ["body_response", "bodyResponse"],
  ["body_cut", "bodyCut"],
  ["request_id", "requestId"],
  ["run_id", "runId"],
  ["parent_id", "parentId"],
  ["thread_id", "threadId"],
  ["duplicate", "duplicate"],
  ["stream", "stream"],
  ["has_usage", "hasUsage"],
  ["usage_source", "usageSource"],
  ["service_tier", "serviceTier"],
  ["cost_source", "costSource"],
  ["cost_date", "costDate"],
  ["first_byte_ms", "firstByteMs"],
  ["longest_gap_ms", "longestGapMs"],
  ["request_bytes", "requestBytes"],
  ["response_bytes", "responseBytes"],
  ["trace_id", "traceId"],
  ["span_id", "spanId"],
  ["parent_span_id", "parentSpanId"],
  ["method", "method"],
  ["path", "path"],
  ["client_format", "clientFormat"],
  ["target_format", "targetFormat"],
  ["requested_model", "requestedModel"],
  ["tags", "tags"],
  ["templates", "templates"],
  ["decisions", "decisions"],
  ["choice", "choice"],
  ["losses", "losses"],
  ["cause", "cause"],
  ["attempts", "attempts"],
] as const;

/** The columns of `records`, in the order of `recordValues`. */
export const RECORD_NAMES: readonly string[] = NAMES.map(([column]) => column);

/** What is known of a record beside itself once it is stored. */
interface Placed {
  readonly kind: number;
  readonly body: (BodyPlace & { readonly block: string | number }) | null;
  readonly duplicate: boolean;
}

export function recordValues(record: RequestRecord, { kind, body, duplicate }: Placed): ColumnValue[] {
  const { usage, cost } = record;
  return [
    record.id,
    kind,
    record.startedAt,
    finite(record.durationMs) ?? 0,
    finite(cost?.usd),
    finite(record.firstTokenMs),
    finite(usage?.input),
    finite(usage?.cachedInput),
    finite(usage?.cacheWriteInput),
    finite(usage?.output),
    finite(usage?.reasoning),
    finite(usage?.audioInput),
    finite(usage?.audioOutput),
    finite(usage?.cacheWrite1hInput),
    finite(usage?.cachedAudioInput),
    finite(usage?.imageOutput),
    body?.block ?? null,
    body?.offset ?? null,
    body?.request ?? null,
    body?.response ?? null,
    body?.cut ?? null,
    record.requestId,
    record.runId,
    record.parentId,
    record.threadId,
    duplicate,
    record.stream,
    usage !== null,
    record.usageSource,
    record.serviceTier,
    cost?.source ?? null,
    cost?.date ?? null,
    finite(record.firstByteMs),
    finite(record.longestGapMs),
    finite(record.requestBytes) ?? 0,
    finite(record.responseBytes) ?? 0,
    record.traceId,
    record.spanId,
    record.parentSpanId,
    record.method,
    record.path,
    record.clientFormat,
    record.targetFormat,
    record.requestedModel,
    listText(record.tags),
    listText(record.templates),
    listText(record.decisions),
    record.choice === null ? null : JSON.stringify(record.choice),
    listText(record.losses),
    record.cause,
    listText(record.attempts),
  ];
}

export function figuresOf(record: RequestRecord): RecordFigures {
  const { usage } = record;
  return {
    failed: record.category !== null,
    inputTokens: finite(usage?.input),
    cachedInputTokens: finite(usage?.cachedInput),
    cacheWriteInputTokens: finite(usage?.cacheWriteInput),
    outputTokens: finite(usage?.output),
    reasoningTokens: finite(usage?.reasoning),
    costUsd: finite(record.cost?.usd),
    durationMs: finite(record.durationMs) ?? 0,
    firstTokenMs: finite(record.firstTokenMs),
  };
}

/** A number as a row can have it; others than finite ones would be refused with the whole batch. */
function finite(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}

function listText(list: readonly unknown[]): string | null {
  return list.length === 0 ? null : JSON.stringify(list);
}

/** Everything that a record is read from; `r` is its row, `k` its kind's. */
export const RECORD_COLUMNS = `
  ${NAMES.map(([column, name]) => `r.${column} AS "${name}"`).join(", ")},
  k.key_id AS "keyId", k.door, k.operation, k.provider, k.model, k.route, k.agent_id AS "agentId", k.status, k.error,
  k.category, k.finish`;

/** What stands in a row as in its record. */
type Plain = Omit<
  RequestRecord,
  | "duplicate"
  | "stream"
  | "usage"
  | "cost"
  | "tags"
  | "templates"
  | "decisions"
  | "choice"
  | "losses"
  | "attempts"
>;

type Counts = { readonly [name in keyof Usage]-?: number | null };

export interface RecordRow extends Plain, Counts {
  readonly duplicate: boolean | 0 | 1;
  readonly stream: boolean | 0 | 1;
  readonly hasUsage: boolean | 0 | 1;
  readonly costUsd: number | null;
  readonly costSource: string | null;
  readonly costDate: string | null;
  readonly tags: string | null;
  readonly templates: string | null;
  readonly decisions: string | null;
  readonly choice: string | null;
  readonly losses: string | null;
  readonly attempts: string | null;
}

export function fromRow(row: RecordRow): RequestRecord {
  return {
    id: row.id,
    requestId: row.requestId,
    duplicate: Boolean(row.duplicate),
    traceId: row.traceId,
    spanId: row.spanId,
    parentSpanId: row.parentSpanId,
    startedAt: row.startedAt,
    keyId: row.keyId,
    door: row.door,
    method: row.method,
    path: row.path,
    operation: row.operation,
    clientFormat: row.clientFormat,
    targetFormat: row.targetFormat,
    stream: Boolean(row.stream),
    provider: row.provider,
    requestedModel: row.requestedModel,
    model: row.model,
    route: row.route,
    choice: row.choice === null ? null : JSON.parse(row.choice),
    agentId: row.agentId,
    runId: row.runId,
    parentId: row.parentId,
    threadId: row.threadId,
    tags: readList<string>(row.tags),
    templates: templatesOf(row.templates),
    decisions: readList<RecordedDecision>(row.decisions),
    status: row.status,
    error: row.error,
    category: row.category,
    cause: row.cause,
    finish: row.finish,
    attempts: readList<Attempt>(row.attempts),
    losses: readList<string>(row.losses),
    durationMs: row.durationMs,
    firstByteMs: row.firstByteMs,
    firstTokenMs: row.firstTokenMs,
    longestGapMs: row.longestGapMs,
    usage: row.hasUsage ? usageOf(row) : null,
    usageSource: row.usageSource,
    serviceTier: row.serviceTier,
    cost: costOf(row),
    requestBytes: row.requestBytes,
    responseBytes: row.responseBytes,
  };
}

function readList<Item>(text: string | null): readonly Item[] {
  return text === null ? [] : JSON.parse(text);
}

/** What an earlier version of this program left out of its records: it sent what the client wrote. */
const AS_WRITTEN = {
  version: null,
  revision: null,
  source: "client",
  label: null,
  drift: false,
  problem: null,
} as const satisfies Partial<UsedTemplate>;

function templatesOf(text: string | null): readonly UsedTemplate[] {
  type Kept = Pick<UsedTemplate, "path" | "templateId"> & Partial<UsedTemplate>;
  return readList<Kept>(text).map((kept) => ({ ...AS_WRITTEN, ...kept }));
}

const COUNTS = [
  "input",
  "cachedInput",
  "cacheWriteInput",
  "cacheWrite1hInput",
  "audioInput",
  "cachedAudioInput",
  "output",
  "reasoning",
  "audioOutput",
  "imageOutput",
] as const satisfies readonly (keyof Usage)[];

function usageOf(row: RecordRow): Usage {
  return Object.fromEntries(COUNTS.flatMap((name) => (row[name] === null ? [] : [[name, row[name]]])));
}

function costOf({ costUsd, costSource, costDate }: RecordRow): Cost | null {
  return costUsd === null ? null : { usd: costUsd, source: costSource ?? "", date: costDate };
}
