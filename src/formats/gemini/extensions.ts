import type { Extensions } from "../../exchange/parts.ts";
import { type JsonObject, recordOf } from "../../exchange/read.ts";

/** What is remembered of how a part stood on the wire, so that it is written the same again. Never sent. */
export interface Marks {
  /** The call or result had no id; the one it has is ours. */
  readonly noId?: true;
  /** The signature stood on an empty part of its own after this one: a text, or a thought. */
  readonly signedAfter?: "text" | "reasoning";
}

/** The member of this format's extensions that holds the marks; no member of Gemini's has a dot in it. */
const MARKS = "amsterdam.marks";

/** The extensions of an object of which `rest` has no place in the neutral form; for spreading. */
export function extended(rest: JsonObject | undefined, marks?: Marks): { extensions?: Extensions } {
  if (rest === undefined && marks === undefined) return {};
  return { extensions: { gemini: { ...rest, ...(marks === undefined ? {} : { [MARKS]: marks }) } } };
}

/** The members to send again, without the marks; undefined where there are none. */
export function restored(extensions: Extensions | undefined): JsonObject | undefined {
  const own = extensions?.gemini;
  if (own === undefined || !(MARKS in own)) return own;
  const { [MARKS]: _marks, ...rest } = own;
  return rest;
}

export function marksOf(extensions: Extensions | undefined): Marks {
  return (extensions?.gemini?.[MARKS] as Marks | undefined) ?? {};
}

/** `part` as one whose id is ours, so that none is written. */
export function withoutId<T extends { readonly extensions?: Extensions }>(part: T): T {
  const { gemini } = part.extensions ?? {};
  const marks: Marks = { ...marksOf(part.extensions), noId: true };
  return { ...part, extensions: { ...part.extensions, gemini: { ...gemini, [MARKS]: marks } } };
}

/** The object that stands under `name` among the members to send again. */
export function restoredUnder(extensions: Extensions | undefined, name: string): JsonObject {
  return recordOf(extensions?.gemini?.[name]) ?? {};
}
