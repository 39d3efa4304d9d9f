import type { Usage } from "../../exchange/usage.ts";
import type { UsedTemplate } from "../../prompts/used-template.ts";
import { variantLabel } from "../../records/decision.ts";
import type { RequestRecord } from "../../records/record.ts";
import { finishReason, operationName, providerOf } from "../gen-ai.ts";
import { safeText } from "../redact.ts";
import { Attributes } from "./attributes.ts";
import type { SaidMessages } from "./messages.ts";
import { keyOf, MAX_MESSAGE, SERVER, type SharedPart, spanJson } from "./span.ts";

/** The span of a request: what the gateway did for its client, whose own span is the parent. */
export function requestSpan(record: RequestRecord, said: SaidMessages | null): string {
  const { error, startedAt } = record;
  const provider = providerOf(record);
  const key = keyOf(
    "request",
    record.operation,
    provider,
    record.requestedModel,
    record.model,
    record.stream,
    record.finish,
    error,
    record.method,
    record.path,
    record.status,
    record.keyId,
    record.door,
    record.route,
    record.usageSource,
  );
  return spanJson(key, () => sharedPart(record, provider), {
    traceId: record.traceId,
    spanId: record.spanId,
    parentSpanId: record.parentSpanId,
    start: startedAt,
    end: startedAt + record.durationMs,
    attributes: ownAttributes(record, said).list,
    failure: error === null ? null : safeText(record.cause ?? error, MAX_MESSAGE),
  });
}

function sharedPart(record: RequestRecord, provider: string | null): SharedPart {
  const operation = operationName(record.operation);
  const asked = record.requestedModel ?? record.model;
  const attributes = new Attributes();
  if (operation !== null) genAiAttributes(attributes, operation, provider, record);
  attributes
    .text("error.type", record.error ?? (record.status >= 500 ? String(record.status) : null))
    .text("http.request.method", record.method)
    .text("url.path", record.path)
    .text("url.scheme", "http")
    .int("http.response.status_code", record.status === 0 ? undefined : record.status)
    .text("amsterdam.key.id", record.keyId)
    .text("amsterdam.door", record.door)
    .text("amsterdam.route", record.route)
    .text("amsterdam.usage.source", record.usageSource);
  return {
    name: spanName(operation, asked, record.method, record.door),
    kind: SERVER,
    attributes: attributes.list,
  };
}

/** `chat gpt-5`; of what is no call of a model, `GET /v1/openai`. */
export function spanName(
  operation: string | null,
  model: string | null,
  method: string,
  place: string,
): string {
  if (operation === null) return `${method} ${place}`;
  return model === null ? operation : `${operation} ${model}`;
}

function genAiAttributes(
  attributes: Attributes,
  operation: string,
  provider: string | null,
  { requestedModel, model, stream, finish, error, status }: RequestRecord,
): void {
  attributes
    .text("gen_ai.operation.name", operation)
    .text("gen_ai.provider.name", provider)
    .text("gen_ai.request.model", requestedModel ?? model)
    .flag("gen_ai.request.stream", stream)
    .text("gen_ai.response.model", error === null && status < 400 ? model : null)
    .texts("gen_ai.response.finish_reasons", finish === null ? [] : [finishReason(finish)]);
}

function ownAttributes(record: RequestRecord, said: SaidMessages | null): Attributes {
  const { usage, firstTokenMs, templates, decisions } = record;
  const attributes = new Attributes();
  if (operationName(record.operation) !== null)
    attributes
      .double("gen_ai.response.time_to_first_chunk", firstTokenMs === null ? null : firstTokenMs / 1000)
      .text("gen_ai.conversation.id", record.threadId)
      .text("gen_ai.agent.id", record.agentId);
  attributes
    .text("amsterdam.record.id", record.id)
    .text("amsterdam.request.id", record.requestId)
    .text("amsterdam.run.id", record.runId)
    .text("amsterdam.request.parent_id", record.parentId)
    .double("amsterdam.cost.usd", record.cost?.usd ?? null)
    .texts("amsterdam.tags", record.tags)
    .texts("amsterdam.losses", record.losses);
  if (usage !== null && operationName(record.operation) !== null) usageAttributes(attributes, usage);
  if (templates.length > 0) templateAttributes(attributes, templates);
  if (decisions.length > 0) attributes.texts("amsterdam.variants", decisions.map(variantLabel));
  if (said !== null)
    attributes.longText("gen_ai.input.messages", said.input).longText("gen_ai.output.messages", said.output);
  return attributes;
}

/** A version of each template in the same place as its id, an empty text where none has a name. */
function templateAttributes(attributes: Attributes, templates: readonly UsedTemplate[]): void {
  const named = templates.filter(({ templateId }) => templateId !== null);
  attributes.texts(
    "amsterdam.template.ids",
    named.map(({ templateId }) => templateId ?? ""),
  );
  if (named.some(({ version }) => version !== null))
    attributes.texts(
      "amsterdam.template.versions",
      named.map(({ version }) => version ?? ""),
    );
}

function usageAttributes(attributes: Attributes, usage: Usage): void {
  attributes
    .int("gen_ai.usage.input_tokens", usage.input)
    .int("gen_ai.usage.output_tokens", usage.output)
    .int("gen_ai.usage.cache_read.input_tokens", usage.cachedInput)
    .int("gen_ai.usage.cache_creation.input_tokens", usage.cacheWriteInput)
    .int("gen_ai.usage.reasoning.output_tokens", usage.reasoning);
}
