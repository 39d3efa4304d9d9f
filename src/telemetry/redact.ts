/** What stands in a log where a secret stood. */
export const REDACTED = "[redacted]";
const OMITTED = "[omitted]";

const MAX_STRING = 2_000;
const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
/** Values in one log line. Bounds what depth and items alone would let grow to 100^6. */
const MAX_VALUES = 1_000;

const SECRET_NAMES = new Set(
  "authorization proxyauthorization cookie setcookie credential credentials token authtoken bearertoken accesstoken refreshtoken idtoken sessiontoken".split(
    " ",
  ),
);
const SECRET_ENDINGS = [
  "apikey",
  "apikeys",
  "password",
  "passwd",
  "passphrase",
  "secret",
  "secrets",
  "privatekey",
  "accesskey",
];
const BODY_NAMES = new Set("body requestbody responsebody messages prompt completion".split(" "));

/** Verdicts by field name; names are few, but a client's own field names could get here, hence the bound. */
const verdicts = new Map<string, string | null>();

/** What must stand in place of the value of a field with this name, or null when the value itself may be shown. */
function replacementFor(name: string): string | null {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const plain = name.toLowerCase().replaceAll(/[-_.\s]/g, "");
  let verdict: string | null = null;
  if (SECRET_NAMES.has(plain) || SECRET_ENDINGS.some((ending) => plain.endsWith(ending))) verdict = REDACTED;
  else if (BODY_NAMES.has(plain)) verdict = OMITTED;
  if (verdicts.size < 1_000) verdicts.set(name, verdict);
  return verdict;
}

/** Names or marks without which none of the patterns below can match: one cheap test spares six. */
const HINT =
  /sk[-_]|ams_|AIza|AKIA|eyJ|xai-|pplx-|nvapi-|hf_|ghp_|fw_|r8_|bearer|basic |key|token|secret|passw|auth|cookie|@/i;
const PROVIDER_KEY =
  /(?<![A-Za-z0-9])(sk-|ams_|AIza|AKIA|eyJ|xai-|gsk_|csk-|pplx-|nvapi-|hf_|ghp_|fw_|r8_)[A-Za-z0-9_.-]{4,}/g;
