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
 * The keys that a request presents: one for each of the four header fields, and the first five of the query. Some clients fill several, with keys for
 * different servers, so the caller admits the request when any of them is valid. `search` is the URL's query string,
 * with or without its question mark.
 */
export function presentedKeys(headers: HeaderFields, search: string): PresentedKey[] {
  const keys: PresentedKey[] = [];
  for (const place of KEY_HEADERS) {
    const value = headers[place];
    if (value) keys.push({ place, key: place === "authorization" ? withoutBearer(value) : value });
  }
  for (const key of keyParams(search)) if (key !== "") keys.push({ place: "key", key });
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

/** At most so many `key` parameters are looked at. */
const MAX_PARAMS = 5;

function keyParams(search: string): string[] {
  if (!search.includes("key=")) return [];
  return (search.startsWith("?") ? search.slice(1) : search)
    .split("&")
    .filter((param) => param.startsWith("key="))
    .slice(0, MAX_PARAMS)
    .map((param) => decoded(param.slice("key=".length)));
}

/** Broken percent-encoding encodes no key. */
function decoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return "";
  }
}
