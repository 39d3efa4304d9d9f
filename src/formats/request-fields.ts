import type { Format } from "../exchange/formats.ts";
import { SEAL_MARK, SEAL_MARK_BASE64 } from "../exchange/seals.ts";
import { type Edit, EditedBytes } from "../lib/edited-bytes.ts";
import { JsonChanges } from "../lib/json-changes.ts";
import { isObject, type Member, readMembers, readValue, removeMembers, skipSpace } from "../lib/json-scan.ts";
import type { ScannedObject, Span } from "../lib/scanned-json.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import { findTemplates, type TemplatePlace } from "./find-templates.ts";
import type { TemplatePlaces } from "./format.ts";
import { settle } from "./settle-place.ts";
import { readStoredPrompt } from "./stored-prompt.ts";

export type { TemplatePlace } from "./find-templates.ts";

/** What the gateway reads of a request's body, and the edits by which it goes on. */
export interface RequestFields {
  /** The model that is asked for: the body's, unless `withModel` gave another; null when there is none. */
  readonly model: string | null;
  /** The body's `model`, or null when it has none that is a string. */
  readonly writtenModel: string | null;
  readonly stream: boolean;
  /** Whether the client takes no loss in a conversion: a top-level `strict`, which is the gateway's own. */
  readonly strict: boolean;
  /** Whether a seal of another API is somewhere in it, which the API of its own format would refuse. */
  readonly sealed: boolean;
  /** Top-level tracking fields as they were sent, parsed; null when there are none. */
  readonly tracking: Record<string, unknown> | null;
  /** In the order of the body, those around others before them. */
  readonly templates: readonly TemplatePlace[];
  /** The reference of a Responses request to a stored prompt. It goes on as it came unless a filling is for it. */
  readonly storedPrompt: TemplatePlace | null;
  /** Where the model's name stands. */
  readonly modelSpans: readonly Span[];
  /** Whether the API has the model's name in the body. */
  readonly namesModel: boolean;
  /** What takes the gateway's own fields out, and puts in what `fillings` and `parameters` say. */
  readonly edits: readonly Edit[];
  /** Whether these edits leave nothing between the braces. */
  readonly isEmptied: boolean;
  readonly root: ScannedObject;
  /** Where the value of `stream_options` stands; null where there is none. */
  readonly streamOptions: Span | null;
  /** The texts of places, and the parameters by the names that people use, that were put in so far. */
  readonly fillings: ReadonlyMap<TemplatePlace, readonly TemplateMessage[]>;
  readonly parameters: Readonly<Record<string, unknown>>;
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
/** What a body with template fields holds somewhere; as bytes, which are searched four times as fast as text. */
const TEMPLATE_NEEDLE = Buffer.from('"template');
const SEAL_NEEDLE = Buffer.from(SEAL_MARK);
const SEAL_NEEDLE_BASE64 = Buffer.from(SEAL_MARK_BASE64);
const VARIABLES_NEEDLE = Buffer.from('"variables"');
const NO_FILLINGS: RequestFields["fillings"] = new Map();
const NO_PARAMETERS: RequestFields["parameters"] = {};

/**
 * Reads the fields of a JSON request body. Throws SyntaxError or JsonSyntaxError when the body is not one JSON object.
 * `places` says where template fields may stand; they are looked for only when their names occur at all. Without a
 * format, no stored prompt is looked for and no model's name put in where there is none.
 */
export function readRequestFields(
  body: Buffer,
  places: TemplatePlaces,
  format: Format | null = null,
): RequestFields {
  const start = skipSpace(body, 0);
  if (!isObject(body, start)) throw new SyntaxError("the body is not a JSON object");
  const members = readMembers(body, start);
  const close = skipSpace(body, members.at(-1)?.end ?? start + 1);
  if (skipSpace(body, close + 1) < body.length) throw new SyntaxError("something follows the JSON object");
  let model: string | null = null;
  let stream = false;
  let strict = false;
  let tracking: Record<string, unknown> | null = null;
  const modelSpans: Span[] = [];
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
  const root: ScannedObject = { start, members };
  const hasOwn = tracking !== null || strict;
  const templates: TemplatePlace[] = [];
  if (body.indexOf(TEMPLATE_NEEDLE) >= 0 || body.indexOf(VARIABLES_NEEDLE) >= 0)
    findTemplates(body, root, places, "", templates);
  const sealed = body.indexOf(SEAL_NEEDLE) >= 0 || body.indexOf(SEAL_NEEDLE_BASE64) >= 0;
  return {
    model,
    writtenModel: model,
    stream,
    strict,
    sealed,
    tracking,
    templates,
    storedPrompt: format === "openai-responses" ? readStoredPrompt(body, root) : null,
    modelSpans,
    namesModel: format !== null && format !== "gemini",
    edits: hasOwn || templates.length > 0 ? ownFieldsOut(body, { root, strict, templates }) : [],
    isEmptied: members.length === 0 || (hasOwn && members.every((member) => isOwnField(member, strict))),
    root,
    streamOptions,
    fillings: NO_FILLINGS,
    parameters: NO_PARAMETERS,
  };
}

function ownFieldsOut(body: Buffer, own: Pick<RequestFields, "root" | "strict" | "templates">): Edit[] {
  return own.templates.length > 0
    ? changesOf(body, own).edits()
    : removeMembers(own.root.members, (member) => isOwnField(member, own.strict));
}

function isOwnField({ key }: Member, strict: boolean): boolean {
  return TRACKING.has(key) || (strict && key === "strict");
}

/** What takes the gateway's own fields out, to which more can be added. */
export function changesOf(
  body: Buffer,
  { root, strict, templates }: Pick<RequestFields, "root" | "strict" | "templates">,
): JsonChanges {
  const changes = new JsonChanges(body);
  const top = changes.object(root);
  for (const member of root.members) if (isOwnField(member, strict)) top.take(member);
  for (const { spot } of templates) if (spot !== null) settle(changes, body, spot);
  return changes;
}

const USAGE_OPTIONS = Buffer.from('"stream_options":{"include_usage":true},');

/**
 * The edit by which a Chat stream is asked for its usage; null where the client asks itself, or what it asks for is not
 * understood.
 */
export function askForUsage(body: Buffer, { root: { start }, streamOptions }: RequestFields): Edit | null {
  if (streamOptions === null) return { start: start + 1, end: start + 1, bytes: USAGE_OPTIONS };
  const options = readValue(body, streamOptions);
  if (typeof options !== "object" || Array.isArray(options)) return null;
  if ((options as { include_usage?: unknown } | null)?.include_usage === true) return null;
  const { start: from, end } = streamOptions;
  return { start: from, end, bytes: Buffer.from(JSON.stringify({ ...options, include_usage: true })) };
}

/** The same request for a model that the gateway chose. */
export function withModel(fields: RequestFields, model: string): RequestFields {
  return { ...fields, model };
}

/**
 * The body without the gateway's own fields, with the texts and parameters that were put in, with `more`, and with the
 * model's name that the target has for it; where that is null, with the one that was chosen.
 */
export function rewriteBody(
  body: Buffer,
  fields: RequestFields,
  model: string | null,
  more: Edit | null = null,
): EditedBytes {
  const name = model ?? fields.model;
  const isRename = name !== null && name !== fields.writtenModel;
  if (!isRename && more === null) return new EditedBytes(body, fields.edits);
  const edits: Edit[] = [];
  // What is put in stands before what is taken out at the same place.
  if (more !== null) edits.push(more);
  if (isRename) {
    const bytes = quotedName(name);
    // Clients write it first.
    for (const { start, end } of fields.modelSpans) edits.push({ start, end, bytes });
    if (fields.modelSpans.length === 0 && fields.namesModel) edits.push(addedModel(fields, bytes));
  }
  for (const edit of fields.edits) edits.push(edit);
  return new EditedBytes(body, edits);
}

function addedModel({ root: { start }, isEmptied }: RequestFields, name: Buffer): Edit {
  const bytes = Buffer.concat([Buffer.from('"model":'), name, Buffer.from(isEmptied ? "" : ",")]);
  return { start: start + 1, end: start + 1, bytes };
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
