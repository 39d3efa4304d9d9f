import { GatewayError } from "../exchange/errors.ts";
import type { StoredResponse } from "../storage/response-store.ts";
import type { Archive } from "./archive.ts";
import { inputItems, listedItems, portableItems, referenceOf } from "./items.ts";
import { isObject, type JsonObject, objectsOf, textOf } from "./json.ts";
import { isUnfinished } from "./response-object.ts";

/** A request to make a response, with what it refers to in place of the reference. */
export interface Prepared {
  /** The body as the client sent it. */
  readonly original: JsonObject;
  /**
   * The body for a target that is converted to, with the input of the whole conversation in place of
   * `previous_response_id`. `original` itself when nothing was referred to.
   */
  readonly body: JsonObject;
  /** The same for a target that speaks Responses: nothing in it names what such a target would look for in vain. */
  readonly nativeBody: JsonObject;
  /** Whether the answer is to be kept. */
  readonly store: boolean;
  readonly background: boolean;
  readonly previousId: string | null;
  /** The input items of this turn alone, with kept ones in the place of references to them. */
  readonly turn: readonly JsonObject[];
  /** Ids of the items that were referred to: they belong to other responses. */
  readonly referred: ReadonlySet<string>;
  /** What it refers to that is not kept here, so that only a provider which keeps it could answer. */
  readonly unresolved: Unresolved | null;
}

export interface Unresolved {
  /** The provider that keeps it; null when none is known to. */
  readonly provider: string | null;
  /** What a client is told whose request goes to another target. */
  readonly error: GatewayError;
}

const MARKS = ["previous_response_id", "item_reference", "conversation", "background"].map((mark) =>
  Buffer.from(`"${mark}"`),
);

/**
 * Whether a body may refer to what is kept, or asks for background work; only then need it be parsed and prepared where
 * nothing is converted. An input item that is a reference may leave its type out; the API's clients do not.
 */
export function mayRefer(body: Buffer): boolean {
  return MARKS.some((mark) => body.includes(mark));
}

/**
 * Reads a parsed body and puts what it refers to in its place. `instructions` of earlier responses are not taken over, as
 * the API has it. Throws invalid_request for what contradicts itself, server_overloaded when the storage cannot be asked.
 */
export async function prepare(archive: Archive, body: JsonObject, keyId: string): Promise<Prepared> {
  checkMembers(body);
  const previousId = textOf(body.previous_response_id);
  const plain = plainRequest(body);
  const own = plain.turn;
  const referred = new Set(own.flatMap((item) => referenceOf(item) ?? []));
  const common = { ...plain, background: body.background === true, previousId, referred };
  if (body.conversation !== undefined && body.conversation !== null) {
    const unresolved = { provider: null, error: noConversations() };
    return { ...common, unresolved };
  }
  const chain = previousId === null ? [] : await archive.chain({ id: previousId, keyId });
  const lost = chain === null ? notFound(previousId!) : unusable(chain, previousId);
  if (chain === null || lost !== null) return { ...common, unresolved: lost };

  const context = chain.flatMap(itemsOf);
  const { items, missing } = await dereference(archive, own, context, keyId);
  const unresolved = missing === null ? null : itemNotFound(missing);
  if (chain.length === 0 && items === null) return { ...common, unresolved };

  const { previous_response_id: _previous, ...rest } = body;
  const turn = items ?? own;
  // What the client wrote stays as it wrote it; what was kept is made fit to be sent to another API.
  const portableTurn = turn.flatMap((item) =>
    referred.has(String(item.id)) && referenceOf(item) === null ? portableItems([item]) : [item],
  );
  return {
    ...common,
    turn,
    body: { ...rest, input: [...context, ...turn] },
    nativeBody: {
      ...rest,
      input: [...portableItems(context), ...portableTurn],
    },
    unresolved,
  };
}

/** A request that refers to nothing, as it is known once its answer is to be kept. */
export function plainRequest(body: JsonObject): Prepared {
  return {
    original: body,
    body,
    nativeBody: body,
    store: body.store !== false,
    background: false,
    previousId: null,
    turn: inputItems(body.input),
    referred: new Set(),
    unresolved: null,
  };
}

