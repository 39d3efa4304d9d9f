import { RESERVED_PROVIDER_NAMES } from "../config/reserved.ts";
import type { BreakerConfig, Config, EndpointConfig, RetryConfig } from "../config/schema.ts";
import { fillTarget } from "../config/target-template.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { isVersion } from "../lib/api-version.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { joinBase } from "../providers/url.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import { originOf } from "../upstream/http/origin.ts";
import type { CallSettings, Target } from "../upstream/target.ts";
import type { Upstream, Upstreams } from "../upstream/upstream.ts";
import { type Door, findDoor } from "./doors.ts";
import { type EndpointMatch, EndpointTable } from "./endpoints.ts";
import { chooseModel, type ModelTarget } from "./models.ts";
import {
  type EndpointPlan,
  PROVIDER_RESPONSES,
  type ProviderPlan,
  planEndpoint,
  planProvider,
} from "./plans.ts";
import { keyLine, prepareRequest } from "./prepare.ts";
import type { DefaultHeaders, Provider, Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";

/** What a request is to be sent to, in order, and how its answer's headers pass. */
export interface Resolution {
  readonly route: string | null;
  readonly targets: readonly Target[];
  readonly responseFilter: HeaderFilter;
}

/** What a model's name means for one call. */
interface PlannedChoice {
  readonly route: string | null;
  readonly targets: readonly { readonly plan: ProviderPlan; readonly path: string; readonly model: string }[];
  readonly responseFilter: HeaderFilter;
}

const MAX_CHOICES = 1000;

/** One configuration, ready to resolve requests. A reload makes another one; requests that run keep theirs. */
export class Router {
  readonly config: Config;
  readonly providers: Providers;
  readonly #upstreams: Upstreams;
  readonly #endpoints: EndpointTable;
  readonly #plans = new Map<Provider, ProviderPlan>();
  readonly #endpointPlans = new Map<EndpointConfig, EndpointPlan>();
  /** What models' names were resolved to, by call: few pairs make up all of the traffic. */
  readonly #choices = new WeakMap<Call, Map<string, PlannedChoice>>();

  constructor(config: Config, providers: Providers, upstreams: Upstreams) {
    this.config = config;
    this.providers = providers;
    this.#upstreams = upstreams;
    this.#endpoints = new EndpointTable(config.endpoints);
    for (const provider of new Set(providers.byName.values()))
      this.#plans.set(provider, this.#plan(provider));
    for (const endpoint of config.endpoints) this.#endpointPlans.set(endpoint, planEndpoint(endpoint));
  }

  door(method: string, path: string): Door {
    return findDoor(this.#endpoints, method, path);
  }

  /** The provider that a door names. Throws not_found or provider_not_configured. */
  providerOf(name: string): Provider {
    const provider = this.providers.byName.get(name);
    if (provider !== undefined) return provider;
    const reason = this.providers.missing.get(name);
    if (reason !== undefined) throw new GatewayError("provider_not_configured", reason);
    throw new GatewayError("not_found", noProvider(name));
  }

  /** Names of every upstream that a request may be sent to: what `Upstreams.keep` takes. */
  upstreamNames(): Set<string> {
    const names = new Set<string>();
    for (const { name, separateModels } of this.#plans.keys()) {
      names.add(name);
      for (const model of separateModels) names.add(`${name}/${model}`);
    }
    // A target's host has no placeholder, so that the URL of the configuration tells its origin.
    for (const { target_url, fallback_urls } of this.config.endpoints)
      for (const url of [target_url, ...fallback_urls]) names.add(originOf(new URL(url)).key);
    return names;
  }

  /** Targets of an endpoint: its target_url, then its fallback_urls. */
  resolveEndpoint(match: EndpointMatch, facts: RequestFacts): Resolution {
    const { config } = match.endpoint;
    const plan = this.#endpointPlans.get(config)!;
    const targets = match.endpoint.targets.map((template): Target => {
      const url = new URL(fillTarget(template, match.values));
      const origin = originOf(url);
      return {
        // Not its path, which may hold a secret of the configuration.
        name: url.host,
        upstream: this.#upstream(origin.key, this.config.breaker),
        provider: null,
        model: facts.fields?.model ?? null,
        settings: this.#settings(config),
        responseType: config.response_type,
        keyCount: 0,
        secrets: plan.secrets,
        passRedirects: true,
        prepare: () =>
          prepareRequest(facts, {
            origin,
            target: url.pathname + mergeSearch(url.search, facts.search),
            filter: plan.requestFilter,
            withheld: facts.keyHeaders,
            lines: plan.customLines,
            model: null,
          }),
      };
    });
    return { route: null, targets, responseFilter: plan.responseFilter };
  }

  /** The one target of a provider's own door. */
  resolveProvider(provider: Provider, rest: string, call: Call, facts: RequestFacts): Resolution {
    const plan = this.#plans.get(provider)!;
    const model = call.pathModel ?? facts.fields?.model ?? null;
    const target = this.#providerTarget(plan, joinBase(plan.basePath, rest), model, null, call, facts);
    return { route: null, targets: [target], responseFilter: plan.responseFilter };
  }

  /** Targets of a door that serves every provider, by the model's name. Throws as `chooseModel`, or conversion_refused. */
  resolveModel(name: string, call: Call, facts: RequestFacts): Resolution {
    const { route, targets, responseFilter } = this.#choice(name, call);
    return {
      route,
      targets: targets.map(({ plan, path, model }) =>
        this.#providerTarget(plan, path, model, model, call, facts),
      ),
      responseFilter,
    };
  }

  #choice(name: string, call: Call): PlannedChoice {
    let byName = this.#choices.get(call);
    if (byName === undefined) {
      byName = new Map();
      this.#choices.set(call, byName);
    }
    const known = byName.get(name);
    if (known !== undefined) return known;
    const choice = this.#planChoice(name, call);
    if (byName.size < MAX_CHOICES) byName.set(name, choice);
    return choice;
  }

  #planChoice(name: string, call: Call): PlannedChoice {
    const choice = chooseModel(name, this.config, this.providers);
    const format = call.format!;
    const able = choice.targets.filter((target) => target.provider.formats[format] !== undefined);
    if (able.length === 0) throw conversionUnavailable(name, format, choice.targets);
    const targets = able.map(({ provider, model }) => {
      const plan = this.#plans.get(provider)!;
      return { plan, path: joinBase(plan.basePath, provider.formats[format] + pathOf(call, model)), model };
    });
    const responseFilter = targets.length === 1 ? targets[0]!.plan.responseFilter : PROVIDER_RESPONSES;
    return { route: choice.route, targets, responseFilter };
  }

  /** `model` is for the record; `rename` is put in the body's place of it, null leaves the body's. */
  #providerTarget(
    plan: ProviderPlan,
    path: string,
    model: string | null,
    rename: string | null,
    call: Call,
    facts: RequestFacts,
  ): Target {
    const { provider } = plan;
    return {
      name: model === null ? provider.name : `${provider.name}/${model}`,
      upstream: this.#upstreamOf(plan, model),
      provider: provider.name,
      model,
      settings: plan.settings,
      // Without `alt=sse` Gemini streams one JSON array, piece by piece, under a content type that does not say so.
      responseType:
        call.method === "streamGenerateContent" && !facts.search.includes("alt=sse") ? "stream" : null,
      keyCount: provider.keys.length,
      secrets: plan.secrets,
      passRedirects: false,
      prepare: () =>
        prepareRequest(facts, {
          origin: plan.origin,
          target: path + mergeSearch(plan.baseSearch, facts.search),
          filter: plan.requestFilter,
          withheld: null,
          lines:
            defaultLines(plan.defaultHeaders, call.format, facts.headers) +
            (plan.sendsKey ? keyLine(provider) : "") +
            plan.customLines,
          model: rename,
        }),
    };
  }

  #plan(provider: Provider): ProviderPlan {
    const upstream = this.#upstream(provider.name, provider.config?.breaker ?? this.config.breaker);
    return planProvider(provider, upstream, this.#settings(provider.config));
  }

  #upstreamOf(plan: ProviderPlan, model: string | null): Upstream {
    const { provider, upstream } = plan;
    if (model === null || !provider.separateModels.has(model)) return upstream;
    return this.#upstream(`${provider.name}/${model}`, provider.config?.breaker ?? this.config.breaker);
  }

  #upstream(name: string, breaker: BreakerConfig): Upstream {
    return this.#upstreams.get(name, breaker, this.config.retry_budget);
  }

  #settings(nearer: NearerSettings | null): CallSettings {
    const { config } = this;
    return {
      timeout: (nearer?.timeout ?? config.global_timeout) * 1000,
      connectTimeout: (nearer?.connect_timeout ?? config.global_connect_timeout) * 1000,
      totalTimeout: (nearer?.total_timeout ?? config.global_total_timeout) * 1000,
      retry: nearer?.retry ?? config.global_retry,
    };
  }
}

