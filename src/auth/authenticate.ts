import { GatewayError } from "../exchange/errors.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import type { KeyIdentity, KeyRing } from "./key-ring.ts";
import { presentedKeys } from "./presented-key.ts";

export interface Caller {
  readonly identity: KeyIdentity;
  /** Where valid gateway keys stood: header names in lower case, `key` for the query parameter. */
  readonly places: ReadonlySet<string>;
}

/** Who calls. Throws invalid_api_key, with the same words whatever was wrong. */
export function authenticate(ring: KeyRing, headers: HeaderFields, search: string, nowMs: number): Caller {
  let identity: KeyIdentity | null = null;
  const places = new Set<string>();
  for (const { place, key } of presentedKeys(headers, search)) {
    const found = ring.authenticate(key, nowMs);
    if (found !== null) {
      identity ??= found;
      places.add(place);
    } else if (key.includes(",") && holdsKey(ring, key, nowMs)) {
      // A field that was sent twice admits nobody, but what it holds must not go on to a target either.
      places.add(place);
    }
  }
  if (identity !== null) return { identity, places };
  throw new GatewayError(
    "invalid_api_key",
    "A valid gateway key is needed: send it as Authorization: Bearer <key>, X-API-Key, API-Key or x-goog-api-key.",
    { headers: { "www-authenticate": "Bearer" } },
  );
}

/** Whether one of the first values of a repeated header field is a gateway key. */
function holdsKey(ring: KeyRing, values: string, nowMs: number): boolean {
  return values
    .split(",", 5)
    .some((value) => ring.authenticate(value.trim().replace(/^bearer\s+/i, ""), nowMs) !== null);
}
