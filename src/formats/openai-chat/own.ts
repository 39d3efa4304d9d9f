import type { Extensions } from "../../exchange/parts.ts";
import { isRecord, type JsonObject, restOf } from "../../exchange/read.ts";

export const FORMAT = "openai-chat";

/**
 * Members of this format that the neutral form has no place for, as they stood on the wire. Where the same can be said in
 * several ways they also tell which way was chosen, and are empty if that is all: of a text part, that it stood in a part
 * of its own where a plain string would have done; of a request, `functions`, `reasoning` and `thinking`, and that it
 * came in this format at all.
 */
export function ownMembers(of: { readonly extensions?: Extensions }): JsonObject | undefined {
  return of.extensions?.[FORMAT];
}

/** `{extensions}` with this format's members, or nothing where there are none. */
export function extended(members: JsonObject | undefined): { readonly extensions?: Extensions } {
  return members === undefined ? {} : { extensions: { [FORMAT]: members } };
}

/** What is unknown of an object such as `{type: "file", file: {…}}`, around the inner object and inside it. */
export function restOfTagged(
  object: JsonObject,
  tag: string,
  outside: ReadonlySet<string>,
  inside: ReadonlySet<string>,
): JsonObject | undefined {
  const rest = restOf(object, outside);
  const value = object[tag];
  const inner = isRecord(value) ? restOf(value, inside) : undefined;
  return inner === undefined ? rest : { ...rest, [tag]: inner };
}

/** Puts such an object together again: what is known, and what was not. */
export function tagged(rest: JsonObject | undefined, tag: string, outside: object, inside: object): object {
  const inner = rest?.[tag];
  return { ...outside, ...rest, [tag]: isRecord(inner) ? { ...inside, ...inner } : inside };
}
