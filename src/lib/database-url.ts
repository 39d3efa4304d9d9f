const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

export const POSTGRES_URL = "postgres://<user>:<password>@<host>:<port>/<database>";

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
  const url = URL.parse(text);
  if (url === null) return `${/^[a-z][a-z0-9+.-]*:/i.exec(text)?.[0] ?? ""}//…`;
  const user = url.username === "" ? "" : `${url.username}@`;
  return `${url.protocol}//${user}${url.host}${url.pathname}`;
}
