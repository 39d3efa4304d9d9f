/** Hosts that are well-formed; few in practice, but clients may make them up. */
const wellFormed = new Set<string>();
const MAX_REMEMBERED = 100;

/**
 * Path and query of a request's URL, in which dot segments are resolved and only ASCII stands, without building a URL
 * object. The host in it is the client's claim and takes no part.
 */
export function splitUrl(url: string): { path: string; search: string } {
  const start = url.startsWith("/") ? 0 : url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return { path: "/", search: "" };
  // Where the claim is no host, the server resolves and encodes nothing: characters beyond Latin-1 would become line
  // feeds in the upstream's request.
  if (!isHost(url.slice(0, start))) return splitUrl(new URL(`http://localhost${url.slice(start)}`).href);
  let end = url.indexOf("#", start);
  if (end < 0) end = url.length;
  const query = url.indexOf("?", start);
  if (query < 0 || query > end) return { path: url.slice(start, end), search: "" };
  return { path: url.slice(start, query), search: query + 1 === end ? "" : url.slice(query, end) };
}

/** `origin` is scheme and host, as `http://a.test:80`. */
function isHost(origin: string): boolean {
  if (wellFormed.has(origin)) return true;
  if (!URL.canParse(origin)) return false;
  if (wellFormed.size < MAX_REMEMBERED) wellFormed.add(origin);
  return true;
}

/**
 * Whether a path holds a dot segment behind an encoded slash, as `..%2f`. The server has resolved plain ones; these an
 * upstream may decode and resolve, and so leave the place that the configuration gave it.
 */
export function hidesDotSegment(path: string): boolean {
  if (!/%(2f|5c)/i.test(path) && !path.includes("\\")) return false;
  const decoded = path.replace(/%2f|%5c|\\/gi, "/").replace(/%2e/gi, ".");
  return decoded.split("/").some((segment) => segment === "." || segment === "..");
}

/** A part of a path without its percent-encoding, or null where that is malformed. */
export function decodePart(text: string): string | null {
  if (!text.includes("%")) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