/** What is said of a name that is no provider's. Most who ask for one have a wrong base URL or a misspelt path. */
function noProvider(name: string): string {
  if (isVersion(name))
    return `There is no provider "${name}": a version stands where the provider's name is expected. A client that adds "/${name}" itself needs a base URL without it.`;
  if (RESERVED_PROVIDER_NAMES.includes(name))
    return `Nothing is served at this path below "${name}", which is no provider's name. Check how the path is spelt.`;
  return `There is no provider "${name.slice(0, 100)}".`;
}

interface NearerSettings {
  readonly timeout?: number | undefined;
  readonly connect_timeout?: number | undefined;
  readonly total_timeout?: number | undefined;
  readonly retry?: RetryConfig | undefined;
}

/** The path of a call below a provider's base URL. */
function pathOf(call: Call, model: string): string {
  if (call.format === "gemini") return `models/${encodeURIComponent(model.toWellFormed())}:${call.method}`;
  if (call.operation === "embeddings") return "embeddings";
  if (call.operation === "completions") return "completions";
  if (call.format === "openai-chat") return "chat/completions";
  if (call.format === "openai-responses") return "responses";
  return call.operation === "count-tokens" ? "messages/count_tokens" : "messages";
}

function conversionUnavailable(name: string, format: Format, targets: readonly ModelTarget[]): GatewayError {
  const spoken = [...new Set(targets.flatMap((target) => Object.keys(target.provider.formats)))].join(", ");
  return new GatewayError(
    "conversion_refused",
    `The model "${name.slice(0, 200)}" is served in the format ${spoken}, and this request is in ${format}. This version does not convert between formats: call it through the door of its own format.`,
    { param: "model" },
  );
}

/** The target's own parameters first, then the client's. */
function mergeSearch(own: string, client: string): string {
  if (own === "") return client;
  return client === "" ? own : `${own}&${client.slice(1)}`;
}

/** Header lines that a provider needs in a call of that format, where the client sent none of that name. */
function defaultLines(defaults: DefaultHeaders, format: Format | null, client: HeaderFields): string {
  const headers = defaults[format ?? "other"] ?? defaults.other;
  let lines = "";
  for (const name in headers) if (client[name] === undefined) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}
