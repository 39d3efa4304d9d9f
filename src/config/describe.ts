import type { ValuePath } from "./paths.ts";

const LONGEST = 60;
const SECRET_KEY = /^(api_keys?|custom_headers|headers)$|secret|password|token|authorization/i;

/**
 * Whether the value there may be a credential: it is then never shown, wherever the text ends up. So is a whole file
 * that is no mapping (a `.env` file given by mistake), and a text in place of a provider's settings (its bare key).
 */
export function isSecretPath(path: ValuePath): boolean {
  if (path.length === 0 || (path.length === 2 && path[0] === "providers")) return true;
  return path.some((step) => typeof step === "string" && SECRET_KEY.test(step));
}

/** What stands in the file, for the `found` of a problem: short, one line, without credentials inside URLs. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  if (typeof value === "string") return value === "" ? "an empty text" : quote(maskUrl(value));
  return String(value);
}

/** As `describeValue` for a value that must not be shown: its kind only. */
export function describeSecret(value: unknown): string {
  if (typeof value === "string") return value === "" ? "an empty text" : "a hidden text";
  if (typeof value === "number" || typeof value === "boolean") return `a hidden ${typeof value}`;
  return describeValue(value);
}

/** In quotes, control characters spelled out, cut to a length that fits on a line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
}

/** User, password and query of a URL are where its credentials are; so they are in one whose slashes were forgotten. */
export function maskUrl(text: string): string {
  if (!text.includes("//")) return text.replace(/^.*:.*@/s, "***@");
  return text.replace(/\/\/.*@/s, "//***@").replace(/^([a-z][a-z0-9+.-]*:\/\/[^?]*\?).+$/is, "$1***");
}
