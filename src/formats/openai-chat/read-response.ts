import { GatewayError } from "../../exchange/errors.ts";
import type { Part, TextPart } from "../../exchange/parts.ts";
import {
  arrayOf,
  countOf,
  isRecord,
  type JsonObject,
  numberOf,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { Choice, GenerateResponse } from "../../exchange/response.ts";
import { readUsage } from "../openai-usage.ts";
import { readAnnotations } from "./annotations.ts";
import { madeCallId, readAnswerCall } from "./calls.ts";
import { readToldError } from "./errors.ts";
import { readFinish } from "./finish.ts";
import { readLogprobs } from "./logprobs.ts";
import { extended } from "./own.ts";
import { readImages, readSpeech } from "./pictures.ts";
import { readThinking } from "./read-messages.ts";
import { readSignature, withoutSignature } from "./signatures.ts";
import { ownSeal, readThoughts } from "./thoughts.ts";

const RESPONSE = new Set(["id", "object", "created", "model", "choices", "usage", "service_tier"]);
const CHOICE = new Set(["index", "message", "finish_reason", "logprobs"]);
const MESSAGE = new Set([
  "role",
  "content",
  "refusal",
  "tool_calls",
  "function_call",
  "annotations",
  "audio",
  "images",
  "reasoning_content",
  "reasoning",
  "reasoning_details",
]);

/** Reads a whole answer. Throws a GatewayError: upstream_invalid, or upstream_error where it tells an error. */
export function readResponse(body: unknown): GenerateResponse {
  if (!isRecord(body)) throw new GatewayError("upstream_invalid", "The upstream's answer is no JSON object.");
  if (body.error !== undefined && body.error !== null) {
    const told = readToldError(body);
    throw new GatewayError("upstream_error", told.message, { status: told.status, told });
  }
  const choices = arrayOf(body.choices).filter(isRecord);
  if (choices.length === 0)
    throw new GatewayError("upstream_invalid", "The upstream's answer has no choices.");
  const usage = readUsage(body.usage);
  const created = numberOf(body.created);
  const serviceTier = stringOf(body.service_tier);
  return {
    id: stringOf(body.id) ?? "",
    model: stringOf(body.model) ?? "",
    ...(created === undefined ? {} : { createdAt: Math.trunc(created) }),
    choices: choices.map(readChoice).sort((a, b) => a.index - b.index),
    ...(usage === undefined ? {} : { usage }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...extended(answerMembers(body, usageMembers(body.usage))),
  };
}

/** Unknown members of an answer or a chunk, with what its usage says that the neutral form does not. */
export function answerMembers(body: JsonObject, usage: JsonObject | undefined): JsonObject | undefined {
  const rest = restOf(body, RESPONSE);
  return usage === undefined ? rest : { ...rest, usage };
}

const USAGE = new Set(["prompt_tokens", "completion_tokens", "total_tokens"]);
const PROMPT = new Set(["cached_tokens", "cache_write_tokens", "audio_tokens"]);
const COMPLETION = new Set(["reasoning_tokens", "audio_tokens"]);

/** What `usage` says besides the counts that the neutral form has. */
export function usageMembers(value: unknown): JsonObject | undefined {
  if (!isRecord(value)) return undefined;
  const rest = Object.entries(value).flatMap(([key, member]) => {
    if (USAGE.has(key)) return [];
    const known =
      key === "prompt_tokens_details" ? PROMPT : key === "completion_tokens_details" ? COMPLETION : null;
    const inner = known !== null && isRecord(member) ? restOf(member, known) : member;
    return inner === undefined ? [] : [[key, inner]];
  });
  return rest.length === 0 ? undefined : Object.fromEntries(rest);
}

function readChoice(choice: JsonObject, position: number): Choice {
  const message = isRecord(choice.message) ? choice.message : { content: choice.text };
  const parts = readParts(message);
  const logprobs = readLogprobs(choice.logprobs);
  const hasCalls = parts.some((part) => part.kind === "tool-call");
  return {
    index: countOf(choice.index) ?? position,
    parts,
    finish: readFinish(choice.finish_reason, hasCalls),
    ...(logprobs === undefined ? {} : { logprobs }),
    ...extended(choiceMembers(choice, message)),
  };
}

/** Unknown members of a choice, with its message's under `message`. */
function choiceMembers(choice: JsonObject, message: JsonObject): JsonObject | undefined {
  const rest = restOf(choice, CHOICE);
  const inner = withoutSignature(restOf(message, MESSAGE));
  return inner === undefined ? rest : { ...rest, message: inner };
}

function readParts(message: JsonObject): Part[] {
  const calls = arrayOf(message.tool_calls).flatMap((call) => readAnswerCall(call, ownSeal) ?? []);
  const legacy = message.function_call;
  if (isRecord(legacy)) {
    const call = readAnswerCall({ id: madeCallId(), function: legacy }, ownSeal);
    if (call !== null) calls.push(call);
  }
  const refusal = stringOf(message.refusal) ?? "";
  return [
    ...readThoughts(message, ownSeal),
    ...readSpoken(message),
    ...(refusal === "" ? [] : [{ kind: "refusal" as const, text: refusal }]),
    ...readImages(message.images),
    ...readSpeech(message.audio),
    ...calls,
  ];
}

/** The words, with Mistral's thoughts among them. */
function readSpoken(message: JsonObject): Part[] {
  const { content } = message;
  const parts: Part[] = [];
  if (typeof content === "string") addText(parts, content);
  for (const part of arrayOf(content).filter(isRecord)) {
    if (part.type === "thinking") parts.push(readThinking(part));
    else if (typeof part.text === "string") addText(parts, part.text);
    else if (typeof part.refusal === "string") parts.push({ kind: "refusal", text: part.refusal });
    else parts.push(...readImages([part]));
  }
  const at = parts.findLastIndex((part) => part.kind === "text");
  if (at >= 0) parts[at] = { ...(parts[at] as TextPart), ...aboutText(message) };
  return parts;
}

function addText(parts: Part[], text: string): void {
  if (text === "") return;
  const last = parts.at(-1);
  if (last?.kind === "text") parts[parts.length - 1] = { ...last, text: last.text + text };
  else parts.push({ kind: "text", text });
}

function aboutText(message: JsonObject): Pick<TextPart, "citations" | "seal"> {
  const citations = readAnnotations(message.annotations);
  const seal = readSignature(message, ownSeal);
  return {
    ...(citations.length === 0 ? {} : { citations }),
    ...(seal === undefined ? {} : { seal }),
  };
}
