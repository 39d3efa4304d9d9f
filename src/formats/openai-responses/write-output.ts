import type { Losses } from "../../exchange/losses.ts";
import type {
  MediaPart,
  NativePart,
  Part,
  ReasoningPart,
  RefusalPart,
  TextPart,
  ToolCallPart,
} from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import type { TokenLogprob } from "../../exchange/response.ts";
import { writeSeal } from "../../exchange/seals.ts";
import type { PartStart } from "../../exchange/stream.ts";
import { ItemIds } from "./item-ids.ts";
import { writeLogprobs } from "./logprobs.ts";
import { itemMembers, madeId, ownMembers } from "./own.ts";
import { beginSearch, searchArguments } from "./tool-search.ts";
import {
  type CustomToolCallItem,
  FORMAT,
  type FunctionCallItem,
  type ImageItem,
  type ItemStatus,
  type MessageItem,
  type OtherItem,
  type OutputItem,
  type OutputRefusal,
  type OutputText,
  type ReasoningItem,
  type ToolSearchCallItem,
} from "./wire.ts";
import { writeAnnotation } from "./write-content.ts";

type NewId = () => string;

/** Whether the next part goes on with the item that `open` belongs to: words of one message, thoughts with one id. */
export function continues(open: PartStart | null, next: PartStart): boolean {
  if (open === null || open.itemId !== next.itemId) return false;
  if (next.kind === "reasoning") return open.kind === "reasoning" && next.itemId !== undefined;
  return isWords(open) && isWords(next);
}

const isWords = ({ kind }: PartStart) => kind === "text" || kind === "refusal";

/** The item that a part begins, without content. */
export function beginItem(part: PartStart, newId: NewId): OutputItem {
  const status: ItemStatus = "in_progress";
  switch (part.kind) {
    case "text":
    case "refusal": {
      const id = part.itemId ?? madeId("msg", newId);
      return { type: "message", id, status, role: "assistant", content: [], ...itemMembers(part) };
    }
    case "reasoning":
      return { type: "reasoning", id: part.itemId ?? madeId("rs", newId), summary: [], ...itemMembers(part) };
    case "tool-call":
      return beginSearch(part, newId) ?? beginCall(part, newId);
  }
}

function beginCall(
  part: PartStart & { kind: "tool-call" },
  newId: NewId,
): FunctionCallItem | CustomToolCallItem {
  const prefix = part.custom === true ? "ctc" : "fc";
  const call = {
    id: part.itemId ?? madeId(prefix, newId),
    call_id: part.id,
    name: part.name,
    ...(part.namespace === undefined ? {} : { namespace: part.namespace }),
    status: "in_progress" as const,
    ...ownMembers(part),
  };
  return part.custom === true
    ? { type: "custom_tool_call", ...call, input: "" }
    : { type: "function_call", ...call, arguments: "" };
}

/** A part that comes whole, as an item: null where this API has none for it, which is told as a loss. */
export function wholeItem(
  part: MediaPart | NativePart,
  newId: NewId,
  losses: Losses,
): ImageItem | OtherItem | null {
  if (part.kind === "native") {
    if (part.format === FORMAT && isRecord(part.value))
      return { ...part.value, id: idIn(part.value, newId), type: part.type };
    losses.add(`answer: ${part.type}`);
    return null;
  }
  if (part.media === "image" && part.source.kind === "base64") {
    const own = ownMembers(part);
    const format = part.mimeType?.startsWith("image/")
      ? { output_format: part.mimeType.slice("image/".length) }
      : {};
    return {
      ...(own.type === undefined ? format : {}),
      status: "completed",
      ...own,
      type: "image_generation_call",
      id: idIn(own, newId),
      result: part.source.data,
    };
  }
  losses.add(`answer: ${part.media}`);
  return null;
}

function idIn(value: JsonObject, newId: NewId): string {
  return typeof value.id === "string" ? value.id : madeId("item", newId);
}

