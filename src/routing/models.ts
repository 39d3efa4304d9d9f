import type { Config } from "../config/schema.ts";
import { GatewayError } from "../exchange/errors.ts";
import { ownValue } from "../lib/own-value.ts";
import { CATALOGUE } from "../providers/catalogue.ts";
import type { Provider, Providers } from "./providers.ts";

/** A model at a provider. */
export interface ModelTarget {
  readonly provider: Provider;
  /** The name that the provider knows it by. */
  readonly model: string;
}

/**
 * What a model's name stands for: `provider/model`, or a bare name that a provider has. Throws model_not_found, or
 * provider_not_configured where the provider is known but switched off.
 */
export function chooseModel(name: string, config: Config, providers: Providers): ModelTarget {
  return named(name, providers) ?? bare(name, providers) ?? unknown(name, config, providers);
}

function named(name: string, providers: Providers): ModelTarget | null {
  const slash = name.indexOf("/");
  if (slash <= 0 || slash === name.length - 1) return null;
  const provider = providers.byName.get(name.slice(0, slash));
  return provider === undefined ? null : { provider, model: name.slice(slash + 1) };
}

function bare(name: string, providers: Providers): ModelTarget | null {
  for (const provider of new Set(providers.byName.values())) {
    if (provider.models.some((pattern) => matches(pattern, name))) return { provider, model: name };
  }
  return null;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

function unknown(name: string, config: Config, providers: Providers): never {
  const slash = name.indexOf("/");
  const missing = slash < 0 ? undefined : providers.missing.get(name.slice(0, slash));
  const reason = missing ?? bareMissing(name, config, providers);
  if (reason !== undefined) throw new GatewayError("provider_not_configured", reason);
  const names = [...new Set([...providers.byName.values()].map((provider) => provider.name))].join(", ");
  throw new GatewayError(
    "model_not_found",
    `The model "${name.slice(0, 200)}" is not known. Name it as provider/model (providers that are switched on: ${names}) or as a route of the configuration.`,
    { param: "model" },
  );
}

/** Why a bare name's provider is switched off, where the name is one of its models. */
function bareMissing(name: string, config: Config, providers: Providers): string | undefined {
  for (const [provider, reason] of providers.missing) {
    const patterns =
      ownValue(config.providers, provider)?.models ?? ownValue(CATALOGUE, provider)?.models ?? [];
    if (patterns.some((pattern) => matches(pattern, name)))
      return `"${name.slice(0, 200)}" is a model of ${provider}. ${reason}`;
  }
  return undefined;
}
