import type { EndpointConfig } from "../config/schema.ts";
import type { Format } from "../exchange/formats.ts";
import { type Call, callOfPath } from "../formats/call.ts";
import { isVersion } from "../lib/api-version.ts";
import { CATALOGUE } from "../providers/catalogue.ts";

/**
 * The format that an endpoint's target is called in: what a rule asks for, what the configuration says, or what the
 * URL's path is of; null where nothing says it, so that the call passes as it is.
 */
export function endpointFormat(
  config: EndpointConfig,
  url: URL,
  call: Call,
  ruled: Format | null,
): Format | null {
  const target = callOfPath(url.pathname.slice(1));
  // A rule can act only where the API that it asks for stands beside the one in the URL.
  if (
    ruled !== null &&
    (config.format === undefined || config.format === ruled) &&
    isOpenai(ruled) &&
    isOpenai(target.format)
  )
    return ruled;
  return config.format ?? (target.operation === call.operation ? target.format : null) ?? call.format;
}

const isOpenai = (format: Format | null) => format === "openai-chat" || format === "openai-responses";

/**
 * Path and query of a converted call at an endpoint's target. `callPath` is the call's own path, as `chat/completions`.
 * A URL that names a call has it replaced, for the client's stream decides which of Gemini's methods it is; one that is
 * a base has it appended.
 */
export function endpointPath(url: URL, format: Format, callPath: string): string {
  const path = url.pathname;
  const named = callOfPath(path.slice(1));
  if (named.format === null) return withSearch(`${path.replace(/\/+$/, "")}/${callPath}`, url.search);
  if (format === "gemini" && named.format === "gemini") {
    const [call = "", query = ""] = callPath.split("?");
    const method = call.slice(call.lastIndexOf(":"));
    return withSearch(
      path.slice(0, path.lastIndexOf(":")) + method + (query === "" ? "" : `?${query}`),
      url.search,
    );
  }
  const base = path.slice(0, path.length - pathOf(named.format).length);
  return withSearch(base + callPath, url.search);
}

function pathOf(format: Format): string {
  if (format === "openai-chat") return "chat/completions";
  return format === "openai-responses" ? "responses" : "messages";
}

/** `path` may have a query of its own. */
export function withSearch(path: string, search: string): string {
  if (search === "") return path;
  return path + (path.includes("?") ? `&${search.slice(1)}` : search);
}

/** Header lines that a format needs in every call, but for those that the configuration sets. */
export function formatLines(format: Format, custom: Readonly<Record<string, string>>): string {
  if (format !== "anthropic-messages") return "";
  const names = new Set(Object.keys(custom).map((name) => name.toLowerCase()));
  let lines = "";
  for (const [name, value] of Object.entries(CATALOGUE.anthropic!.defaultHeaders!))
    if (!names.has(name)) lines += `${name}: ${value}\r\n`;
  return lines;
}

/** Whether what follows a provider's name is an API's path as it is published, with nothing of the provider's own before. */
export function isPlainPath(rest: string): boolean {
  const slash = rest.indexOf("/");
  const tail = isVersion(rest.slice(0, slash)) ? rest.slice(slash + 1) : rest;
  return tail.startsWith("models/") || callOfPath(tail).format !== null;
}
