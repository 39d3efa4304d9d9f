import { z } from "zod";
import { FALLBACK_REASONS } from "../exchange/fallback.ts";
import type { Usage } from "../exchange/usage.ts";
import type { RequestRecord } from "../records/record.ts";
import { choiceJson, choiceShape } from "./request-choice.ts";
import { decisionJson, decisionShape, usedTemplateJson, usedTemplateShape } from "./request-templates.ts";
import { iso, MS_DIGITS, named, rounded, time, USD_DIGITS } from "./shape-parts.ts";

const ms = z.number().describe("Milliseconds.");
const tokens = z.int().min(0).nullable();

const usageShape = named(
  "Usage",
  z
    .object({
      input_tokens: tokens.describe("All of the prompt: cached and cache-written tokens included."),
      cached_input_tokens: tokens.describe("Of the input: read from the provider's cache."),
      cache_write_input_tokens: tokens.describe("Of the input: written to the provider's cache."),
      cache_write_1h_input_tokens: tokens.describe("Of those written to the cache: to be kept for an hour."),
      audio_input_tokens: tokens.describe("Of the input: sound."),
      cached_audio_input_tokens: tokens.describe("Of the input: sound that was read from the cache."),
      output_tokens: tokens.describe("All of the answer: thinking included."),
      reasoning_tokens: tokens.describe("Of the output: thinking."),
      audio_output_tokens: tokens.describe("Of the output: sound."),
      image_output_tokens: tokens.describe("Of the output: images."),
    })
    .describe("Tokens; null where nobody said how many."),
);

const costShape = named(
  "Cost",
  z.object({
    usd: z.number().describe("US dollars."),
    source: z
      .string()
      .describe("Where the price is from: `configuration`, or the price list with its version."),
    date: z.string().nullable().describe("Day as of which the price holds."),
  }),
);

const attemptShape = named(
  "Attempt",
  z
    .object({
      target: z.string().describe("What was tried, as `provider/model` or an address."),
      started_ms: ms.describe("Milliseconds after the request began."),
      ended_ms: ms.nullable().describe("Milliseconds after the request began; null of one that never ended."),
      status: z.int().nullable().describe("The upstream's status; null where none came."),
      error: z.string().nullable().describe("Code of the error."),
      message: z.string().nullable().describe("The upstream's own words where it failed."),
      reason: z
        .enum(FALLBACK_REASONS)
        .nullable()
        .describe(
          "Why another target may do better, as `fallback_on` of routes names it; null where none may.",
        ),
    })
    .describe("One try at one target."),
);

export const requestShape = named(
  "Request",
  z
    .object({
      id: z.string().describe("Of the record; sorts as the requests began."),
      request_id: z.string().describe("The client's own id of it, or the one answered as `x-request-id`."),
      duplicate: z.boolean().describe("Whether a request of this id was recorded before."),
      started_at: time,
      key_id: z.string().nullable(),
      door: z.string(),
      method: z.string(),
      path: z.string().describe("Without its query."),
      operation: z.enum(["generate", "count-tokens", "embeddings", "completions", "models", "other"]),
      client_format: z.string().nullable(),
      target_format: z.string().nullable(),
      stream: z.boolean(),
      provider: z.string().nullable(),
      requested_model: z.string().nullable(),
      model: z.string().nullable(),
      route: z.string().nullable(),
      agent_id: z.string().nullable(),
      run_id: z.string(),
      parent_id: z.string().nullable().describe("`request_id` of the request that it was made for."),
      thread_id: z.string().nullable(),
      tags: z.array(z.string()),
      templates: z.array(usedTemplateShape),
      decisions: z.array(decisionShape),
      choice: choiceShape.nullable().describe("Why its route sent it where it went; null without one."),
      status: z.int(),
      error: z.string().nullable().describe("Code of the error; null where it ended well."),
      category: z.string().nullable(),
      finish: z.string().nullable().describe("Why the answer ended."),
      duration_ms: ms,
      first_byte_ms: ms.nullable(),
      first_token_ms: ms.nullable(),
      longest_gap_ms: ms.nullable().describe("The longest time between two pieces of a stream."),
      usage: usageShape.nullable(),
      usage_source: z.enum(["provider", "partial", "estimated"]).nullable(),
      service_tier: z
        .string()
        .nullable()
        .describe("What it was served in and is priced by, as `flex`; null is the provider's usual tier."),
      cost: costShape.nullable().describe("Null where no price is known: that is not nothing."),
      request_bytes: z.int(),
      response_bytes: z.int(),
      trace_id: z.string(),
      span_id: z.string(),
      parent_span_id: z.string().nullable(),
      attempts: z.array(attemptShape),
      losses: z.array(z.string()).describe("What could not be expressed in the target's format."),
      cause: z.string().nullable().describe("What was behind an error."),
    })
    .describe("A finished request."),
);

