import type { HeaderFields } from "../lib/header-fields.ts";

/** Headers that may hold a gateway key, in lower case. None of them is ever sent on to a provider. */
export const KEY_HEADERS = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;

const BEARER = "bearer";

export interface PresentedKey {
  /** The header's name, or `key` for the query parameter. */
  readonly place: string;
  readonly key: string;
}

/**
 * The keys that a request presents, at most one for each of the five places. Some clients fill several, with keys for
 * different servers, so the caller admits the request when any of them is valid. `search` is the URL's query string,
 * with or without its question mark.
 */
export function presentedKeys(headers: HeaderFields, search: string): PresentedKey[] {
  const keys: PresentedKey[] = [];
  for (const place of KEY_HEADERS) {
    const value = headers[place];
    if (value) keys.push({ place, key: place === "authorization" ? withoutBearer(value) : value });
  }
  const fromQuery = keyParam(search);
  if (fromQuery) keys.push({ place: "key", key: fromQuery });
  return keys;
}

/** The query string without its `key` parameters and otherwise byte for byte as it was; empty when nothing is left. */
export function withoutKeyParam(search: string): string {
  if (!search.includes("key=")) return search;
  const mark = search.startsWith("?") ? "?" : "";
  const all = search.slice(mark.length).split("&");
  const kept = all.filter((param) => !param.startsWith("key="));
  if (kept.length === all.length) return search;
  return kept.length === 0 ? "" : mark + kept.join("&");
}

function withoutBearer(value: string): string {
  const hasScheme =
    value.charCodeAt(BEARER.length) <= 0x20 && value.slice(0, BEARER.length).toLowerCase() === BEARER;
  return hasScheme ? value.slice(BEARER.length + 1).trim() : value;
}

function keyParam(search: string): string | null {
  if (!search.includes("key=")) return null;
  const param = (search.startsWith("?") ? search.slice(1) : search)
    .split("&")
    .find((text) => text.startsWith("key="));
  if (param === undefined) return null;
  const value = param.slice("key=".length);
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    // Broken percent-encoding encodes no key.
    return null;
  }
}