const CREDENTIAL_HEADER = /(\b(?:set-)?cookie|authorization)(["']?\s*[=:]\s*["']?)[^"'\r\n]+/gi;
const BEARER = /\b(bearer\s+)(?!token\b|auth)[^\s"',;]+/gi;
const BASIC = /\b([Bb]asic\s+)(?=[A-Za-z]*(?:[a-z][A-Z]|[0-9+/=]))[A-Za-z0-9+/=]{6,}/g;
const NAMED_VALUE = /((?:key|token|secret|password)["']?\s*[=:]\s*["']?)(?!\[redacted)[^\s"'&,;)}\]]+/gi;
const URL_PASSWORD = /(:\/\/[^/?#\s:@]*:)[^/?#\s@]+@/g;

/** `text` without whatever looks like a key, a credential header, a password in a URL or a `key=` parameter. */
export function maskSecrets(text: string): string {
  if (!HINT.test(text)) return text;
  return text
    .replace(CREDENTIAL_HEADER, `$1$2${REDACTED}`)
    .replace(BEARER, `$1${REDACTED}`)
    .replace(BASIC, `$1${REDACTED}`)
    .replace(NAMED_VALUE, `$1${REDACTED}`)
    .replace(PROVIDER_KEY, `$1${REDACTED}`)
    .replace(URL_PASSWORD, `$1${REDACTED}@`);
}

/**
 * `text` fit for a log: secrets masked, at most 2,000 characters. A little more than that is looked at, so that a
 * secret which the cut would leave in halves is still recognised.
 */
export function safeText(text: string, limit = MAX_STRING): string {
  const masked = maskSecrets(text.length > limit + 512 ? text.slice(0, limit + 512) : text);
  return text.length <= limit && masked.length <= limit
    ? masked
    : `${masked.slice(0, limit)}… (${text.length} characters)`;
}

/** A value that JSON can hold. */
export type Plain = string | number | boolean | null | Plain[] | { [name: string]: Plain };

/**
 * Fields as plain, bounded, secret-free data: secret names and bodies replaced, strings masked and cut, errors as
 * `{name, message, code, stack, cause}`, cycles and everything beyond the limits of depth, items and total named.
 * Never throws, whatever the getters and proxies inside do.
 */
export function safeFields(fields: object): { [name: string]: Plain } {
  try {
    return plainEntries(fields instanceof Error ? errorEntries(fields) : ownEntries(fields), {
      values: 0,
      ancestors: [],
    });
  } catch (error) {
    return { fields: unreadable(error) };
  }
}

function unreadable(error: unknown): string {
  return `[unreadable: ${error instanceof Error ? safeText(String(error.message), 200) : "thrown value"}]`;
}

interface Walk {
  values: number;
  readonly ancestors: object[];
}

function toPlain(value: unknown, walk: Walk): Plain {
  switch (typeof value) {
    case "string":
      return safeText(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "object":
      return value === null ? null : objectToPlain(value, walk);
    case "undefined":
      return null;
    case "bigint":
      return String(value);
    default:
      return `[${typeof value}]`;
  }
}

function objectToPlain(value: object, walk: Walk): Plain {
  if (walk.ancestors.includes(value)) return "[cyclic]";
  if (walk.ancestors.length >= MAX_DEPTH) return "[deeper]";
  if (++walk.values > MAX_VALUES) return "[more]";
  walk.ancestors.push(value);
  try {
    return readObject(value, walk);
  } catch (error) {
    return unreadable(error);
  } finally {
    walk.ancestors.pop();
  }
}

function readObject(value: object, walk: Walk): Plain {
  if (Array.isArray(value)) return plainItems(value, value.length, walk);
  if (value instanceof Error) return plainEntries(errorEntries(value), walk);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  if (value instanceof URL || value instanceof RegExp) return safeText(String(value));
  if (value instanceof Set) return plainItems(value, value.size, walk);
  if (value instanceof Map || value instanceof Headers || value instanceof URLSearchParams) {
    return plainEntries(value.entries(), walk);
  }
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  return plainEntries(ownEntries(value), walk);
}

function plainItems(items: Iterable<unknown>, count: number, walk: Walk): Plain[] {
  const result: Plain[] = [];
  for (const item of items) {
    if (result.length >= MAX_ITEMS || ++walk.values > MAX_VALUES) {
      result.push(`[${count - result.length} more]`);
      break;
    }
    result.push(toPlain(item, walk));
  }
  return result;
}

function plainEntries(entries: Iterable<[unknown, unknown]>, walk: Walk): { [name: string]: Plain } {
  const result: { [name: string]: Plain } = {};
  let count = 0;
  for (const [key, value] of entries) {
    if (value === undefined) continue;
    if (++count > MAX_ITEMS || ++walk.values > MAX_VALUES) {
      result["…"] = "[more]";
      break;
    }
    const name = safeText(String(key), 100);
    result[name === "__proto__" ? "[__proto__]" : name] = replacementFor(name) ?? toPlain(value, walk);
  }
  return result;
}

/** One entry at a time: an object of a million names must not be copied to show a hundred of them. */
function* ownEntries(value: object): Generator<[string, unknown]> {
  for (const name of Object.keys(value)) {
    let item: unknown;
    try {
      item = (value as { [name: string]: unknown })[name];
    } catch (error) {
      item = unreadable(error);
    }
    yield [name, item];
  }
}

function* errorEntries(error: Error): Generator<[string, unknown]> {
  yield ["name", error.name];
  yield ["message", error.message];
  yield ["code", (error as { code?: unknown }).code];
  yield ["stack", error.stack];
  yield ["cause", error.cause];
  if (error instanceof AggregateError) yield ["errors", error.errors];
}
