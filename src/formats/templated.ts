import type { Format } from "../exchange/formats.ts";
import type { TemplateMessage } from "../prompts/template.ts";
import type { RequestFields, TemplatePlace } from "./request-fields.ts";

/** Finished texts for one place: one text without role, or messages that take the place of the whole. */
export interface Filling {
  readonly place: TemplatePlace;
  readonly messages: readonly TemplateMessage[];
}

export function ownText(_body: Buffer, _place: TemplatePlace): string | null {
  throw new Error("to be written");
}

export function withFillings(
  _body: Buffer,
  _fields: RequestFields,
  _format: Format,
  _fillings: readonly Filling[],
): RequestFields {
  throw new Error("to be written");
}

export function withParameters(
  _body: Buffer,
  _fields: RequestFields,
  _format: Format,
  _parameters: Readonly<Record<string, unknown>>,
): RequestFields {
  throw new Error("to be written");
}
