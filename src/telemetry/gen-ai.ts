import type { Operation } from "../exchange/formats.ts";
import type { FinishReason } from "../exchange/response.ts";
import type { RequestRecord } from "../records/record.ts";
import { providerIn } from "./request-metrics.ts";

/**
 * The words of OpenTelemetry's semantic conventions for generative AI, in version 1.41.1: the last in which they stand
 * beside the general ones. Those of their own place since then have no release yet.
 */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.41.1";

const OPERATIONS: Readonly<Record<Operation, string | null>> = {
  generate: "chat",
  completions: "text_completion",
  embeddings: "embeddings",
  // The conventions have no word for it, and allow others.
  "count-tokens": "count_tokens",
  models: null,
  other: null,
};

/** `gen_ai.operation.name`; null for what is no call of a model. */
export function operationName(operation: Operation): string | null {
  return OPERATIONS[operation];
}

/** Providers whose name there is another than ours. */
const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ["gemini", "gcp.gemini"],
  ["xai", "x_ai"],
  ["mistral", "mistral_ai"],
  ["kimi", "moonshot_ai"],
]);

/** `gen_ai.provider.name` of the provider of that name; of an endpoint's target it is the host. */
export function providerName(provider: string): string {
  return PROVIDERS.get(provider) ?? provider;
}

const FINISH_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  "stop-sequence": "stop",
  length: "length",
  context: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "refusal",
  pause: "pause",
  other: "other",
};

/** One of `gen_ai.response.finish_reasons`. */
export function finishReason(finish: FinishReason): string {
  return FINISH_REASONS[finish];
}

/** Whom a target is of, and the model that it is asked for, as far as its name says. */
export interface TargetNames {
  readonly provider: string;
  readonly model: string | null;
}

/** Reads a target's name: `provider/model`, or an endpoint's URL. */
export function namesIn(target: string): TargetNames {
  const provider = providerIn(target);
  const isUrl = target.includes("://");
  return {
    provider: providerName(provider),
    model: isUrl ? null : target.slice(provider.length + 1) || null,
  };
}

/** Who served a request or failed to: the last that was asked; null where nobody was. */
export function providerOf({ provider, attempts }: RequestRecord): string | null {
  if (provider !== null) return providerName(provider);
  const last = attempts.at(-1);
  return last === undefined ? null : providerName(providerIn(last.target));
}

/** Milliseconds after the start at which an attempt ended: the last one goes on until the answer's last byte. */
export function attemptEnd({ attempts, durationMs }: RequestRecord, index: number): number {
  const { endedAt, error } = attempts[index]!;
  const isAnswer = index === attempts.length - 1 && error === null;
  return isAnswer ? durationMs : (endedAt ?? durationMs);
}
