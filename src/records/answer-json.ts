import { type AnswerFacts, unusualTier } from "../exchange/answer-facts.ts";
import type { Format } from "../exchange/formats.ts";
import { arrayOf, isRecord, type JsonObject, recordOf, stringOf } from "../exchange/read.ts";
import type { FinishReason } from "../exchange/response.ts";
import type { Usage } from "../exchange/usage.ts";
import { finishOf as anthropicFinish } from "../formats/anthropic-messages/stop-reason.ts";
import { readUsage as anthropicUsage } from "../formats/anthropic-messages/usage.ts";
import { readFinish as geminiFinish } from "../formats/gemini/finish.ts";
import { readUsage as geminiUsage } from "../formats/gemini/usage.ts";
import { readFinish as chatFinish } from "../formats/openai-chat/finish.ts";
import { finishOf as responsesFinish } from "../formats/openai-responses/read-response.ts";
import { readUsage as responsesUsage } from "../formats/openai-responses/usage.ts";
import { readUsage as chatUsage } from "../formats/openai-usage.ts";
import { JsonSyntaxError, skipSpace, skipValue } from "../lib/json-scan.ts";

/** What a record needs of a format's whole answers: a third of the work of reading one whole. */
interface AnswerReader {
  /** Name of the member that holds the counts. */
  readonly usageKey: string;
  usage(value: JsonObject): Usage | undefined;
  model(body: JsonObject): string | undefined;
  /** As the provider names it. */
  tier(body: JsonObject): unknown;
  /** Null where the body is no answer. */
  finish(body: JsonObject): FinishReason | null;
}

const READERS: Record<Format, AnswerReader> = {
  "openai-chat": {
    usageKey: "usage",
    usage: chatUsage,
    model: (body) => stringOf(body.model),
    tier: (body) => body.service_tier,
    finish(body) {
      const choice = firstOf(body.choices);
      if (choice === undefined) return null;
      const message = recordOf(choice.message);
      const hasCalls = arrayOf(message?.tool_calls).length > 0 || isRecord(message?.function_call);
      return chatFinish(choice.finish_reason, hasCalls);
    },
  },
  "openai-responses": {
    usageKey: "usage",
    usage: responsesUsage,
    model: (body) => stringOf(body.model),
    tier: (body) => body.service_tier,
    finish: (body) =>
      Array.isArray(body.output) ? responsesFinish(body, body.output.flatMap(kindOfItem)).finish : null,
  },
  "anthropic-messages": {
    usageKey: "usage",
    usage: anthropicUsage,
    model: (body) => stringOf(body.model),
    tier: (body) => recordOf(body.usage)?.service_tier,
    finish: (body) => (Array.isArray(body.content) ? anthropicFinish(body.stop_reason) : null),
  },
  gemini: {
    usageKey: "usageMetadata",
    usage: geminiUsage,
    model: (body) => stringOf(body.modelVersion),
    tier: (body) => recordOf(body.usageMetadata)?.serviceTier,
    finish(body) {
      const candidate = firstOf(body.candidates);
      if (candidate === undefined)
        return recordOf(body.promptFeedback)?.blockReason === undefined ? null : "content-filter";
      const parts = arrayOf(recordOf(candidate.content)?.parts);
      const hasCalls = parts.some((part) => isRecord(part) && isRecord(part.functionCall));
      return geminiFinish(stringOf(candidate.finishReason), hasCalls);
    },
  },
};

function firstOf(list: unknown): JsonObject | undefined {
  const items = arrayOf(list).filter(isRecord);
  return items.find((item) => (item.index ?? 0) === 0) ?? items[0];
}

function kindOfItem(item: unknown): { kind: "tool-call" | "refusal" }[] {
  if (!isRecord(item)) return [];
  if (item.type === "function_call" || item.type === "custom_tool_call") return [{ kind: "tool-call" }];
  const refused = arrayOf(item.content).some((part) => isRecord(part) && part.type === "refusal");
  return refused ? [{ kind: "refusal" }] : [];
}

/** Whether an answer says only that the model is still at work, or has yet to begin: nothing is used up by it. */
export function isPending(format: Format, { status }: JsonObject): boolean {
  return format === "openai-responses" && (status === "queued" || status === "in_progress");
}

/** The facts of a whole answer's parsed body, but for what it said. */
export function factsOfJson(format: Format, body: JsonObject): Omit<AnswerFacts, "uncounted" | "complete"> {
  const reader = READERS[format];
  const usage = recordOf(body[reader.usageKey]);
  return {
    model: reader.model(body) || null,
    finish: reader.finish(body),
    usage: usage === undefined ? undefined : reader.usage(usage),
    serviceTier: unusualTier(stringOf(reader.tier(body))),
  };
}

/**
 * The counts that stand last in text of which the beginning, the end or both may be missing; undefined where there are
 * none. The text is JSON, or holds it.
 */
export function lastUsageIn(format: Format, text: Buffer): Usage | undefined {
  const { usageKey, usage } = READERS[format];
  const needle = `"${usageKey}"`;
  for (let at = text.lastIndexOf(needle); at >= 0; at = at === 0 ? -1 : text.lastIndexOf(needle, at - 1)) {
    const value = objectAfter(text, at + needle.length);
    const read = value === null ? undefined : usage(value);
    if (read?.input !== undefined || read?.output !== undefined) return read;
  }
  return undefined;
}

/** The object after a colon; null where there is none, or not all of it. */
function objectAfter(text: Buffer, at: number): JsonObject | null {
  const colon = skipSpace(text, at);
  const start = skipSpace(text, colon + 1);
  if (text[colon] !== 0x3a || text[start] !== 0x7b) return null;
  try {
    return JSON.parse(text.toString("utf8", start, skipValue(text, start)));
  } catch (error) {
    if (error instanceof JsonSyntaxError || error instanceof SyntaxError) return null;
    throw error;
  }
}
