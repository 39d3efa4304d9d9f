import { type UsedTemplate, withoutSource } from "../prompts/used-template.ts";
import type { Outcome } from "./outcome.ts";
import type { Cost, RequestRecord } from "./record.ts";
import type { Trace } from "./trace.ts";
import type { Tags } from "./tracking.ts";
import type { CountedUsage } from "./usage.ts";

/** What a finished request has beside its trace. */
export interface Made {
  readonly id: string;
  readonly runId: string;
  readonly outcome: Outcome;
  readonly counted: CountedUsage;
  readonly cost: Cost | null;
}

/** The id by which a request is known to others: the one that its client gave it, or ours. */
export function requestIdOf({ tracking, requestId }: Trace): string {
  return tracking?.request_id ?? requestId;
}

/** The model that served a request, as its provider knows it. */
export function modelOf(trace: Trace, { facts }: Outcome): string | null {
  return trace.model ?? facts?.model ?? trace.requestedModel;
}

/** The record of a finished request. */
export function makeRecord(trace: Trace, made: Made): RequestRecord {
  const { tracking, capture } = trace;
  const { outcome, counted } = made;
  return {
    id: made.id,
    requestId: requestIdOf(trace),
    duplicate: false,
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentSpanId: trace.parentSpanId,
    startedAt: trace.startedAt,
    keyId: trace.keyId,
    door: trace.door,
    method: trace.method,
    path: cut(trace.path, MAX_TEXT),
    operation: trace.operation,
    clientFormat: trace.clientFormat,
    targetFormat: trace.targetFormat,
    stream: trace.stream,
    provider: trace.provider,
    requestedModel: cutName(trace.requestedModel),
    model: cutName(modelOf(trace, outcome)),
    route: trace.route,
    choice: trace.choice,
    agentId: tracking?.agent_id ?? null,
    runId: made.runId,
    parentId: tracking?.request_parent_id ?? null,
    threadId: tracking?.thread_id ?? null,
    tags: tracking?.tags === undefined ? NONE : tagTexts(tracking.tags),
    templates: templatesOf(trace),
    decisions: trace.decisions,
    status: trace.status,
    error: trace.error,
    category: trace.errorCategory,
    cause: trace.cause === null ? null : cut(trace.cause, MAX_TEXT),
    finish: outcome.facts?.finish ?? null,
    attempts: trace.attempts,
    losses: trace.losses.length === 0 ? NONE : trace.losses.map((loss) => cut(loss, MAX_NAME)),
    durationMs: tenths(trace.endedAt ?? 0),
    firstByteMs: tenthsOrNull(trace.firstByteAt),
    firstTokenMs: tenthsOrNull(outcome.firstTokenAt),
    longestGapMs: tenthsOrNull(capture?.longestGap ?? null),
    usage: counted.usage,
    usageSource: counted.source,
    serviceTier: cutName(outcome.facts?.serviceTier ?? null),
    cost: made.cost,
    requestBytes: trace.requestBytes,
    responseBytes: trace.responseBytes,
  };
}

const NONE: readonly never[] = [];

/** Where bodies are not stored, what went wrong with a template is told without what it says. */
function templatesOf({ templates, capture }: Trace): readonly UsedTemplate[] {
  if (templates.length === 0) return NONE;
  const some = templates.length > MAX_TEMPLATES ? templates.slice(0, MAX_TEMPLATES) : templates;
  return capture?.storesBodies === true ? some : some.map(withoutSource);
}

/** Tags as records have them: `name`, or `name=value`. */
export function tagTexts(tags: Tags): readonly string[] {
  if (Array.isArray(tags)) return tags as readonly string[];
  return Object.entries(tags).map(([name, value]) => `${name}=${value}`);
}

/** Clients and providers send what they like, and a record is to stay a small thing. */
const MAX_NAME = 256;
const MAX_TEXT = 4_000;
const MAX_TEMPLATES = 64;

function cut(text: string, length: number): string {
  return text.length > length ? text.slice(0, length) : text;
}

function cutName(name: string | null): string | null {
  return name === null ? null : cut(name, MAX_NAME);
}

/** Milliseconds with at most one decimal: finer ones are noise, and take space in every record. */
function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

function tenthsOrNull(milliseconds: number | null): number | null {
  return milliseconds === null ? null : tenths(milliseconds);
}