/** Why a target cannot answer a request, or null. `isNative`: it speaks Responses and keeps a state of its own. */
export function refusalBy(
  { unresolved }: Prepared,
  target: { readonly provider: string | null; readonly isNative: boolean },
): GatewayError | null {
  if (unresolved === null) return null;
  // What nobody here knows may well be known there.
  const mayKnow = unresolved.provider === null || unresolved.provider === target.provider;
  return target.isNative && mayKnow ? null : unresolved.error;
}

/** The input items of a turn as they are kept. */
export function keptTurn(prepared: Prepared): JsonObject[] {
  return listedItems(prepared.turn.filter((item) => referenceOf(item) === null));
}

/** What one turn said: its input, then its output. */
export function itemsOf(stored: StoredResponse): JsonObject[] {
  const response: unknown = JSON.parse(stored.response ?? "{}");
  return [...objectsOf(JSON.parse(stored.input)), ...(isObject(response) ? objectsOf(response.output) : [])];
}

function checkMembers(body: JsonObject): void {
  const { previous_response_id: previous, conversation } = body;
  if (previous !== undefined && previous !== null && typeof previous !== "string")
    throw refused("previous_response_id", "`previous_response_id` must be the id of a response.");
  if (typeof previous === "string" && conversation !== undefined && conversation !== null)
    throw refused("previous_response_id", "`previous_response_id` and `conversation` exclude each other.");
  if (body.background === true && body.store === false)
    throw refused("background", "`background` needs `store`: a response that is not kept cannot be fetched.");
}

/** Puts items in the place of references to them; null where there are none. `missing` is the first that is not kept. */
async function dereference(
  archive: Archive,
  own: readonly JsonObject[],
  context: readonly JsonObject[],
  keyId: string,
): Promise<{ items: JsonObject[] | null; missing: string | null }> {
  const wanted = own.flatMap((item) => referenceOf(item) ?? []);
  if (wanted.length === 0) return { items: null, missing: null };
  const known = new Map(context.map((item) => [item.id, item]));
  const elsewhere = wanted.filter((id) => !known.has(id));
  if (elsewhere.length > 0) {
    for (const stored of await archive.withItems(keyId, elsewhere))
      for (const item of itemsOf(stored)) known.set(item.id, item);
  }
  const items = own.map((item) => known.get(referenceOf(item)) ?? item);
  return { items, missing: wanted.find((id) => !known.has(id)) ?? null };
}

/** Why a chain that was found cannot be continued from here, or null. */
function unusable(chain: readonly StoredResponse[], previousId: string | null): Unresolved | null {
  const elsewhere = chain.find((stored) => stored.response === null);
  if (elsewhere !== undefined) {
    const message =
      `The conversation of '${previousId}' is kept by the provider ${elsewhere.provider}, and only its models can ` +
      "continue it by previous_response_id. Send the whole input to continue with another.";
    return { provider: elsewhere.provider, error: refused("previous_response_id", message) };
  }
  if (!chain.some((stored) => isUnfinished(stored.status))) return null;
  throw refused("previous_response_id", `The response '${previousId}' is still being made.`);
}

function notFound(id: string): Unresolved {
  const message = `Previous response with id '${id.slice(0, 200)}' not found.`;
  const error = new GatewayError("previous_response_not_found", message, { param: "previous_response_id" });
  return { provider: null, error };
}

function itemNotFound(id: string): Unresolved {
  const message = `Item with id '${id.slice(0, 200)}' not found.`;
  return { provider: null, error: new GatewayError("not_found", message, { param: "input" }) };
}

function noConversations(): GatewayError {
  return refused(
    "conversation",
    "Conversations are kept by providers that have them. With this model, use previous_response_id, or send the whole input.",
  );
}

function refused(param: string, message: string): GatewayError {
  return new GatewayError("invalid_request", message, { param });
}
