import { RESERVED_PROVIDER_NAMES } from "../config/reserved.ts";
import { GatewayError } from "../exchange/errors.ts";
import { isVersion } from "../lib/api-version.ts";
import type { Provider, Providers } from "./providers.ts";

/** The provider that a door names. Throws not_found or provider_not_configured. */
export function providerNamed(name: string, { byName, missing }: Providers): Provider {
  const provider = byName.get(name);
  if (provider !== undefined) return provider;
  const reason = missing.get(name);
  if (reason !== undefined) throw new GatewayError("provider_not_configured", reason);
  throw new GatewayError("not_found", noProvider(name));
}

/** What is said of a name that is no provider's. Most who ask for one have a wrong base URL or a misspelt path. */
function noProvider(name: string): string {
  if (isVersion(name))
    return `There is no provider "${name}": a version stands where the provider's name is expected. A client that adds "/${name}" itself needs a base URL without it.`;
  if (RESERVED_PROVIDER_NAMES.includes(name))
    return `Nothing is served at this path below "${name}", which is no provider's name. Check how the path is spelt.`;
  return `There is no provider "${name.slice(0, 100)}".`;
}