export type RequestJson = z.output<typeof requestShape>;

/** A record as the management API, the export and `--json` show it. */
export function requestJson(record: RequestRecord): RequestJson {
  const { cost } = record;
  return {
    id: record.id,
    request_id: record.requestId,
    duplicate: record.duplicate,
    started_at: iso(record.startedAt),
    key_id: record.keyId,
    door: record.door,
    method: record.method,
    path: record.path,
    operation: record.operation,
    client_format: record.clientFormat,
    target_format: record.targetFormat,
    stream: record.stream,
    provider: record.provider,
    requested_model: record.requestedModel,
    model: record.model,
    route: record.route,
    agent_id: record.agentId,
    run_id: record.runId,
    parent_id: record.parentId,
    thread_id: record.threadId,
    tags: [...record.tags],
    templates: record.templates.map(usedTemplateJson),
    decisions: record.decisions.map(decisionJson),
    choice: record.choice && choiceJson(record.choice),
    status: record.status,
    error: record.error,
    category: record.category,
    finish: record.finish,
    duration_ms: rounded(record.durationMs, MS_DIGITS),
    first_byte_ms: msOrNull(record.firstByteMs),
    first_token_ms: msOrNull(record.firstTokenMs),
    longest_gap_ms: msOrNull(record.longestGapMs),
    usage: record.usage && usageJson(record.usage),
    usage_source: record.usageSource,
    service_tier: record.serviceTier,
    cost: cost && { usd: rounded(cost.usd, USD_DIGITS), source: cost.source, date: cost.date },
    request_bytes: record.requestBytes,
    response_bytes: record.responseBytes,
    trace_id: record.traceId,
    span_id: record.spanId,
    parent_span_id: record.parentSpanId,
    attempts: record.attempts.map((attempt) => ({
      target: attempt.target,
      started_ms: rounded(attempt.startedAt, MS_DIGITS),
      ended_ms: msOrNull(attempt.endedAt),
      status: attempt.status,
      error: attempt.error,
      message: attempt.message,
      reason: attempt.reason ?? null,
    })),
    losses: [...record.losses],
    cause: record.cause,
  };
}

function usageJson(usage: Usage): z.output<typeof usageShape> {
  return {
    input_tokens: usage.input ?? null,
    cached_input_tokens: usage.cachedInput ?? null,
    cache_write_input_tokens: usage.cacheWriteInput ?? null,
    cache_write_1h_input_tokens: usage.cacheWrite1hInput ?? null,
    audio_input_tokens: usage.audioInput ?? null,
    cached_audio_input_tokens: usage.cachedAudioInput ?? null,
    output_tokens: usage.output ?? null,
    reasoning_tokens: usage.reasoning ?? null,
    audio_output_tokens: usage.audioOutput ?? null,
    image_output_tokens: usage.imageOutput ?? null,
  };
}

function msOrNull(value: number | null): number | null {
  return value === null ? null : rounded(value, MS_DIGITS);
}
