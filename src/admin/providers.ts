import { z } from "zod";
import { CATALOGUE } from "../providers/catalogue.ts";
import type { Provider } from "../routing/providers.ts";
import { upstreamHealth } from "../upstream/health.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { jsonRoute } from "./route.ts";
import { isoOrNull, named, time } from "./shape-parts.ts";

const upstreamShape = named(
  "Upstream",
  z
    .object({
      name: z.string(),
      breaker: z.enum(["closed", "open", "half-open"]),
      recent_calls: z.int().describe("Calls over the breaker's window."),
      recent_failures: z.int(),
      last_error: z.string().nullable(),
      last_success_at: time.nullable(),
    })
    .describe("What calls go to, as far as it was called since the start."),
);

const providerShape = named(
  "Provider",
  z.object({
    name: z.string(),
    aliases: z.array(z.string()),
    enabled: z.boolean(),
    reason: z.string().nullable().describe("Why it is switched off."),
    base_url: z.string().nullable(),
    formats: z.array(z.string()),
    models: z.array(z.string()).describe("Bare model names that go to it."),
    keys: z.int().describe("How many keys it has; never the keys."),
    upstreams: z.array(upstreamShape).describe("Its own, and those of models that fail by themselves."),
  }),
);

const listShape = named(
  "ProviderList",
  z.object({
    providers: z.array(providerShape),
    upstreams: z.array(upstreamShape).describe("Those of endpoints, by their addresses."),
  }),
);

export const listProviders = jsonRoute({
  method: "GET",
  path: "/admin/providers",
  id: "listProviders",
  summary: "The providers, whether each is switched on, and what is known of their health.",
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: null,
  answer: listShape,
  async handle(_, { router, upstreams }) {
    const { byName } = router.providers;
    // Who misses a provider by one of its names misses it by all.
    const missing = [...router.providers.missing].filter(([name]) => !ALIASES.has(name));
    const called = upstreams.all();
    const names = Map.groupBy(byName.keys(), (name) => byName.get(name)!);
    const enabled = [...names].map(([provider, all]) => {
      const own = called.filter(({ name }) => isOf(name, provider));
      return enabledJson(provider, all, own);
    });
    const others = called.filter(({ name }) => ![...names.keys()].some((provider) => isOf(name, provider)));
    return {
      providers: [...enabled, ...missing.map(missingJson)],
      upstreams: others.map(upstreamJson),
    };
  },
});

const ALIASES: ReadonlySet<string> = new Set(
  Object.values(CATALOGUE).flatMap(({ aliases }) => aliases ?? []),
);

function isOf(upstream: string, { name, separateModels }: Provider): boolean {
  return upstream === name || (separateModels.size > 0 && upstream.startsWith(`${name}/`));
}

function enabledJson(
  provider: Provider,
  names: readonly string[],
  own: readonly Upstream[],
): z.output<typeof providerShape> {
  const { origin, pathname } = provider.baseUrl;
  return {
    name: provider.name,
    aliases: names.filter((name) => name !== provider.name),
    enabled: true,
    reason: null,
    // User, password and query of a URL are where its credentials are.
    base_url: origin + pathname.replace(/\/$/, ""),
    formats: Object.keys(provider.formats),
    models: [...provider.models],
    keys: provider.keys.length,
    upstreams: own.map(upstreamJson),
  };
}

function missingJson([name, reason]: readonly [string, string]): z.output<typeof providerShape> {
  const aliases = [...(CATALOGUE[name]?.aliases ?? [])];
  const unknown = { base_url: null, formats: [], models: [], keys: 0, upstreams: [] };
  return { name, aliases, enabled: false, reason, ...unknown };
}

function upstreamJson(upstream: Upstream): z.output<typeof upstreamShape> {
  const { name, breaker, recent, lastError, lastSuccessAt } = upstreamHealth(upstream);
  return {
    name,
    breaker,
    recent_calls: recent.calls,
    recent_failures: recent.failures,
    last_error: lastError,
    last_success_at: isoOrNull(lastSuccessAt),
  };
}
