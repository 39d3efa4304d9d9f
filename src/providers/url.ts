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
 */
export function joinBase(path: string, rest: string): string {
  if (path !== "" && `/${rest}/`.startsWith(`${path}/`)) return `/${rest}`;
  const slash = rest.indexOf("/");
  if (!isVersion(slash < 0 ? rest : rest.slice(0, slash))) return `${path}/${rest}`;
  const lastSlash = path.lastIndexOf("/");
  const root = isVersion(path.slice(lastSlash + 1)) ? path.slice(0, lastSlash) : path;
  return `${root}/${rest}`;
}
