import type { StoredResponse } from "../storage/response-store.ts";
import { idsOf } from "./items.ts";
import { type JsonObject, objectsOf, textOf } from "./json.ts";
import { keptTurn, type Prepared } from "./request.ts";
import { isUnfinished } from "./response-object.ts";

export interface Maker {
  readonly keyId: string;
  /** What served it; null while nothing has. */
  readonly provider: string | null;
  readonly model: string | null;
}

/** Milliseconds for which the process that makes a response answers for it without saying so again. */
export const LEASE_MS = 15_000;

/** Ids that are kept; others no API makes, and not every database takes them. */
const ID = /^[\x21-\x7e]{1,256}$/;
/** Items of one response by which it is found. */
const MAX_ITEM_IDS = 10_000;

/** A response as it is stored. `retention` and `now` are milliseconds. Null where it has no id to be found by. */
export function toStored(
  response: JsonObject,
  prepared: Prepared,
  maker: Maker,
  times: { readonly retention: number; readonly now: number },
): StoredResponse | null {
  const id = textOf(response.id);
  if (id === null || !ID.test(id)) return null;
  const { previousId, background, referred } = prepared;
  const kept = { ...response, previous_response_id: previousId, store: true, background };
  const input = keptTurn(prepared);
  const items = [...input, ...objectsOf(response.output)];
  const status = textOf(response.status) ?? "completed";
  return {
    ...maker,
    id,
    createdAt: times.now,
    expiresAt: times.now + times.retention,
    status,
    background,
    previousId,
    response: JSON.stringify(kept),
    input: JSON.stringify(input),
    itemIds: idsOf(items)
      .filter((itemId) => ID.test(itemId) && !referred.has(itemId))
      .slice(0, MAX_ITEM_IDS),
    leaseUntil: isUnfinished(status) ? times.now + LEASE_MS : null,
  };
}

/** What is known of a response that its provider keeps; null where its id could not be found again. */
export function toPointer(
  id: string,
  maker: Maker,
  times: { readonly retention: number; readonly now: number },
): StoredResponse | null {
  if (!ID.test(id)) return null;
  return {
    ...maker,
    id,
    createdAt: times.now,
    expiresAt: times.now + times.retention,
    status: "completed",
    background: false,
    previousId: null,
    response: null,
    input: "[]",
    itemIds: [],
    leaseUntil: null,
  };
}
