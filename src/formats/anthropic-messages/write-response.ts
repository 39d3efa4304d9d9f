import type { Losses } from "../../exchange/losses.ts";
import type { Part, ToolCallPart } from "../../exchange/parts.ts";
import { isRecord } from "../../exchange/read.ts";
import type { Choice, GenerateResponse } from "../../exchange/response.ts";
import type { AnswerContext } from "../codec.ts";
import { writeCitation } from "./citations.ts";
import { ownMembers } from "./extensions.ts";
import { joinedTexts } from "./joined-texts.ts";
import { writeReasoning } from "./reasoning-blocks.ts";
import { stopReasonOf } from "./stop-reason.ts";
import { usageOfMessage } from "./usage.ts";
import { type Block, FORMAT, type NativeBlock, type ToolUseBlock } from "./wire.ts";

/** Writes a whole answer with every member that the API's description requires. */
export function writeResponse(response: GenerateResponse, context: AnswerContext): object {
  const [choice, ...others] = response.choices;
  if (others.length > 0) context.losses.add("choices: all but the first");
  const { usage: usageRest, ...rest } = ownMembers(response.extensions);
  return {
    id: messageId(response.id, context),
    type: "message",
    role: "assistant",
    model: context.model,
    content: joinedTexts(choice?.parts ?? []).flatMap((part, index) =>
      writePart(part, `choices[0].parts[${index}]`, context.losses),
    ),
    ...writeStop(choice),
    diagnostics: null,
    ...rest,
    usage: usageOfMessage(response.usage, response.serviceTier, usageRest),
  };
}

/** The target's own id where it is of the API's kind. */
export function messageId(id: string, context: AnswerContext): string {
  return id.startsWith("msg_") ? id : `msg_${context.newId()}`;
}

function writeStop(choice: Choice | undefined): object {
  const parts = choice?.parts ?? [];
  return {
    stop_reason: stopReasonOf(choice?.finish ?? "other", {
      calls: parts.some((part) => part.kind === "tool-call"),
      refusal: parts.some((part) => part.kind === "refusal"),
    }),
    stop_sequence: choice?.stopSequence ?? null,
    stop_details: null,
    container: null,
    ...ownMembers(choice?.extensions),
  };
}

function writePart(part: Part, at: string, losses: Losses): Block[] {
  switch (part.kind) {
    case "text": {
      const citations = part.citations?.map(writeCitation) ?? null;
      if (part.text === "" && citations === null) return [];
      return [{ type: "text", text: part.text, citations, ...ownMembers(part.extensions) }];
    }
    case "refusal":
      return part.text === "" ? [] : [{ type: "text", text: part.text, citations: null }];
    case "reasoning":
      return [{ ...writeReasoning(part), ...ownMembers(part.extensions) }];
    case "tool-call":
      return [writeCall(part, at, losses)];
    case "native":
      if (part.format === FORMAT) return [part.value as NativeBlock];
      losses.add(`${at}: ${part.type}`);
      return [];
    case "media":
      losses.add(`${at}: ${part.media}`);
      return [];
    case "tool-result":
      return [];
  }
}

function writeCall(part: ToolCallPart, at: string, losses: Losses): ToolUseBlock {
  return {
    type: "tool_use",
    id: part.id,
    name: part.name,
    input: parsedInput(part.arguments, at, losses),
    caller: { type: "direct" },
    ...ownMembers(part.extensions),
  };
}

/** The API tells input as an object; what a model wrote otherwise, or was cut off in, has no place in it. */
function parsedInput(text: string, at: string, losses: Losses): object {
  try {
    const input: unknown = JSON.parse(text);
    if (isRecord(input)) return input;
  } catch {
    // Told below, as what is JSON but no object is.
  }
  losses.add(`${at}.arguments: no JSON object`);
  return {};
}
