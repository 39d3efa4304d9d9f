import type { RequestRecord } from "../../records/record.ts";
import { attemptEnd, namesIn, operationName } from "../gen-ai.ts";
import { safeText } from "../redact.ts";
import { newSpanId } from "../trace-context.ts";
import { Attributes } from "./attributes.ts";
import type { SaidMessages } from "./messages.ts";
import { requestSpan, spanName } from "./request-span.ts";
import type { ServerAddress } from "./server-of.ts";
import { CLIENT, keyOf, MAX_MESSAGE, type SharedPart, spanJson } from "./span.ts";

/** Where a target's server is; null where nobody knows. */
export type ServerOf = (target: string) => ServerAddress | null;

/**
 * The spans of a request, as texts of OTLP's JSON: its own, which is what the gateway did for its client, with the
 * client's span as the parent; and below it one for each attempt, which is the call of a provider.
 */
export function spansOf(record: RequestRecord, serverOf: ServerOf, said: SaidMessages | null): string[] {
  const spans = [requestSpan(record, said)];
  for (const index of record.attempts.keys()) spans.push(attemptSpan(record, index, serverOf));
  return spans;
}

const NONE: readonly never[] = [];

function attemptSpan(record: RequestRecord, index: number, serverOf: ServerOf): string {
  const { target, startedAt, error, status, message, reason } = record.attempts[index]!;
  const { operation, model, method } = record;
  const server = serverOf(target);
  const key = keyOf(
    "attempt",
    operation,
    target,
    model,
    method,
    server?.address,
    server?.port,
    error,
    reason,
    status,
    index,
  );
  return spanJson(key, () => sharedPart(record, index, server), {
    traceId: record.traceId,
    spanId: newSpanId(),
    parentSpanId: record.spanId,
    start: record.startedAt + startedAt,
    end: record.startedAt + Math.max(startedAt, attemptEnd(record, index)),
    attributes: NONE,
    failure: error === null ? null : safeText(message ?? error, MAX_MESSAGE),
  });
}

function sharedPart(record: RequestRecord, index: number, server: ServerAddress | null): SharedPart {
  const { target, error, status, reason } = record.attempts[index]!;
  const { provider, model: named } = namesIn(target);
  const operation = operationName(record.operation);
  const model = named ?? record.model;
  const attributes = new Attributes();
  if (operation !== null)
    attributes.text("gen_ai.operation.name", operation).text("gen_ai.request.model", model);
  attributes
    .text("gen_ai.provider.name", operation === null ? null : provider)
    .text("server.address", server?.address ?? null)
    .int("server.port", server?.port)
    .text("error.type", error)
    .text("amsterdam.fallback.reason", reason ?? null)
    .text("http.request.method", record.method)
    .int("http.response.status_code", status ?? undefined)
    .int("http.request.resend_count", index === 0 ? undefined : index);
  return {
    name: spanName(operation, model, record.method, provider),
    kind: CLIENT,
    attributes: attributes.list,
  };
}
