import type { Usage } from "../../exchange/usage.ts";
import type { RequestRecord } from "../../records/record.ts";
import { attemptEnd, finishReason, namesIn, operationName, providerOf } from "../gen-ai.ts";
import { safeText } from "../redact.ts";
import { newSpanId } from "../trace-context.ts";
import { Attributes, nanos, wellFormed } from "./attributes.ts";
import type { SaidMessages } from "./messages.ts";

/** Where a target's server is; null where nobody knows. */
export type ServerOf = (target: string) => { readonly address: string; readonly port: number } | null;

/** Longest message of a failure. */
const MAX_MESSAGE = 500;
const MAX_NAME = 300;
const SERVER = 2;
const CLIENT = 3;
const FAILED = 2;

/**
 * The spans of a request, as texts of OTLP's JSON: its own, which is what the gateway did for its client, with the
 * client's span as the parent; and below it one for each attempt, which is the call of a provider.
 */
export function spansOf(record: RequestRecord, serverOf: ServerOf, said: SaidMessages | null): string[] {
  const spans = [requestSpan(record, said)];
  for (const index of record.attempts.keys()) spans.push(attemptSpan(record, index, serverOf));
  return spans;
}

interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string;
  readonly kind: typeof SERVER | typeof CLIENT;
  /** Unix milliseconds. */
  readonly start: number;
  readonly end: number;
  readonly attributes: Attributes;
  /** Null where it did not fail. */
  readonly failure: string | null;
}

function spanJson(span: Span): string {
  const { traceId, spanId, parentSpanId, name, kind, start, end, attributes, failure } = span;
  return JSON.stringify({
    traceId,
    spanId,
    parentSpanId: parentSpanId ?? undefined,
    name: wellFormed(name.slice(0, MAX_NAME)),
    kind,
    startTimeUnixNano: nanos(start),
    endTimeUnixNano: nanos(end),
    attributes: attributes.list,
    status: failure === null ? {} : { code: FAILED, message: wellFormed(failure) },
  });
}

function requestSpan(record: RequestRecord, said: SaidMessages | null): string {
  const operation = operationName(record.operation);
  const asked = record.requestedModel ?? record.model;
  const name = operation === null ? `${record.method} ${record.door}` : nameOf(operation, asked);
  const attributes = new Attributes();
  if (operation !== null) genAiAttributes(attributes, operation, record);
  if (said !== null)
    attributes.longText("gen_ai.input.messages", said.input).longText("gen_ai.output.messages", said.output);
  attributes
    .text("error.type", record.error ?? (record.status >= 500 ? String(record.status) : null))
    .text("http.request.method", record.method)
    .text("url.path", record.path)
    .text("url.scheme", "http")
    .int("http.response.status_code", record.status === 0 ? undefined : record.status);
  ownAttributes(attributes, record);
  return spanJson({
    traceId: record.traceId,
    spanId: record.spanId,
    parentSpanId: record.parentSpanId,
    name,
    kind: SERVER,
    start: record.startedAt,
    end: record.startedAt + record.durationMs,
    attributes,
    failure: record.error === null ? null : safeText(record.cause ?? record.error, MAX_MESSAGE),
  });
}

function nameOf(operation: string, model: string | null): string {
  return model === null ? operation : `${operation} ${model}`;
}

function genAiAttributes(attributes: Attributes, operation: string, record: RequestRecord): void {
  const { usage, firstTokenMs, finish, error } = record;
  attributes
    .text("gen_ai.operation.name", operation)
    .text("gen_ai.provider.name", providerOf(record))
    .text("gen_ai.request.model", record.requestedModel ?? record.model)
    .flag("gen_ai.request.stream", record.stream)
    .text("gen_ai.response.model", error === null && record.status < 400 ? record.model : null)
    .texts("gen_ai.response.finish_reasons", finish === null ? [] : [finishReason(finish)])
    .double("gen_ai.response.time_to_first_chunk", firstTokenMs === null ? null : firstTokenMs / 1000)
    .text("gen_ai.conversation.id", record.threadId)
    .text("gen_ai.agent.id", record.agentId);
  if (usage !== null) usageAttributes(attributes, usage);
}

function usageAttributes(attributes: Attributes, usage: Usage): void {
  attributes
    .int("gen_ai.usage.input_tokens", usage.input)
    .int("gen_ai.usage.output_tokens", usage.output)
    .int("gen_ai.usage.cache_read.input_tokens", usage.cachedInput)
    .int("gen_ai.usage.cache_creation.input_tokens", usage.cacheWriteInput)
    .int("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
}

/** What the conventions have no name for. */
function ownAttributes(attributes: Attributes, record: RequestRecord): void {
  attributes
    .text("amsterdam.record.id", record.id)
    .text("amsterdam.request.id", record.requestId)
    .text("amsterdam.run.id", record.runId)
    .text("amsterdam.request.parent_id", record.parentId)
    .text("amsterdam.key.id", record.keyId)
    .text("amsterdam.door", record.door)
    .text("amsterdam.route", record.route)
    .text("amsterdam.usage.source", record.usageSource)
    .double("amsterdam.cost.usd", record.cost?.usd ?? null)
    .texts("amsterdam.tags", record.tags)
    .texts("amsterdam.losses", record.losses)
    .texts(
      "amsterdam.template.ids",
      record.templates.flatMap(({ templateId }) => templateId ?? []),
    );
}

function attemptSpan(record: RequestRecord, index: number, serverOf: ServerOf): string {
  const attempt = record.attempts[index]!;
  const { provider, model: named } = namesIn(attempt.target);
  const operation = operationName(record.operation);
  const model = named ?? (operation === null ? null : record.model);
  const server = serverOf(attempt.target);
  const attributes = new Attributes();
  if (operation !== null)
    attributes
      .text("gen_ai.operation.name", operation)
      .text("gen_ai.provider.name", provider)
      .text("gen_ai.request.model", model);
  attributes
    .text("server.address", server?.address ?? null)
    .int("server.port", server?.port)
    .text("error.type", attempt.error)
    .int("http.response.status_code", attempt.status ?? undefined)
    .int("http.request.resend_count", index === 0 ? undefined : index);
  return spanJson({
    traceId: record.traceId,
    spanId: newSpanId(),
    parentSpanId: record.spanId,
    name: operation === null ? `${record.method} ${provider}` : nameOf(operation, model),
    kind: CLIENT,
    start: record.startedAt + attempt.startedAt,
    end: record.startedAt + Math.max(attempt.startedAt, attemptEnd(record, index)),
    attributes,
    failure: attempt.error === null ? null : safeText(attempt.message ?? attempt.error, MAX_MESSAGE),
  });
}
