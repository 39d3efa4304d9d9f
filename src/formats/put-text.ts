import type { JsonChanges } from "../lib/json-changes.ts";
import { isArray, isObject, skipValue } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject, scanObject } from "../lib/scanned-json.ts";
import {
  hasMore,
  isString,
  isText,
  isTextPart,
  type Spot,
  TEXT_MEMBERS,
  textType,
  typeOf,
} from "./place-texts.ts";

/** Anthropic refuses a message in which words stand before these. */
const LEADING_TYPES: ReadonlySet<string> = new Set(["tool_result", "thinking", "redacted_thinking"]);

/** Makes `text` the text of this place. What is there besides texts stays where and as it is. */
export function fill(changes: JsonChanges, body: Buffer, spot: Spot, text: string): void {
  const { kind, object, rule } = spot;
  const written: WrittenText = { json: JSON.stringify(text), type: textType(body, spot) };
  const member = TEXT_MEMBERS.get(typeOf(body, object) ?? "");
  if (member !== undefined) fillContent(changes, body, object, member, written);
  else if (kind === "message") fillContent(changes, body, object, rule.content, written);
  else if (kind === "instruction") fillInstruction(changes, body, spot, written);
  else if (kind === "part") fillPart(changes, object, written);
  else if (kind === "block") fillBlock(changes, body, object, written);
  else changes.replace({ start: object.start, end: skipValue(body, object.start) }, written.json);
}

interface WrittenText {
  readonly json: string;
  /** The type of a part that holds it; null where parts have none. */
  readonly type: string | null;
}

function fillInstruction(
  changes: JsonChanges,
  body: Buffer,
  { object, rule }: Spot,
  written: WrittenText,
): void {
  fillContent(changes, body, object, rule.content, written);
  // Gemini's may be written as the part that it is to hold.
  for (const member of object.members) if (member.key === "text") changes.object(object).take(member);
}

function fillContent(
  changes: JsonChanges,
  body: Buffer,
  object: ScannedObject,
  name: string,
  written: WrittenText,
): void {
  const change = changes.object(object);
  const member = lastMember(object, name);
  if (member === undefined || !(isArray(body, member.start) || isObject(body, member.start))) {
    change.set([name], name === "parts" ? `[${partJson(written)}]` : written.json);
    return;
  }
  change.keepLast([name]);
  const inner = name === "parts" || !isObject(body, member.start) ? null : scanObject(body, member.start);
  if (inner === null) fillElements(changes, body, member.start, written);
  else fillBlock(changes, body, inner, written);
}

/** A block that is more than its text becomes one of an array; what it is besides is not lost. */
function fillBlock(changes: JsonChanges, body: Buffer, object: ScannedObject, written: WrittenText): void {
  if (!hasMore(body, object)) {
    changes.replace({ start: object.start, end: skipValue(body, object.start) }, written.json);
    return;
  }
  const list = changes.list(object.start);
  list.wrap();
  if (!isText(body, object)) {
    list.addFirst(partJson(written));
    return;
  }
  fillPart(changes, object, written);
  for (const member of object.members) if (member.key === "content") changes.object(object).take(member);
}

function fillElements(changes: JsonChanges, body: Buffer, listStart: number, written: WrittenText): void {
  const list = changes.list(listStart);
  let isFilled = false;
  let leading = -1;
  for (const [index, element] of list.elements.entries()) {
    const part = isObject(body, element.start) ? scanObject(body, element.start) : null;
    const isTaken = part === null ? isString(body, element) : isTextPart(body, part);
    if (part !== null && LEADING_TYPES.has(typeOf(body, part) ?? "")) leading = index;
    if (!isTaken) continue;
    if (isFilled) list.put(index, []);
    else if (part === null) list.put(index, [partJson(written)]);
    else fillPart(changes, part, written);
    isFilled = true;
  }
  if (isFilled) return;
  if (leading < 0) list.addFirst(partJson(written));
  else list.addAfter(leading, partJson(written));
}

function fillPart(changes: JsonChanges, part: ScannedObject, { json, type }: WrittenText): void {
  if (type !== null && lastMember(part, "type") === undefined)
    changes.object(part).set(["type"], JSON.stringify(type));
  changes.object(part).set(["text"], json);
}

function partJson({ json, type }: WrittenText): string {
  return type === null ? `{"text":${json}}` : `{"type":"${type}","text":${json}}`;
}
