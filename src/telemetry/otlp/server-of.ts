import type { Providers } from "../../routing/providers.ts";
import { providerIn } from "../request-metrics.ts";

export interface ServerAddress {
  readonly address: string;
  readonly port: number;
}

/** By base URL: a reload makes new ones. */
const known = new WeakMap<URL, ServerAddress>();

/** Where a target's server is: a target is `provider/model`, or an endpoint's URL. Null where nobody knows. */
export function serverOf(target: string, { byName }: Pick<Providers, "byName">): ServerAddress | null {
  if (target.includes("://")) return URL.canParse(target) ? serverIn(new URL(target)) : null;
  const base = byName.get(providerIn(target))?.baseUrl;
  if (base === undefined) return null;
  const server = known.get(base) ?? serverIn(base);
  known.set(base, server);
  return server;
}

function serverIn({ hostname, port, protocol }: URL): ServerAddress {
  const usual = protocol === "https:" ? 443 : 80;
  return { address: hostname, port: port === "" ? usual : Number(port) };
}
