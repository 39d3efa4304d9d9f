import type { Losses } from "../../exchange/losses.ts";
import type {
  MediaPart,
  NativePart,
  Part,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type { Message } from "../../exchange/request.ts";
import { writeSeal } from "../../exchange/seals.ts";
import { itemMembers, knownId, ownMembers } from "./own.ts";
import { FORMAT } from "./wire.ts";
import { writeAnnotation, writeContent } from "./write-content.ts";

type Words = TextPart | RefusalPart;

/** The items of a message, in its order; `at` names it in the request. */
export function writeMessage(message: Message, at: string, losses: Losses): JsonObject[] {
  if (message.name !== undefined) losses.add(`${at}.name`);
  return message.role === "assistant" ? writeTurn(message, at, losses) : writeOthers(message, at, losses);
}

/** What others than the assistant say: one message, and the items that stand beside it. */
function writeOthers(message: Message, at: string, losses: Losses): JsonObject[] {
  const { instructions: _place, uncalled, ...own } = ownMembers(message);
  if (isRecord(uncalled)) return [uncalled];
  const items: JsonObject[] = [];
  const content: (TextPart | MediaPart)[] = [];
  for (const [i, part] of message.parts.entries()) {
    const place = `${at}.parts[${i}]`;
    if (part.kind === "text" || part.kind === "media") content.push(part);
    else if (part.kind === "tool-result") items.push(writeResult(part, place, losses));
    else if (part.kind === "native") items.push(...writeNative(part, place, losses));
    else losses.add(`${place}: ${part.kind}`);
  }
  const says = content.length > 0 || message.parts.length === 0;
  if (!says || message.role === "tool") return items;
  const written = writeContent(content, at, losses);
  return [...items, { type: "message", role: message.role, content: written, ...own }];
}

function writeResult(part: ToolResultPart, at: string, losses: Losses): JsonObject {
  const { search, ...own } = ownMembers(part);
  if (isRecord(search)) return search;
  if (part.isError === true) losses.add("messages: that a tool failed");
  return {
    type: part.custom === true ? "custom_tool_call_output" : "function_call_output",
    call_id: part.callId,
    output: writeContent(part.parts, at, losses),
    ...own,
  };
}

/** What the assistant thought, said and called, item by item. */
function writeTurn(message: Message, at: string, losses: Losses): JsonObject[] {
  const items: JsonObject[] = [];
  const { parts } = message;
  for (let i = 0; i < parts.length; ) {
    const part = parts[i] as Part;
    const place = `${at}.parts[${i}]`;
    if (part.kind === "text" || part.kind === "refusal") {
      const words = run(parts, i, (next): next is Words => next.kind === "text" || next.kind === "refusal");
      items.push(writeWords(words, message));
      i += words.length;
    } else if (part.kind === "reasoning") {
      const thoughts = run(parts, i, (next): next is ReasoningPart => next.kind === "reasoning");
      items.push(...writeThoughts(thoughts, losses));
      i += thoughts.length;
    } else {
      items.push(...writeOther(part, place, losses));
      i++;
    }
  }
  return items;
}

/** The parts from `from` on that are of one item: of the kind, with the same id. Thoughts without an id stand alone. */
function run<T extends Words | ReasoningPart>(
  parts: readonly Part[],
  from: number,
  fits: (part: Part) => part is T,
): T[] {
  const found: T[] = [];
  for (let i = from; i < parts.length; i++) {
    const part = parts[i] as Part;
    if (!fits(part) || part.itemId !== (found[0] ?? part).itemId) break;
    if (found.length > 0 && part.kind === "reasoning" && part.itemId === undefined) break;
    found.push(part);
  }
  return found;
}

function writeWords(words: readonly Words[], message: Message): JsonObject {
  const [first] = words;
  const id = knownId(first?.itemId);
  const phase = message.phase === undefined ? {} : { phase: message.phase };
  // Of an answer's part, what was said of its item; of a request's message, what was said of the message.
  const own = { ...(first === undefined ? {} : itemMembers(first)), ...ownMembers(message) };
  const plain = words.length === 1 && first?.kind === "text" && id === undefined && isPlain(first);
  return {
    type: "message",
    role: "assistant",
    ...(id === undefined ? {} : { id }),
    content: plain ? first.text : words.map(writeWord),
    ...phase,
    ...own,
  };
}

function isPlain(part: TextPart): boolean {
  const { item: _item, ...own } = ownMembers(part);
  return part.citations === undefined && Object.keys(own).length === 0;
}

function writeWord(part: Words): JsonObject {
  if (part.kind === "refusal") return { type: "refusal", refusal: part.text };
  const { item: _item, ...own } = ownMembers(part);
  const annotations = (part.citations ?? []).map((each) => writeAnnotation(each, part.text));
  return {
    type: "output_text",
    text: part.text,
    annotations: annotations.filter((each) => each !== null),
    ...own,
  };
}

/**
 * A reasoning item: its seal, or the id by which the provider knows it. Without either it says nothing to the provider,
 * which refuses an item that it did not make.
 */
function writeThoughts(thoughts: readonly ReasoningPart[], losses: Losses): JsonObject[] {
  const [first] = thoughts;
  const seal = thoughts.at(-1)?.seal;
  const id = knownId(first?.itemId);
  const isOwn = first?.extensions?.[FORMAT] !== undefined && !isMade(first);
  if (first === undefined || (seal === undefined && id === undefined && !isOwn)) {
    losses.add("messages: reasoning");
    return [];
  }
  const readable = thoughts.filter(({ text }) => text !== "");
  const full = readable.filter((part) => ownMembers(part).type === "reasoning_text");
  const summary = readable.filter((part) => ownMembers(part).type !== "reasoning_text");
  return [
    {
      type: "reasoning",
      ...(id === undefined ? {} : { id }),
      ...itemMembers(first),
      summary: summary.map(({ text }) => ({ type: "summary_text", text })),
      ...(full.length === 0 ? {} : { content: full.map(({ text }) => ({ type: "reasoning_text", text })) }),
      ...(seal === undefined ? {} : { encrypted_content: writeSeal(seal, FORMAT) }),
    },
  ];
}

const isMade = (part: ReasoningPart) => part.itemId !== undefined && knownId(part.itemId) === undefined;

function writeOther(part: Exclude<Part, Words | ReasoningPart>, at: string, losses: Losses): JsonObject[] {
  switch (part.kind) {
    case "tool-call":
      return [writeCall(part)];
    case "native":
      return writeNative(part, at, losses);
    case "tool-result":
      return [writeResult(part, at, losses)];
    case "media": {
      const own = ownMembers(part);
      if (own.type === "image_generation_call" && part.source.kind === "base64")
        return [{ ...own, result: part.source.data }];
      losses.add(`${at}: ${part.media} of the assistant`);
      return [];
    }
  }
}

function writeCall(part: ToolCallPart): JsonObject {
  const { search, ...own } = ownMembers(part);
  if (isRecord(search)) return search;
  const id = knownId(part.itemId);
  return {
    type: part.custom === true ? "custom_tool_call" : "function_call",
    ...(id === undefined ? {} : { id }),
    call_id: part.id,
    name: part.name,
    ...(part.namespace === undefined ? {} : { namespace: part.namespace }),
    [part.custom === true ? "input" : "arguments"]: part.arguments,
    ...own,
  };
}

function writeNative(part: NativePart, at: string, losses: Losses): JsonObject[] {
  if (part.format === FORMAT && isRecord(part.value)) return [part.value];
  losses.add(`${at}: ${part.type}`);
  return [];
}
