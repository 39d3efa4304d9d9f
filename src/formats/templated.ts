import type { Format } from "../exchange/formats.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import { putFillings } from "./fillings.ts";
import { isSetIn, putParameters } from "./parameters.ts";
import { textAt } from "./place-texts.ts";
import { FORMAT_MODULES } from "./registry.ts";
import { changesOf, type RequestFields, type TemplatePlace } from "./request-fields.ts";

/** Finished texts for one place: one text without role, or messages that take the place of the whole. */
export interface Filling {
  readonly place: TemplatePlace;
  readonly messages: readonly TemplateMessage[];
}

/**
 * The client's own text beside the template fields: of a message its content, all text parts of it line by line; of a
 * part or an instruction its text. Null where there is none, or none that can be read. A text may be empty.
 */
export function ownText(body: Buffer, { spot }: TemplatePlace): string | null {
  return spot === null ? null : textAt(body, spot);
}

/**
 * The same request with these texts in their places, and all else as it came. `putFillings` tells what goes where.
 * May be called again, also for a place that was filled: the last filling counts.
 */
export function withFillings(
  body: Buffer,
  fields: RequestFields,
  format: Format,
  fillings: readonly Filling[],
): RequestFields {
  if (fillings.length === 0) return fields;
  const all = new Map(fields.fillings);
  for (const { place, messages } of fillings) all.set(place, messages);
  return changed(body, { ...fields, fillings: all }, format);
}

/**
 * The same request with these parameters, in the place of its own. They are named as in Chat Completions, or as the
 * format itself does: `putParameters` tells which there are and which are passed over.
 */
export function withParameters(
  body: Buffer,
  fields: RequestFields,
  format: Format,
  parameters: Readonly<Record<string, unknown>>,
): RequestFields {
  if (Object.keys(parameters).length === 0) return fields;
  // Without a prototype, a parameter of any name is one like others.
  const all = Object.assign(Object.create(null), fields.parameters, parameters);
  return changed(body, { ...fields, parameters: all }, format);
}

/** Those of the parameters that the request does not set itself, by whatever name and wherever its format has them. */
export function parametersNotSet(
  body: Buffer,
  format: Format,
  parameters: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const all = Object.entries(parameters);
  if (all.length === 0) return {};
  const own = JSON.parse(body.toString("utf8")) as Readonly<Record<string, unknown>>;
  const { parameters: table } = FORMAT_MODULES[format];
  return Object.fromEntries(all.filter(([name, value]) => !isSetIn(own, name, value, table)));
}

function changed(body: Buffer, fields: RequestFields, format: Format): RequestFields {
  const changes = changesOf(body, fields);
  const { messageForms, parameters } = FORMAT_MODULES[format];
  putFillings(changes, body, fields, messageForms);
  putParameters(changes, body, fields, parameters);
  return { ...fields, edits: changes.edits(), isEmptied: changes.object(fields.root).isEmpty };
}
