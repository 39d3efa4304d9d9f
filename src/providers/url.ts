import { isVersion } from "../lib/api-version.ts";

/**
 * Joins what a client wrote after a provider's name to the path of the provider's base URL (without a trailing slash). Clients' base URLs
 * differ in whether they hold the version, so a `rest` that brings its own replaces the base's:
 *
 *   base /openai/v1
 *   chat/completions             -> /openai/v1/chat/completions
 *   v1/chat/completions          -> /openai/v1/chat/completions
 *   v1beta/models                -> /openai/v1beta/models
 *   openai/v1/chat/completions   -> /openai/v1/chat/completions
 *
 * The last also where the base is behind another path: /groq/openai/v1.
 */
export function joinBase(path: string, rest: string): string {
  const again = whereAgain(path, rest);
  if (again !== null) return `${path.slice(0, again)}/${rest}`;
  const slash = rest.indexOf("/");
  if (!isVersion(slash < 0 ? rest : rest.slice(0, slash))) return `${path}/${rest}`;
  const lastSlash = path.lastIndexOf("/");
  const root = isVersion(path.slice(lastSlash + 1)) ? path.slice(0, lastSlash) : path;
  return `${root}/${rest}`;
}

/** Where in the path that begins which the rest begins with again: all of the path, or an end of it with its version. */
function whereAgain(path: string, rest: string): number | null {
  if (path === "") return null;
  const ends = isVersion(path.slice(path.lastIndexOf("/") + 1)) ? path.length : 1;
  for (let at = 0; at >= 0 && at < ends; at = path.indexOf("/", at + 1))
    if (`/${rest}/`.startsWith(`${path.slice(at)}/`)) return at;
  return null;
}

/**
 * A path as Vertex AI has it, `v1beta1/publishers/google/models/<model>:<method>`, as the Gemini API has it:
 * `models/<model>:<method>`, under that API's own version. Google's client writes the first, of either API, when it was
 * made for Vertex AI. Other paths, and those for Vertex AI itself, stay as they are.
 */
export function geminiPath(host: string, rest: string): string {
  const at = rest.indexOf("/publishers/google/models/");
  if (at < 0 || !isVersion(rest.slice(0, at)) || host.endsWith("aiplatform.googleapis.com")) return rest;
  return rest.slice(at + "/publishers/google/".length);
}
