import { GatewayError } from "../exchange/errors.ts";
import type { StoredResponse } from "../storage/response-store.ts";
import type { Archive } from "./archive.ts";
import type { BackgroundRunner } from "./background.ts";
import { followStored } from "./follow.ts";
import { asFailed } from "./housekeeping.ts";
import { listedItems } from "./items.ts";
import { isObject, type JsonObject } from "./json.ts";
import { itemsOf } from "./request.ts";
import { isUnfinished } from "./response-object.ts";
import { eventStream } from "./sse-out.ts";
import type { StoredCall } from "./stored-call.ts";

/** The call is to be sent on: the provider keeps this response, and only its id is known here. */
export interface KeptElsewhere {
  readonly provider: string;
  readonly model: string | null;
}

export interface StoredRooms {
  readonly archive: Archive;
  readonly runner: BackgroundRunner;
  /** Milliseconds of silence after which a stream says that it lives. */
  readonly keepAlive: () => number;
}

/**
 * Answers a call about a stored response. `search` is the query string. Throws not_found, in the API's words, for what is
 * not kept or belongs to another key; invalid_request; server_overloaded when the storage cannot be asked.
 */
export async function answerStored(
  rooms: StoredRooms,
  call: StoredCall,
  keyId: string,
  search: string,
): Promise<Response | KeptElsewhere> {
  const key = { id: call.id, keyId };
  const found = await rooms.archive.get(key);
  if (found === null) throw responseNotFound(call.id);
  if (found.response === null && found.provider !== null)
    return { provider: found.provider, model: found.model };
  const stored = isOrphan(found) ? asFailed(found) : found;
  const query = new URLSearchParams(search);
  switch (call.kind) {
    case "get":
      return query.get("stream") === "true" ? streamed(rooms, stored, query) : json(stored.response ?? "{}");
    case "delete":
      rooms.runner.cancel(key);
      await rooms.archive.delete(key);
      return Response.json({ id: call.id, object: "response", deleted: true });
    case "input-items":
      return Response.json(listPage(await contextOf(rooms.archive, stored), query));
    case "cancel":
      return json(cancelled(rooms, stored));
  }
}

/** Being made by a process that has not said for too long that it lives. */
function isOrphan(stored: StoredResponse): boolean {
  return stored.leaseUntil !== null && stored.leaseUntil < Date.now();
}

function json(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

function streamed(rooms: StoredRooms, stored: StoredResponse, query: URLSearchParams): Response {
  if (!stored.background) {
    throw new GatewayError(
      "invalid_request",
      "This response cannot be streamed because it was not created with background=true.",
      { param: "stream" },
    );
  }
  const after = integer(query, "starting_after", { least: -1, most: Number.MAX_SAFE_INTEGER, otherwise: -1 });
  const log = rooms.runner.log(stored);
  return eventStream(
    log === null ? followStored(rooms.archive, stored, after) : log.after(after),
    rooms.keepAlive(),
  );
}

function cancelled(rooms: StoredRooms, stored: StoredResponse): string {
  if (!stored.background) throw new GatewayError("invalid_request", "Cannot cancel a synchronous response.");
  // Cancelling twice is harmless.
  if (stored.status === "cancelled") return stored.response ?? "{}";
  if (!isUnfinished(stored.status))
    throw new GatewayError("invalid_request", `Cannot cancel a response that is ${stored.status}.`);
  const here = rooms.runner.cancel(stored);
  if (here !== null) return JSON.stringify(here);
  // It is made by another process, which finds out when it next says that it lives.
  const response: unknown = JSON.parse(stored.response ?? "{}");
  const text = JSON.stringify({ ...(isObject(response) ? response : {}), status: "cancelled" });
  rooms.archive.put({ ...stored, status: "cancelled", response: text, leaseUntil: null });
  return text;
}

/** All that the response was made from, oldest first: of the responses before it the input and the output too. */
async function contextOf(archive: Archive, stored: StoredResponse): Promise<JsonObject[]> {
  const own = itemsOf({ ...stored, response: null });
  if (stored.previousId === null) return own;
  // Where one of them is not kept any more, what is left is still told.
  const earlier = (await archive.chain({ id: stored.previousId, keyId: stored.keyId })) ?? [];
  return [...listedItems(earlier.flatMap(itemsOf)), ...own];
}

/** A page as OpenAI's lists have it. */
function listPage(items: readonly JsonObject[], query: URLSearchParams): JsonObject {
  const limit = integer(query, "limit", { least: 1, most: 100, otherwise: 20 });
  const order = query.get("order") ?? "desc";
  if (order !== "asc" && order !== "desc")
    throw new GatewayError("invalid_request", "`order` is asc or desc.", { param: "order" });
  const ordered = order === "asc" ? items : items.toReversed();
  const after = query.get("after");
  const start = after === null ? 0 : ordered.findIndex((item) => item.id === after) + 1;
  if (after !== null && start === 0)
    throw new GatewayError("invalid_request", `Item with id '${after.slice(0, 200)}' not found.`, {
      param: "after",
    });
  const data = ordered.slice(start, start + limit);
  return {
    object: "list",
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: start + limit < ordered.length,
  };
}

interface Range {
  readonly least: number;
  readonly most: number;
  readonly otherwise: number;
}

function integer(query: URLSearchParams, name: string, { least, most, otherwise }: Range): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new GatewayError("invalid_request", `\`${name}\` is a whole number from ${least} to ${most}.`, {
    param: name,
  });
}

function responseNotFound(id: string): GatewayError {
  return new GatewayError("not_found", `Response with id '${id.slice(0, 200)}' not found.`);
}
