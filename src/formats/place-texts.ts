import {
  type JsonChanges,
  lastMember,
  type ScannedObject,
  type Span,
  scanArray,
  scanObject,
} from "../lib/json-changes.ts";
import { isArray, isObject, readValue, skipValue } from "../lib/json-scan.ts";
import type { PlaceKind, PlaceRule } from "./format.ts";

/** Where an object with template fields stands in its body. */
export interface Spot {
  readonly rule: PlaceRule;
  readonly kind: PlaceKind;
  readonly object: ScannedObject;
  /** The object around it. */
  readonly around: ScannedObject;
  /** Where the value begins that it is, or of whose elements it is one. */
  readonly listStart: number;
  readonly index: number;
}

export const TEMPLATE_FIELDS: ReadonlySet<string> = new Set(["template", "template_id", "variables"]);

const TEXT_TYPES: ReadonlySet<string> = new Set(["text", "input_text", "output_text"]);

/** What has its text elsewhere: results of tools. */
const TEXT_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["tool_result", "content"],
  ["function_call_output", "output"],
  ["custom_tool_call_output", "output"],
]);

/** What may stand in a block that is no more than its text. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set(["type", "role", "text", "content", ...TEMPLATE_FIELDS]);

/** Anthropic refuses a message in which words stand before these. */
const LEADING_TYPES: ReadonlySet<string> = new Set(["tool_result", "thinking", "redacted_thinking"]);

/** The text that stands in this place beside its template fields; null where there is none that can be read. */
export function textAt(body: Buffer, { kind, object, rule }: Spot): string | null {
  const member = TEXT_MEMBERS.get(typeOf(body, object) ?? "");
  if (member !== undefined) return textsIn(body, lastMember(object, member));
  if (kind === "message") return textsIn(body, lastMember(object, rule.content));
  if (kind === "part") return stringAt(body, lastMember(object, "text"));
  return textsIn(body, lastMember(object, rule.content)) ?? stringAt(body, lastMember(object, "text"));
}

/** Takes the template fields out, and makes what is left as the API takes it: a message has a role, a text is no object. */
export function settle(changes: JsonChanges, body: Buffer, spot: Spot): void {
  const { kind, object, rule } = spot;
  const change = changes.object(object);
  for (const member of object.members) if (TEMPLATE_FIELDS.has(member.key)) change.take(member);
  if (kind === "message" || kind === "instruction") {
    const isMessage = lastMember(object, "type") === undefined || typeOf(body, object) === "message";
    if (rule.role !== null && isMessage && lastMember(object, "role") === undefined)
      change.set(["role"], JSON.stringify(rule.role));
  } else if (kind === "part") nameType(changes, object, textType(body, spot));
  else unwrap(changes, body, spot);
  if (kind === "instruction" && rule.content === "parts" && lastMember(object, "parts") === undefined)
    makeParts(changes, body, object);
}

/** Gives an instruction that is written as the part that it is to hold its parts, with `more` behind them. */
export function makeParts(
  changes: JsonChanges,
  body: Buffer,
  object: ScannedObject,
  ...more: readonly string[]
): void {
  const text = lastMember(object, "text");
  const own = text === undefined ? [] : [`{"text":${body.toString("utf8", text.start, text.end)}}`];
  if (own.length + more.length === 0) return;
  const change = changes.object(object);
  for (const member of object.members) if (member.key === "text") change.take(member);
  change.set(["parts"], `[${[...own, ...more].join(",")}]`);
}

/** Leaves a block's text alone of it. Its bytes stay as they are. */
function unwrap(changes: JsonChanges, body: Buffer, spot: Spot): void {
  const { kind, object } = spot;
  const text = textAt(body, spot);
  if (text === null) return;
  const value = lastMember(object, "content") ?? lastMember(object, "text");
  const isTaken =
    value !== undefined && (kind === "block" ? !isObject(body, value.start) : isString(body, value));
  if (kind === "block" && value?.key === "text" && hasMore(body, object)) {
    changes.list(object.start).wrap();
    nameType(changes, object, textType(body, spot));
    return;
  }
  if (!isTaken || hasMore(body, object)) {
    fill(changes, body, spot, text);
    return;
  }
  changes.replace({ start: object.start, end: value.start }, "");
  changes.replace({ start: value.end, end: skipValue(body, object.start) }, "");
}

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

function textType(body: Buffer, { rule, kind, object, around }: Spot): string | null {
  if (rule.textType !== "input_text") return rule.textType;
  const message = kind === "message" || kind === "instruction" ? object : around;
  return stringAt(body, lastMember(message, "role")) === "assistant" ? "output_text" : "input_text";
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

/** A part with a text is of the type that texts are, where it names none. */
function nameType(changes: JsonChanges, part: ScannedObject, type: string | null): void {
  if (type === null || lastMember(part, "text") === undefined || lastMember(part, "type") !== undefined)
    return;
  changes.object(part).set(["type"], JSON.stringify(type));
}

function partJson({ json, type }: WrittenText): string {
  return type === null ? `{"text":${json}}` : `{"type":"${type}","text":${json}}`;
}

/** A string, or the texts of an array or of the one part that stands for it, line by line. */
function textsIn(body: Buffer, value: Span | undefined): string | null {
  if (value === undefined || isString(body, value)) return stringAt(body, value);
  const elements = isObject(body, value.start) ? [value] : (scanArray(body, value.start) ?? []);
  const texts = elements.map((element) => partText(body, element)).filter((text) => text !== null);
  return texts.length === 0 ? null : texts.join("\n");
}

function partText(body: Buffer, element: Span): string | null {
  if (!isObject(body, element.start)) return stringAt(body, element);
  const part = scanObject(body, element.start);
  return part !== null && isTextPart(body, part) ? stringAt(body, lastMember(part, "text")) : null;
}

/** Whether a part is a text, or is to be one: there is nothing to it but template fields. */
function isTextPart(body: Buffer, part: ScannedObject): boolean {
  const thought = lastMember(part, "thought");
  // Gemini's thoughts are texts too, but nothing that was said.
  if (thought !== undefined && body[thought.start] === 0x74) return false;
  if (lastMember(part, "type") !== undefined) return isText(body, part);
  return lastMember(part, "text") !== undefined || part.members.every(({ key }) => TEMPLATE_FIELDS.has(key));
}

function hasMore(body: Buffer, object: ScannedObject): boolean {
  return !isText(body, object) || object.members.some(({ key }) => !PLAIN_MEMBERS.has(key));
}

/** Whether its type is that of a text, or it has none. */
function isText(body: Buffer, object: ScannedObject): boolean {
  const type = lastMember(object, "type");
  return type === undefined || TEXT_TYPES.has(stringAt(body, type) ?? "");
}

function typeOf(body: Buffer, object: ScannedObject): string | null {
  return stringAt(body, lastMember(object, "type"));
}

function isString(body: Buffer, { start }: Span): boolean {
  return body[start] === 0x22;
}

/** The string there; null where there is none, or one with an escape that JSON has not. */
function stringAt(body: Buffer, span: Span | undefined): string | null {
  if (span === undefined || !isString(body, span)) return null;
  try {
    return readValue(body, span) as string;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
