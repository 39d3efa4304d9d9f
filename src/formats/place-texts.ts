import { isObject, readValue } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject, type Span, scanArray, scanObject } from "../lib/scanned-json.ts";
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

/** What may stand in a block that is no more than its text. */
const PLAIN_MEMBERS: ReadonlySet<string> = new Set(["type", "role", "text", "content", ...TEMPLATE_FIELDS]);

/** What has its text elsewhere: results of tools. */
export const TEXT_MEMBERS: ReadonlyMap<string, string> = new Map([
  ["tool_result", "content"],
  ["function_call_output", "output"],
  ["custom_tool_call_output", "output"],
]);

/** The text that stands in this place beside its template fields; null where there is none that can be read. */
export function textAt(body: Buffer, { kind, object, rule }: Spot): string | null {
  const member = TEXT_MEMBERS.get(typeOf(body, object) ?? "");
  if (member !== undefined) return textsIn(body, lastMember(object, member));
  if (kind === "message") return textsIn(body, lastMember(object, rule.content));
  if (kind === "part") return stringAt(body, lastMember(object, "text"));
  return textsIn(body, lastMember(object, rule.content)) ?? stringAt(body, lastMember(object, "text"));
}

/** The type of a text part in this place; null where parts have none. */
export function textType(body: Buffer, { rule, kind, object, around }: Spot): string | null {
  if (rule.textType !== "input_text") return rule.textType;
  const message = kind === "message" || kind === "instruction" ? object : around;
  return stringAt(body, lastMember(message, "role")) === "assistant" ? "output_text" : "input_text";
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
export function isTextPart(body: Buffer, part: ScannedObject): boolean {
  const thought = lastMember(part, "thought");
  // Gemini's thoughts are texts too, but nothing that was said.
  if (thought !== undefined && body[thought.start] === 0x74) return false;
  if (lastMember(part, "type") !== undefined) return isText(body, part);
  return lastMember(part, "text") !== undefined || part.members.every(({ key }) => TEMPLATE_FIELDS.has(key));
}

/** Whether a block is more than a text. */
export function hasMore(body: Buffer, object: ScannedObject): boolean {
  return !isText(body, object) || object.members.some(({ key }) => !PLAIN_MEMBERS.has(key));
}

/** Whether its type is that of a text, or it has none. */
export function isText(body: Buffer, object: ScannedObject): boolean {
  const type = lastMember(object, "type");
  return type === undefined || TEXT_TYPES.has(stringAt(body, type) ?? "");
}

/** The object's `type`, where it is a string. */
export function typeOf(body: Buffer, object: ScannedObject): string | null {
  return stringAt(body, lastMember(object, "type"));
}

export function isString(body: Buffer, { start }: Span): boolean {
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
