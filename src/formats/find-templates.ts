import { isArray, isObject, readElements, readMembers, readValue } from "../lib/json-scan.ts";
import type { ScannedObject } from "../lib/scanned-json.ts";
import type { PlaceKind, PlaceRule, TemplatePlaces } from "./format.ts";
import { type Spot, TEMPLATE_FIELDS } from "./place-texts.ts";

/** Template fields of a message, item, part or instruction, or OpenAI's reference to a stored prompt. */
export interface TemplatePlace {
  /** Where, as `messages[0].content[1]`. */
  readonly path: string;
  /** As they were sent. */
  readonly template?: unknown;
  readonly template_id?: unknown;
  readonly variables?: unknown;
  /** Of a stored prompt alone. */
  readonly version?: unknown;
  /** Where it stands in the body; null for a stored prompt, which stands at the top. */
  readonly spot: Spot | null;
}

/** Puts the places below `around` that have template fields into `found`, outer ones first. Throws as `readMembers`. */
export function findTemplates(
  body: Buffer,
  around: ScannedObject,
  places: TemplatePlaces,
  path: string,
  found: TemplatePlace[],
): void {
  for (const { key, start } of around.members) {
    const rule = Object.hasOwn(places, key) ? places[key] : undefined;
    if (rule === undefined) continue;
    const at = path === "" ? key : `${path}.${key}`;
    if (isObject(body, start)) findIn(body, rule, rule.alone, around, [start, 0, start], at, found);
    if (!isArray(body, start)) continue;
    const elements = readElements(body, start);
    for (let i = 0; i < elements.length; i++) {
      if (!isObject(body, elements[i]!)) continue;
      findIn(body, rule, rule.each, around, [start, i, elements[i]!], `${at}[${i}]`, found);
    }
  }
}

function findIn(
  body: Buffer,
  rule: PlaceRule,
  kind: PlaceKind,
  around: ScannedObject,
  [listStart, index, start]: readonly [listStart: number, index: number, start: number],
  path: string,
  found: TemplatePlace[],
): void {
  const object = { start, members: readMembers(body, start) };
  let isPlace = false;
  let template: unknown;
  let template_id: unknown;
  let variables: unknown;
  for (const member of kind === "request" ? [] : object.members) {
    if (!TEMPLATE_FIELDS.has(member.key)) continue;
    isPlace = true;
    const value = readValue(body, member);
    if (member.key === "template") template = value;
    else if (member.key === "template_id") template_id = value;
    else variables = value;
  }
  if (isPlace) {
    const spot = { rule, kind, object, around, listStart, index };
    found.push({ path, template, template_id, variables, spot });
  }
  findTemplates(body, object, rule.inside, path, found);
}
