import type { Extensions } from "../../exchange/parts.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import { FORMAT } from "./wire.ts";

/**
 * Members of this format that the neutral form has no place for. Beside the wire's own names there are these: of a
 * message's part in an answer `item`, the members of the item that it is of; of a system message `instructions`, whether
 * it stood there; of a user's message `uncalled`, the output of a tool that no model called, whole; of a tool
 * `namespace`, what is said of the namespace that it stands in, and `found`, whether a search found it; of a search for
 * tools, its call and its output `search`, all of it, or true of a call that is such.
 */
export function ownMembers(of: { readonly extensions?: Extensions }): JsonObject {
  return of.extensions?.[FORMAT] ?? {};
}

/** `{extensions}` with this format's members, or nothing where there are none. */
export function extended(members: JsonObject | undefined): { readonly extensions?: Extensions } {
  return members === undefined || Object.keys(members).length === 0
    ? {}
    : { extensions: { [FORMAT]: members } };
}

/** The members that the items of an answer's part had beside what the neutral form knows. */
export function itemMembers(of: { readonly extensions?: Extensions }): JsonObject {
  const { item } = ownMembers(of);
  return isRecord(item) ? item : {};
}

/** Ids that are made here can be told from a provider's own, which are hexadecimal. */
const MADE = "ams";

/** A fresh id as `msg_…`, for what a target of another format answered. */
export function madeId(prefix: string, newId: () => string): string {
  return `${prefix}_${MADE}${newId()}`;
}

/** An item's id as a provider may be told it: it knows nothing of those that were made here. */
export function knownId(itemId: string | undefined): string | undefined {
  return itemId === undefined || itemId.startsWith(MADE, itemId.indexOf("_") + 1) ? undefined : itemId;
}
