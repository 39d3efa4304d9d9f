import { isRecord, type JsonObject, numberOf, stringOf } from "../../exchange/read.ts";
import type { GenerateRequest, Message } from "../../exchange/request.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import type { AnswerContext } from "../codec.ts";
import { madeId, ownMembers } from "./own.ts";
import type { ResponseObject } from "./wire.ts";
import { writeMessage } from "./write-input.ts";
import { writeFormat } from "./write-request.ts";
import { writeToolSettings, writeTools } from "./write-tools.ts";

const SERVICE_TIERS: ReadonlySet<string> = new Set(["auto", "default", "flex", "scale", "priority", "fast"]);

/** What an answer is known by when it begins. */
type Start = Pick<GenerateResponse, "id" | "createdAt" | "serviceTier" | "extensions">;

/**
 * The response object as it is when an answer begins: in progress, without output. It tells the request's settings back,
 * and where it said nothing the API's defaults; what a provider of this format told of them goes before both.
 */
export function beginResponse(start: Start, context: AnswerContext): ResponseObject {
  const { request, model } = context;
  const { usage: _usage, completed_at: _at, ...own } = ownMembers(start);
  const begun: ResponseObject = {
    id: start.id.startsWith("resp_") ? start.id : madeId("resp", context.newId),
    object: "response",
    created_at: start.createdAt ?? context.now(),
    completed_at: null,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    model,
    output: [],
    usage: null,
    ...settingsOf(request, context),
    service_tier: tierOf(start.serviceTier),
  };
  return toldOver(begun, own);
}

/** The response with what a provider told of it; null says nothing where the format wants a value. */
export function toldOver<T extends object>(response: T, own: JsonObject): T {
  const told = Object.entries(own).filter(
    ([key, value]) => value !== null || ((response as JsonObject)[key] ?? null) === null,
  );
  return { ...response, ...Object.fromEntries(told) };
}

/** A tier of another API has no name here. */
export function tierOf(serviceTier: string | undefined): string {
  return serviceTier !== undefined && SERVICE_TIERS.has(serviceTier) ? serviceTier : "default";
}

type Settings = Omit<
  ResponseObject,
  | "id"
  | "object"
  | "created_at"
  | "completed_at"
  | "status"
  | "error"
  | "incomplete_details"
  | "model"
  | "output"
  | "usage"
  | "service_tier"
>;

function settingsOf(request: GenerateRequest, context: AnswerContext): Settings {
  const own = ownMembers(request);
  return {
    background: own.background === true,
    ...(own.conversation === undefined || own.conversation === null
      ? {}
      : { conversation: conversationOf(own.conversation) }),
    instructions: instructionsOf(request, context),
    max_output_tokens: request.maxOutputTokens ?? null,
    max_tool_calls: numberOf(own.max_tool_calls) ?? null,
    parallel_tool_calls: request.parallelToolCalls ?? true,
    previous_response_id: stringOf(own.previous_response_id) ?? null,
    presence_penalty: request.presencePenalty ?? 0,
    frequency_penalty: request.frequencyPenalty ?? 0,
    prompt_cache_key: request.promptCacheKey ?? null,
    reasoning: reasoningOf(request),
    safety_identifier: stringOf(own.safety_identifier) ?? null,
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: textOf(request),
    tool_choice: (writeToolSettings(request).tool_choice ?? "auto") as ResponseObject["tool_choice"],
    tools: writeTools(request.tools, context.losses).map(toldBack),
    top_logprobs: request.logprobs?.top ?? 0,
    top_p: request.topP ?? 1,
    truncation: stringOf(own.truncation) ?? "disabled",
    metadata: request.metadata ?? {},
  };
}

function conversationOf(conversation: unknown): unknown {
  return typeof conversation === "string" ? { id: conversation } : conversation;
}

function instructionsOf(request: GenerateRequest, context: AnswerContext): ResponseObject["instructions"] {
  const messages = request.messages.filter((message) => ownMembers(message).instructions === true);
  const [first] = messages;
  if (first === undefined) return null;
  return messages.length === 1 ? (onlyText(first) ?? items(messages, context)) : items(messages, context);
}

function onlyText({ parts }: Message): string | undefined {
  return parts.length === 1 && parts[0]?.kind === "text" ? parts[0].text : undefined;
}

const items = (messages: readonly Message[], { losses }: AnswerContext) =>
  messages.flatMap((message) => writeMessage(message, "instructions", losses));

function reasoningOf({ reasoning, extensions }: GenerateRequest): JsonObject {
  const { reasoning: own } = ownMembers(extensions === undefined ? {} : { extensions });
  const { summary } = reasoning ?? {};
  return {
    ...(isRecord(own) ? own : {}),
    effort: reasoning?.effort ?? null,
    summary: summary === undefined || summary === "none" ? null : summary,
  };
}

function textOf(request: GenerateRequest): JsonObject {
  const { output, verbosity } = request;
  const { text: own } = ownMembers(request);
  const { format: ownFormat, ...members } = isRecord(own) ? own : {};
  const format = output === undefined ? undefined : writeFormat(output, isRecord(ownFormat) ? ownFormat : {});
  const isSchema = format?.type === "json_schema";
  return {
    ...members,
    format: isSchema
      ? { description: null, strict: false, ...format }
      : (format ?? (isRecord(ownFormat) ? ownFormat : { type: "text" })),
    ...(verbosity === undefined ? {} : { verbosity }),
  };
}

/** A tool as answers tell it: a function with all of its members, `strict` true where it was left out (measured). */
function toldBack(tool: JsonObject): JsonObject {
  if (tool.type === "function")
    return {
      description: null,
      parameters: null,
      ...tool,
      strict: tool.strict === undefined || tool.strict === true,
    };
  if (tool.type === "namespace" && Array.isArray(tool.tools))
    return { ...tool, tools: tool.tools.map(toldBack) };
  return tool;
}
