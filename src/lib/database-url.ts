const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

const POSTGRES_URL = "postgres://<user>:<password>@<host>:<port>/<database>";

/** What a storage URL may be. */
export const STORAGE_URL_FORMS = `sqlite:<file> or ${POSTGRES_URL}`;

/** What is wrong with a storage URL, as the words after "expected"; null when nothing is. Repeats no part of it. */
export function storageUrlFault(text: string): string | null {
  if (/^postgres(ql)?:/i.test(text)) return postgresUrlFault(text);
  return /^sqlite:./is.test(text) ? null : STORAGE_URL_FORMS;
}

/**
 * What is wrong with a `postgres:` or `postgresql:` URL, as the words after "expected"; null when it can be used. Never
 * repeats any part of it.
 */
export function postgresUrlFault(text: string): string | null {
  const url = URL.parse(text);
  // An unencoded "/", "?" or "#" in the password ends the authority early, and what follows holds the "@".
  if (url === null || /\s/.test(text) || `${url.pathname}${url.search}${url.hash}`.includes("@"))
    return `${POSTGRES_URL} (in user and password "@", "/", "?", "#", "%" and spaces are percent-encoded, "@" as %40)`;
  if (url.hostname === "" && !hasSocket(url)) return `${POSTGRES_URL} (the host is missing)`;
  if (!isDecodable(url.username) || !isDecodable(url.password) || !isDecodable(url.pathname))
    return `${POSTGRES_URL} ("%" itself is written %25)`;
  const mode = url.searchParams.get("sslmode");
  return mode === null || SSL_MODES.includes(mode) ? null : `sslmode to be one of ${SSL_MODES.join(", ")}`;
}

function hasSocket(url: URL): boolean {
  return url.searchParams.has("path") || url.searchParams.has("socket");
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch (error) {
    if (error instanceof URIError) return false;
    throw error;
  }
}

/** A storage URL as it may be shown: without its password and its parameters. */
export function shownDatabaseUrl(text: string): string {
  if (/^sqlite:/i.test(text)) return text;
  const url = /^postgres(ql)?:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return "a database whose URL cannot be read";
  const user = url.username === "" ? "" : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
