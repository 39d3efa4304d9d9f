import { SEAL_MARK, SEAL_MARK_BASE64 } from "../exchange/seals.ts";
import { type Edit, EditedBytes } from "../lib/edited-bytes.ts";
import {
  isArray,
  isObject,
  type Member,
  readElements,
  readMembers,
  removeMembers,
  skipSpace,
} from "../lib/json-scan.ts";
import type { TemplatePlaces } from "./format.ts";

/** Template fields taken out of a message, item, part or instruction. */
export interface TemplatePlace {
  /** Where, as `messages[0].content[1]`. */
  readonly path: string;
  /** As they were sent. */
  readonly template?: unknown;
  readonly template_id?: unknown;
  readonly variables?: unknown;
}

/** What the gateway reads of a request's body, and the edits that take its own fields out again. */
export interface RequestFields {
  /** The body's `model`, or null when it has none that is a string. */
  readonly model: string | null;
  readonly stream: boolean;
  /** Whether the client takes no loss in a conversion: a top-level `strict`, which is the gateway's own. */
  readonly strict: boolean;
  /** Whether a seal of another API is somewhere in it, which the API of its own format would refuse. */
  readonly sealed: boolean;
  /** Top-level tracking fields as they were sent, parsed; null when there are none. */
  readonly tracking: Record<string, unknown> | null;
  readonly templates: TemplatePlace[];
  /** Where the model's name stands, for `withModel`. */
  readonly modelSpans: readonly { start: number; end: number }[];
  readonly edits: readonly Edit[];
  /** Where the body's object begins, and where the value of `stream_options` stands in it; null where it has none. */
  readonly start: number;
  readonly streamOptions: { readonly start: number; readonly end: number } | null;
}

export const TRACKING_FIELDS = [
  "agent_id",
  "run_id",
  "request_parent_id",
  "request_id",
  "thread_id",
  "tags",
] as const;
const TRACKING = new Set<string>(TRACKING_FIELDS);
const TEMPLATE = new Set(["template", "template_id", "variables"]);
/** What a body with template fields holds somewhere; as bytes, which are searched four times as fast as text. */
const TEMPLATE_NEEDLE = Buffer.from('"template');
const SEAL_NEEDLE = Buffer.from(SEAL_MARK);
const SEAL_NEEDLE_BASE64 = Buffer.from(SEAL_MARK_BASE64);
const VARIABLES_NEEDLE = Buffer.from('"variables"');

/**
 * Reads the fields of a JSON request body. Throws SyntaxError or JsonSyntaxError when the body is not one JSON object.
 * `places` says where template fields may stand; they are looked for only when their names occur at all.
 */
export function readRequestFields(body: Buffer, places: TemplatePlaces): RequestFields {
  const start = skipSpace(body, 0);
  if (!isObject(body, start)) throw new SyntaxError("the body is not a JSON object");
  const members = readMembers(body, start);
  const close = skipSpace(body, members.at(-1)?.end ?? start + 1);
  if (skipSpace(body, close + 1) < body.length) throw new SyntaxError("something follows the JSON object");
  let model: string | null = null;
  let stream = false;
  let strict = false;
  let tracking: Record<string, unknown> | null = null;
  const modelSpans: { start: number; end: number }[] = [];
  let streamOptions: Member | null = null;
  for (const member of members) {
    if (member.key === "model") {
      const value = readValue(body, member);
      model = typeof value === "string" ? value : null;
      modelSpans.push(member);
    } else if (member.key === "stream") {
      stream = body[member.start] === 0x74; // "true"
    } else if (member.key === "strict") {
      strict = body[member.start] === 0x74;
    } else if (member.key === "stream_options") {
      streamOptions = member;
    } else if (TRACKING.has(member.key)) {
      tracking ??= {};
      tracking[member.key] = readValue(body, member);
    }
  }
  const isOurs = (member: Member) => TRACKING.has(member.key) || (strict && member.key === "strict");
  const edits = tracking === null && !strict ? [] : removeMembers(members, isOurs);
  const templates: TemplatePlace[] = [];
  if (body.indexOf(TEMPLATE_NEEDLE) >= 0 || body.indexOf(VARIABLES_NEEDLE) >= 0)
    takeTemplates(body, members, places, "", templates, edits);
  const sealed = body.indexOf(SEAL_NEEDLE) >= 0 || body.indexOf(SEAL_NEEDLE_BASE64) >= 0;
  return { model, stream, strict, sealed, tracking, templates, modelSpans, edits, start, streamOptions };
}

