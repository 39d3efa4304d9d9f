import type { Losses } from "../../exchange/losses.ts";
import type { Part, TextPart } from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { Choice, GenerateResponse } from "../../exchange/response.ts";
import type { Usage } from "../../exchange/usage.ts";
import type { AnswerContext } from "../codec.ts";
import { writeUsage } from "../openai-usage.ts";
import { writeAnnotation } from "./annotations.ts";
import { writeCall } from "./calls.ts";
import { writeFinish } from "./finish.ts";
import { writeLogprobs } from "./logprobs.ts";
import { ownMembers } from "./own.ts";
import { writeMedia } from "./pictures.ts";
import { withSignature } from "./signatures.ts";
import { joinThoughts, writeEntries } from "./thoughts.ts";
import { tierOf } from "./tiers.ts";

/** The body of a whole answer. */
export function writeResponse(response: GenerateResponse, context: AnswerContext): object {
  const { usage: ownUsage, ...own } = ownMembers(response) ?? {};
  const tier = tierOf(response.serviceTier);
  return {
    id: answerId(response.id, context),
    object: "chat.completion",
    created: response.createdAt ?? context.now(),
    model: context.model,
    choices: response.choices.map((choice) => writeChoice(choice, context)),
    ...(response.usage === undefined ? {} : { usage: mergedUsage(response.usage, ownUsage) }),
    ...(tier === undefined ? {} : { service_tier: tier }),
    ...own,
  };
}

/** The id of an answer of this API, or a new one. */
export function answerId(id: string, context: AnswerContext): string {
  return id.startsWith("chatcmpl-") ? id : `chatcmpl-${context.newId()}`;
}

/** Whether the client asked with `functions`, of before there were tools, and understands no other calls. */
export function isLegacy(request: GenerateRequest): boolean {
  return Array.isArray(ownMembers(request)?.functions);
}

/** `usage` with what the provider said of it besides. */
export function mergedUsage(usage: Usage, own: unknown): object {
  const written: JsonObject = writeUsage(usage);
  if (!isRecord(own)) return written;
  const merged: Record<string, unknown> = { ...own, ...written };
  for (const [key, value] of Object.entries(own)) {
    if (isRecord(value) && isRecord(written[key])) merged[key] = { ...value, ...written[key] };
  }
  return merged;
}

function writeChoice(choice: Choice, context: AnswerContext): object {
  const { message: ownMessage, ...own } = ownMembers(choice) ?? {};
  const hasCalls = choice.parts.some((part) => part.kind === "tool-call");
  const refused = choice.parts.some((part) => part.kind === "refusal");
  const spoken = choice.parts.some((part) => part.kind === "text");
  return {
    index: choice.index,
    message: { ...writeMessage(choice.parts, context), ...(ownMessage as object | undefined) },
    logprobs: writeLogprobs(choice.logprobs, refused && !spoken),
    finish_reason: writeFinish(choice.finish, hasCalls, isLegacy(context.request)),
    ...own,
  };
}

function writeMessage(parts: readonly Part[], context: AnswerContext): object {
  const of = <K extends Part["kind"]>(kind: K) =>
    parts.filter((part): part is Extract<Part, { kind: K }> => part.kind === kind);
  const [texts, refusals, calls, thoughts] = [of("text"), of("refusal"), of("tool-call"), of("reasoning")];
  for (const part of of("native")) context.losses.add(`answer: ${part.type}`);
  const annotations = writeAnnotations(texts, context.losses);
  const told = joinThoughts(thoughts);
  const entries = thoughts.flatMap(writeEntries);
  const [call] = calls;
  const legacy = isLegacy(context.request);
  if (legacy && calls.length > 1) context.losses.add("answer: calls after the first");
  return {
    role: "assistant",
    content: texts.length === 0 ? null : texts.map((part) => part.text).join(""),
    refusal: refusals.length === 0 ? null : refusals.map((part) => part.text).join(""),
    ...(annotations.length === 0 ? {} : { annotations }),
    ...(told === "" ? {} : { reasoning_content: told }),
    ...(entries.length === 0 ? {} : { reasoning_details: entries }),
    ...writePictures(parts, context),
    ...(call === undefined
      ? {}
      : legacy
        ? { function_call: { name: call.name, arguments: call.arguments } }
        : { tool_calls: calls.map(writeCall) }),
    ...withSignature(undefined, texts.findLast((part) => part.seal !== undefined)?.seal),
  };
}

function writeAnnotations(texts: readonly TextPart[], losses: Losses): object[] {
  let offset = 0;
  return texts.flatMap(({ text, citations }) => {
    const start = offset;
    offset += text.length;
    return (citations ?? []).flatMap(
      (citation) => writeAnnotation(citation, start, text.length, losses) ?? [],
    );
  });
}

/** Pictures one after the other in one list; sound as it is. */
function writePictures(parts: readonly Part[], context: AnswerContext): object {
  const images: unknown[] = [];
  let audio: object = {};
  for (const part of parts) {
    if (part.kind !== "media") continue;
    const members = writeMedia(part, images.length, context);
    if (members === null) context.losses.add(`answer: ${part.media}`);
    else if (Array.isArray(members.images)) images.push(...members.images);
    else audio = members;
  }
  return { ...(images.length === 0 ? {} : { images }), ...audio };
}
