/** Path and query of a request's URL, without building a URL object. The host in it is the client's claim and is not read. */
export function splitUrl(url: string): { path: string; search: string } {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  if (start < 0) return { path: "/", search: "" };
  let end = url.indexOf("#", start);
  if (end < 0) end = url.length;
  const query = url.indexOf("?", start);
  if (query < 0 || query > end) return { path: url.slice(start, end), search: "" };
  return { path: url.slice(start, query), search: query + 1 === end ? "" : url.slice(query, end) };
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
