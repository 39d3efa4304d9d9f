import type {
  Citation,
  MediaPart,
  NativePart,
  Part,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallPart,
} from "../../exchange/parts.ts";
import { arrayOf, countOf, isRecord, type JsonObject, restOf, stringOf } from "../../exchange/read.ts";
import { readSeal } from "../../exchange/seals.ts";
import { extended, ownMembers } from "./own.ts";
import { FORMAT } from "./wire.ts";

const ITEM_MEMBERS = ["type", "id"];
const MESSAGE_MEMBERS = new Set([...ITEM_MEMBERS, "role", "content", "status"]);
const FUNCTION_MEMBERS = new Set([...ITEM_MEMBERS, "call_id", "name", "namespace", "arguments"]);
const CUSTOM_MEMBERS = new Set([...ITEM_MEMBERS, "call_id", "name", "namespace", "input"]);
const REASONING_MEMBERS = new Set([...ITEM_MEMBERS, "summary", "encrypted_content"]);
const TEXT_MEMBERS = new Set(["type", "text", "annotations"]);
const ANNOTATION_MEMBERS = new Set(["type", "url", "title", "start_index", "end_index"]);

/**
 * Reads an item that a model made, in an answer or sent back in a request. What has the wrong type is as if it were not
 * there: whoever is to be strict looks first. An item of another kind is a native part.
 */
export function partsOfItem(item: JsonObject): Part[] {
  switch (item.type) {
    case "message":
      return partsOfMessage(item);
    case "reasoning":
      return partsOfReasoning(item);
    case "function_call":
    case "custom_tool_call":
      return [callOf(item)];
    case "image_generation_call":
      return [imageOf(item) ?? nativeOf(item)];
    default:
      return [nativeOf(item)];
  }
}

export function nativeOf(item: JsonObject): NativePart {
  return { kind: "native", format: FORMAT, type: stringOf(item.type) ?? "unknown", value: item };
}

/** The item's id, as a member of its parts. */
export function identified(item: JsonObject): { readonly itemId?: string } {
  return typeof item.id === "string" && item.id !== "" ? { itemId: item.id } : {};
}

/** What an answer's message has beside its content, such as `phase`. */
export function messageMembers(item: JsonObject): JsonObject | undefined {
  return restOf(item, MESSAGE_MEMBERS);
}

function partsOfMessage(item: JsonObject): Part[] {
  const own = messageMembers(item);
  return arrayOf(item.content)
    .filter(isRecord)
    .map((part) => answerPart(part, item, own));
}

/**
 * A part of an answer's message; `own` are the members of its item that go with it. A part of an unknown type becomes a
 * message of its own.
 */
export function answerPart(
  part: JsonObject,
  item: JsonObject,
  own: JsonObject | undefined,
): TextPart | RefusalPart | NativePart {
  // Log probabilities are told of the whole answer.
  const { logprobs: _told, ...rest } = part;
  const spoken = spokenPart(rest, item);
  if (spoken === null) return nativeOf({ ...item, content: [part] });
  if (own === undefined) return spoken;
  return { ...spoken, extensions: { [FORMAT]: { ...ownMembers(spoken), item: own } } };
}

/** A part of an assistant's message; null for one of an unknown type. */
export function spokenPart(part: JsonObject, item: JsonObject): TextPart | RefusalPart | null {
  if (part.type === "refusal")
    return { kind: "refusal", text: stringOf(part.refusal) ?? "", ...identified(item) };
  const text = stringOf(part.text);
  if (text === undefined) return null;
  const citations = arrayOf(part.annotations).map(citationOf);
  return {
    kind: "text",
    text,
    ...(citations.length === 0 ? {} : { citations }),
    ...identified(item),
    ...extended(restOf(part, TEXT_MEMBERS)),
  };
}

/** Annotations that lead to files rather than pages are kept whole beside what every citation has. */
export function citationOf(value: unknown): Citation {
  if (!isRecord(value)) return {};
  const isPage = value.type === "url_citation";
  const title = stringOf(isPage ? value.title : value.filename);
  const url = isPage ? stringOf(value.url) : undefined;
  const start = countOf(value.start_index);
  const end = countOf(value.end_index);
  return {
    ...(url === undefined ? {} : { url }),
    ...(title === undefined ? {} : { title }),
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
    ...extended(isPage ? restOf(value, ANNOTATION_MEMBERS) : value),
  };
}

export function callOf(item: JsonObject): ToolCallPart {
  const custom = item.type === "custom_tool_call";
  const text = stringOf(custom ? item.input : item.arguments) ?? "";
  return {
    kind: "tool-call",
    // A call that nobody can answer is worse than one with an id that is its item's.
    id: stringOf(item.call_id) ?? stringOf(item.id) ?? "",
    name: stringOf(item.name) ?? "",
    arguments: text === "" && !custom ? "{}" : text,
    ...(custom ? { custom } : {}),
    ...(typeof item.namespace === "string" ? { namespace: item.namespace } : {}),
    ...identified(item),
    ...extended(restOf(item, custom ? CUSTOM_MEMBERS : FUNCTION_MEMBERS)),
  };
}

/** What a reasoning item has beside its texts and seal. */
export function reasoningMembers(item: JsonObject): JsonObject | undefined {
  const { content, ...rest } = restOf(item, REASONING_MEMBERS) ?? {};
  return Array.isArray(content) && content.length === 0 ? { ...rest, content } : rest;
}

function partsOfReasoning(item: JsonObject): ReasoningPart[] {
  const texts = [...arrayOf(item.summary), ...arrayOf(item.content)]
    .filter(isRecord)
    .filter((part) => typeof part.text === "string" && part.text !== "");
  const parts = texts.map((part) => ({
    ...startOfThought(item, part.type === "reasoning_text"),
    text: part.text as string,
  }));
  const sealed =
    typeof item.encrypted_content === "string"
      ? { seal: readSeal(item.encrypted_content, FORMAT) }
      : undefined;
  const last = parts.pop();
  if (last !== undefined) return [...parts, { ...last, ...sealed }];
  const { summary: _none, ...start } = startOfThought(item, false);
  return [{ ...start, text: "", ...(sealed === undefined ? {} : { redacted: true, ...sealed }) }];
}

/** A thought without its text: `full` where the provider gives the thoughts themselves and no summary of them. */
export function startOfThought(item: JsonObject, full: boolean): Omit<ReasoningPart, "text" | "seal"> {
  const own = reasoningMembers(item);
  return {
    kind: "reasoning",
    ...(full ? {} : { summary: true }),
    ...identified(item),
    ...extended({
      ...(full ? { type: "reasoning_text" } : {}),
      ...(own === undefined || Object.keys(own).length === 0 ? {} : { item: own }),
    }),
  };
}

/** The image that a hosted tool made; null while there is none. */
function imageOf(item: JsonObject): MediaPart | null {
  const { result, ...rest } = item;
  if (typeof result !== "string" || result === "") return null;
  return {
    kind: "media",
    media: "image",
    mimeType: `image/${stringOf(item.output_format) ?? "png"}`,
    source: { kind: "base64", data: result },
    ...extended(rest),
  };
}
