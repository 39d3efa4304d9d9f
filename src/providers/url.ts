import { isVersion } from "../lib/api-version.ts";

/**
 * Joins what a client wrote after a provider's name to the provider's base URL, as origin plus path. Clients' base URLs
 * differ in whether they hold the version, so a `rest` that brings its own replaces the base's:
 *
 *   base https://api.example.com/openai/v1
 *   chat/completions             -> /openai/v1/chat/completions
 *   v1/chat/completions          -> /openai/v1/chat/completions
 *   v1beta/models                -> /openai/v1beta/models
 *   openai/v1/chat/completions   -> /openai/v1/chat/completions
 */
export function joinBase(base: URL, rest: string): string {
  const path = base.pathname === "/" ? "" : base.pathname;
  if (path !== "" && `/${rest}/`.startsWith(`${path}/`)) return `/${rest}`;
  const slash = rest.indexOf("/");
  if (!isVersion(slash < 0 ? rest : rest.slice(0, slash))) return `${path}/${rest}`;
  const lastSlash = path.lastIndexOf("/");
  const root = isVersion(path.slice(lastSlash + 1)) ? path.slice(0, lastSlash) : path;
  return `${root}/${rest}`;
}
