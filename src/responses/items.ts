import { randomBytes } from "node:crypto";
import { isObject, type JsonObject, objectsOf, textOf } from "./json.ts";

/** A fresh id, as `resp_` and 48 hex digits. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString("hex")}`;
}

/** The prefixes that OpenAI's own ids of items have. */
const PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  reasoning: "rs",
  function_call: "fc",
  function_call_output: "fco",
  custom_tool_call: "ctc",
  custom_tool_call_output: "ctco",
};

/** A request's `input` as items: text is a user's message. */
export function inputItems(input: unknown): JsonObject[] {
  const text = textOf(input);
  if (text === null) return objectsOf(input);
  return [{ type: "message", role: "user", content: [{ type: "input_text", text }] }];
}

/** Items as `input_items` lists them: each with an id, its type, and its text in parts. */
export function listedItems(items: readonly JsonObject[]): JsonObject[] {
  return items.map((item) => {
    // What has a role and no type is a message (EasyInputMessage).
    const type = textOf(item.type) ?? "message";
    const listed = { ...item, type, id: textOf(item.id) ?? newId(PREFIXES[type] ?? "item") };
    return type === "message" ? { ...listed, ...messageParts(item) } : listed;
  });
}

function messageParts(item: JsonObject): JsonObject {
  const status = item.status ?? "completed";
  if (typeof item.content !== "string") return { status };
  const text = item.content;
  return item.role === "assistant"
    ? { status, content: [{ type: "output_text", text, annotations: [] }] }
    : { status, content: [{ type: "input_text", text }] };
}

/** Ids of items, without those that have none. */
export function idsOf(items: readonly JsonObject[]): string[] {
  return items.flatMap((item) => textOf(item.id) ?? []);
}

/** The id that an item refers to in place of being one itself, or null. */
export function referenceOf(item: unknown): string | null {
  if (!isObject(item)) return null;
  if (item.type === "item_reference") return textOf(item.id);
  // The type may be left out of a reference; then the id is all that it has.
  return item.type === undefined && item.role === undefined && item.content === undefined
    ? textOf(item.id)
    : null;
}

/** Items as they may be sent to an API that did not make them. */
export function portableItems(items: readonly JsonObject[]): JsonObject[] {
  return items.map(portableItem).filter((item) => item !== null);
}

/**
 * An item as it may be sent to an API that did not make it: without the id, under which that API would look for it.
 * Null for thoughts that are readable to nobody without what their maker keeps.
 */
function portableItem(item: JsonObject): JsonObject | null {
  const { id: _id, status: _status, ...rest } = item;
  if (item.type === "reasoning" && textOf(item.encrypted_content) === null) return null;
  return item.type === "reasoning" ? item : rest;
}
