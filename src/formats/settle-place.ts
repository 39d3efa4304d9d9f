import type { JsonChanges } from "../lib/json-changes.ts";
import { isObject, skipValue } from "../lib/json-scan.ts";
import { lastMember, type ScannedObject } from "../lib/scanned-json.ts";
import { hasMore, isString, type Spot, TEMPLATE_FIELDS, textAt, textType, typeOf } from "./place-texts.ts";
import { fill } from "./put-text.ts";

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

/** A part with a text is of the type that texts are, where it names none. */
function nameType(changes: JsonChanges, part: ScannedObject, type: string | null): void {
  if (type === null || lastMember(part, "text") === undefined || lastMember(part, "type") !== undefined)
    return;
  changes.object(part).set(["type"], JSON.stringify(type));
}
