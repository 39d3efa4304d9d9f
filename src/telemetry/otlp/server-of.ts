import type { Providers } from "../../routing/providers.ts";
import { providerIn } from "../request-metrics.ts";

/** Where a target's server is: a target is `provider/model`, or an endpoint's URL. Null where nobody knows. */
export function serverOf(
  target: string,
  { byName }: Pick<Providers, "byName">,
): { readonly address: string; readonly port: number } | null {
  if (!target.includes("://")) {
    const base = byName.get(providerIn(target))?.baseUrl;
    return base === undefined ? null : serverIn(base);
  }
  return URL.canParse(target) ? serverIn(new URL(target)) : null;
}

function serverIn({ hostname, port, protocol }: URL): { address: string; port: number } {
  const usual = protocol === "https:" ? 443 : 80;
  return { address: hostname, port: port === "" ? usual : Number(port) };
}