/** A message's part of text, with the citations that can be told. */
export function writeText(
  part: Pick<TextPart, "text" | "citations" | "extensions">,
  logprobs: readonly TokenLogprob[],
  losses: Losses,
): OutputText {
  const { item: _item, ...own } = ownMembers(part);
  const annotations = (part.citations ?? []).map((citation) => writeAnnotation(citation, part.text));
  if (annotations.includes(null)) losses.add("answer: citations that lead to no page");
  return {
    type: "output_text",
    text: part.text,
    annotations: annotations.filter((each) => each !== null),
    logprobs: writeLogprobs(logprobs),
    ...own,
  };
}

/** Whether a thought is told as the model's own words and not as a summary, which is what clients show. */
export function isFull(part: PartStart): boolean {
  return ownMembers(part).type === "reasoning_text";
}

/** The items of an answer's parts; the last has `status`, the others are completed. */
export function writeItems(
  parts: readonly Part[],
  logprobs: readonly TokenLogprob[],
  status: ItemStatus,
  newId: NewId,
  losses: Losses,
): OutputItem[] {
  const items: OutputItem[] = [];
  let open: PartStart | null = null;
  let told = logprobs;
  for (const part of parts) {
    if (part.kind === "tool-result") continue;
    if (part.kind === "media" || part.kind === "native") {
      const item = wholeItem(part, newId, losses);
      if (item !== null) items.push(item);
      open = null;
      continue;
    }
    if (!continues(open, part)) items.push(beginItem(part, newId));
    open = part;
    addTo(items.at(-1) as OutputItem, part, told, losses);
    if (part.kind === "text") told = [];
  }
  const ids = new ItemIds();
  return items.map((item, i) =>
    ended(ids.unique(item, newId), i === items.length - 1 ? status : "completed"),
  );
}

/** Log probabilities go with the first text, whose words they are. */
function addTo(
  item: OutputItem,
  part: TextPart | RefusalPart | ReasoningPart | ToolCallPart,
  logprobs: readonly TokenLogprob[],
  losses: Losses,
): void {
  switch (part.kind) {
    case "text":
      (item as MessageItem).content.push(writeText(part, logprobs, losses));
      return;
    case "refusal":
      (item as MessageItem).content.push(writeRefusal(part.text));
      return;
    case "reasoning":
      addReasoning(item as ReasoningItem, part);
      return;
    case "tool-call":
      if (item.type === "tool_search_call")
        (item as ToolSearchCallItem).arguments = searchArguments(part.arguments);
      else if (part.custom === true) (item as CustomToolCallItem).input = part.arguments;
      else (item as FunctionCallItem).arguments = part.arguments;
  }
}

export function writeRefusal(text: string): OutputRefusal {
  return { type: "refusal", refusal: text };
}

function addReasoning(item: ReasoningItem, part: ReasoningPart): void {
  const type = isFull(part) ? "reasoning_text" : "summary_text";
  if (part.text !== "") addThought(item, { type, text: part.text });
  if (part.seal !== undefined) item.encrypted_content = writeSeal(part.seal, FORMAT);
}

/** Puts a thought's text to those of its kind. */
export function addThought(
  item: ReasoningItem,
  thought: { readonly type: "summary_text" | "reasoning_text"; readonly text: string },
): void {
  const { type, text } = thought;
  if (type === "summary_text") item.summary.push({ type, text });
  else item.content = [...(item.content ?? []), { type, text }];
}

const WITH_STATUS: ReadonlySet<string> = new Set([
  "message",
  "function_call",
  "custom_tool_call",
  "tool_search_call",
]);

/** The item with the status that it ends in, where it is one that has any. */
export function ended(item: OutputItem, status: ItemStatus): OutputItem {
  const { type } = item;
  return WITH_STATUS.has(type) ? ({ ...item, status } as OutputItem) : item;
}