const USAGE_OPTIONS = Buffer.from('"stream_options":{"include_usage":true},');

/**
 * The edit by which a Chat stream is asked for its usage; null where the client asks itself, or what it asks for is not
 * understood.
 */
export function askForUsage(body: Buffer, { start, streamOptions }: RequestFields): Edit | null {
  if (streamOptions === null) return { start: start + 1, end: start + 1, bytes: USAGE_OPTIONS };
  const options = readValue(body, streamOptions);
  if (typeof options !== "object" || Array.isArray(options)) return null;
  if ((options as { include_usage?: unknown } | null)?.include_usage === true) return null;
  const { start: from, end } = streamOptions;
  return { start: from, end, bytes: Buffer.from(JSON.stringify({ ...options, include_usage: true })) };
}

/** The body without the gateway's own fields, with `more` and, unless `model` is null, with that model's name. */
export function rewriteBody(
  body: Buffer,
  fields: RequestFields,
  model: string | null,
  more: Edit | null = null,
): EditedBytes {
  const isRename = model !== null && model !== fields.model;
  if (!isRename && more === null) return new EditedBytes(body, fields.edits);
  const edits: Edit[] = [];
  // What is put in stands before what is taken out at the same place.
  if (more !== null) edits.push(more);
  if (isRename) {
    const bytes = quotedName(model);
    // Clients write it first.
    for (const { start, end } of fields.modelSpans) edits.push({ start, end, bytes });
  }
  for (const edit of fields.edits) edits.push(edit);
  return new EditedBytes(body, edits);
}

const MAX_NAMES = 1000;
const names = new Map<string, Buffer>();

/** A model's name as JSON; those of few targets stand in all of the traffic. */
function quotedName(model: string): Buffer {
  const known = names.get(model);
  if (known !== undefined) return known;
  const bytes = Buffer.from(JSON.stringify(model));
  if (names.size < MAX_NAMES && model.length < 200) names.set(model, bytes);
  return bytes;
}

function takeTemplates(
  body: Buffer,
  members: readonly Member[],
  places: TemplatePlaces,
  path: string,
  found: TemplatePlace[],
  edits: Edit[],
): void {
  for (const member of members) {
    const inner = Object.hasOwn(places, member.key) ? places[member.key] : undefined;
    if (inner === undefined) continue;
    const at = path === "" ? member.key : `${path}.${member.key}`;
    if (isObject(body, member.start)) takeFrom(body, member.start, inner, at, found, edits);
    if (!isArray(body, member.start)) continue;
    for (const [index, start] of readElements(body, member.start).entries()) {
      if (isObject(body, start)) takeFrom(body, start, inner, `${at}[${index}]`, found, edits);
    }
  }
}

function takeFrom(
  body: Buffer,
  start: number,
  places: TemplatePlaces,
  path: string,
  found: TemplatePlace[],
  edits: Edit[],
): void {
  const members = readMembers(body, start);
  const taken = members.filter((member) => TEMPLATE.has(member.key));
  if (taken.length > 0) {
    const fields: Record<string, unknown> = {};
    for (const member of taken) fields[member.key] = readValue(body, member);
    found.push({ path, ...fields });
    edits.push(...removeMembers(members, (member) => TEMPLATE.has(member.key)));
  }
  takeTemplates(body, members, places, path, found, edits);
}

function readValue(body: Buffer, member: { start: number; end: number }): unknown {
  const text = body.toString("utf8", member.start, member.end);
  // A string without escapes is what stands between its quotes.
  return text[0] === '"' && !text.includes("\\") ? text.slice(1, -1) : JSON.parse(text);
}
