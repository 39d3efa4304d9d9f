import { RESERVED_PROVIDER_NAMES } from "../config/reserved.ts";
import type { BreakerConfig, Config, EndpointConfig, RetryConfig } from "../config/schema.ts";
import { fillTarget } from "../config/target-template.ts";
import type { SealStash } from "../conversion/seals.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { isVersion } from "../lib/api-version.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { geminiPath, joinBase } from "../providers/url.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import { originOf } from "../upstream/http/origin.ts";
import type { CallSettings, Target } from "../upstream/target.ts";
import type { Upstream, Upstreams } from "../upstream/upstream.ts";
import { type ConversionRule, type Decision, decide, readRules, ruledFormat } from "./conversions.ts";
import { ConvertibleCall, type FormatCall, isFormatCall, nativePath } from "./converted.ts";
import { endpointFormat, endpointPath, formatLines, isPlainPath, withSearch } from "./converted-paths.ts";
import { type Door, findDoor } from "./doors.ts";
import { EndpointTable } from "./endpoints.ts";
import { chooseModel } from "./models.ts";
import {
  type EndpointPlan,
  PROVIDER_RESPONSES,
  type ProviderPlan,
  planEndpoint,
  planProvider,
} from "./plans.ts";
import { keyLine, prepareConverted, prepareRequest } from "./prepare.ts";
import type { DefaultHeaders, Provider, Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";

/** What a request is to be sent to, in order, and how its answer's headers pass. */
export interface Resolution {
  readonly route: string | null;
  readonly targets: readonly Target[];
  readonly responseFilter: HeaderFilter;
  /** Set where the gateway is to count the tokens itself, since no target's API does. */
  readonly counted: ConvertibleCall | null;
}

/** What a model's name means at one door. */
interface PlannedChoice {
  readonly route: string | null;
  readonly targets: readonly PlannedTarget[];
  readonly responseFilter: HeaderFilter;
}

interface PlannedTarget {
  readonly plan: ProviderPlan;
  readonly model: string;
  readonly decision: Decision;
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
  /** What models' names were resolved to, by door: few pairs make up all of the traffic. */
  readonly #choices = new WeakMap<Door, Map<string, PlannedChoice>>();
  readonly #rules: readonly ConversionRule[];
  readonly #stash: SealStash;

  constructor(config: Config, providers: Providers, upstreams: Upstreams, stash: SealStash) {
    this.config = config;
    this.#rules = readRules(config);
    this.#stash = stash;
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
  resolveEndpoint(door: Door & { kind: "endpoint" }, facts: RequestFacts): Resolution {
    const { endpoint, values } = door.match;
    const plan = this.#endpointPlans.get(endpoint.config)!;
    const model = door.call.pathModel ?? facts.fields?.model ?? null;
    const convertible = this.#convertible(door.call, facts);
    const ruled = ruledFormat(this.#rules, door.call, endpoint.config.path, null, model);
    const filled = model === null ? values : { model: encodeURIComponent(model.toWellFormed()), ...values };
    const targets = endpoint.targets.map((template): Target => {
      const url = new URL(fillTarget(template, filled));
      const origin = originOf(url);
      const format = endpointFormat(endpoint.config, url, door.call, ruled);
      const isConverted = convertible !== null && format !== null && format !== door.call.format;
      const destination = { origin, withheld: facts.keyHeaders };
      return {
        // Not its path, which may hold a secret of the configuration.
        name: url.host,
        upstream: this.#upstream(origin.key, this.config.breaker),
        provider: null,
        model,
        format,
        settings: this.#settings(endpoint.config),
        responseType: endpoint.config.response_type,
        keyCount: 0,
        secrets: plan.secrets,
        passRedirects: true,
        prepare: () => {
          if (!isConverted)
            return prepareRequest(facts, {
              ...destination,
              target: url.pathname + mergeSearch(url.search, facts.search),
              filter: plan.requestFilter,
              lines: plan.customLines,
              model: null,
            });
          const converted = convertible.convert({ format, provider: url.host, model: model ?? "" });
          return prepareConverted(facts, converted, {
            ...destination,
            target: (callPath) => endpointPath(url, format, callPath),
            filter: plan.convertedFilter,
            lines: formatLines(format, endpoint.config.custom_headers) + plan.customLines,
          });
        },
      };
    });
    return { route: null, targets, responseFilter: plan.responseFilter, counted: null };
  }

  /** The one target of a provider's own door. */
  resolveProvider(door: Door & { kind: "provider" }, path: string, facts: RequestFacts): Resolution {
    const plan = this.#plans.get(this.providerOf(door.provider))!;
    const { call, rest } = door;
    const model = call.pathModel ?? facts.fields?.model ?? null;
    const decision = this.#ownDoorDecision(door, path, plan.provider, model);
    if (decision.kind === "native") {
      const own = call.format === "gemini" ? geminiPath(plan.origin.hostname, rest) : rest;
      const target = this.#nativeTarget(plan, joinBase(plan.basePath, own), model, null, call, facts);
      return { route: null, targets: [target], responseFilter: plan.responseFilter, counted: null };
    }
    const planned = { plan, model: model ?? "", decision };
    const convertible = this.#convertible(call, facts);
    return {
      route: null,
      targets: [this.#target(planned, call as FormatCall, facts, convertible)],
      responseFilter: plan.responseFilter,
      counted: decision.kind === "count" ? convertible : null,
    };
  }

  /** Targets of a door that serves every provider, by the model's name. Throws as `chooseModel` and `decide`. */
  resolveModel(name: string, door: Door, facts: RequestFacts): Resolution {
    const { route, targets, responseFilter } = this.#choice(name, door);
    const call = door.call as FormatCall;
    const isNative = targets.every(({ decision }) => decision.kind === "native");
    const convertible = isNative ? null : this.#convertible(call, facts);
    return {
      route,
      targets: targets.map((planned) => this.#target(planned, call, facts, convertible)),
      responseFilter,
      counted: targets.every(({ decision }) => decision.kind === "count") ? convertible : null,
    };
  }

  #choice(name: string, door: Door): PlannedChoice {
    let byName = this.#choices.get(door);
    if (byName === undefined) {
      byName = new Map();
      this.#choices.set(door, byName);
    }
    const known = byName.get(name);
    if (known !== undefined) return known;
    const choice = this.#planChoice(name, door);
    if (byName.size < MAX_CHOICES) byName.set(name, choice);
    return choice;
  }

  #planChoice(name: string, door: Door): PlannedChoice {
    const choice = chooseModel(name, this.config, this.providers);
    const targets = choice.targets.map(({ provider, model }): PlannedTarget => {
      const ruled = ruledFormat(this.#rules, door.call, door.name, provider, model);
      const decision: Decision =
        ruled === null
          ? decide(door.call as FormatCall, provider, model, false)
          : ruled === door.call.format
            ? { kind: "native" }
            : { kind: "convert", to: ruled };
      return { plan: this.#plans.get(provider)!, model, decision };
    });
    const responseFilter = targets.length === 1 ? targets[0]!.plan.responseFilter : PROVIDER_RESPONSES;
    // A target that counts is asked before the gateway estimates.
    const able = targets.filter(({ decision }) => decision.kind !== "count");
    return { route: choice.route, targets: able.length > 0 ? able : targets, responseFilter };
  }

  /** What is not one of the calls that the gateway reads, or stands under a path of the provider's own, passes as it is. */
  #ownDoorDecision(
    door: Door & { kind: "provider" },
    path: string,
    provider: Provider,
    model: string | null,
  ): Decision {
    const { call } = door;
    if (!isFormatCall(call)) return { kind: "native" };
    const ruled = ruledFormat(this.#rules, call, path, provider, model);
    if (ruled !== null) return ruled === call.format ? { kind: "native" } : { kind: "convert", to: ruled };
    if (provider.formats[call.format] !== undefined || !isPlainPath(door.rest)) return { kind: "native" };
    return decide(call, provider, model ?? "", true);
  }

  #convertible(call: Call, facts: RequestFacts): ConvertibleCall | null {
    return isFormatCall(call) ? new ConvertibleCall(call, facts, this.#stash) : null;
  }

  #target(
    { plan, model, decision }: PlannedTarget,
    call: FormatCall,
    facts: RequestFacts,
    convertible: ConvertibleCall | null,
  ): Target {
    const { provider } = plan;
    if (decision.kind !== "convert" || convertible === null) {
      const path = joinBase(plan.basePath, provider.formats[call.format] + nativePath(call, model));
      return this.#nativeTarget(plan, path, model, model, call, facts);
    }
    const format = decision.to;
    return {
      ...this.#commonTarget(plan, model),
      format,
      responseType: null,
      prepare: () =>
        prepareConverted(facts, convertible.convert({ format, provider: provider.name, model }), {
          origin: plan.origin,
          withheld: null,
          target: (callPath) =>
            withSearch(joinBase(plan.basePath, provider.formats[format] + callPath), plan.baseSearch),
          filter: plan.convertedFilter,
          lines: this.#providerLines(plan, format, {}),
        }),
    };
  }

  /** `model` is for the record; `rename` is put in the body's place of it, null leaves the body's. */
  #nativeTarget(
    plan: ProviderPlan,
    path: string,
    model: string | null,
    rename: string | null,
    call: Call,
    facts: RequestFacts,
  ): Target {
    return {
      ...this.#commonTarget(plan, model),
      format: call.format,
      // Without `alt=sse` Gemini streams one JSON array, piece by piece, under a content type that does not say so.
      responseType:
        call.method === "streamGenerateContent" && !facts.search.includes("alt=sse") ? "stream" : null,
      prepare: () =>
        prepareRequest(facts, {
          origin: plan.origin,
          target: path + mergeSearch(plan.baseSearch, facts.search),
          filter: plan.requestFilter,
          withheld: null,
          lines: this.#providerLines(plan, call.format, facts.headers),
          model: rename,
        }),
    };
  }

  #commonTarget(plan: ProviderPlan, model: string | null) {
    const { provider } = plan;
    return {
      name: model === null ? provider.name : `${provider.name}/${model}`,
      upstream: this.#upstreamOf(plan, model),
      provider: provider.name,
      model,
      settings: plan.settings,
      keyCount: provider.keys.length,
      secrets: plan.secrets,
      passRedirects: false,
    };
  }

  #providerLines(plan: ProviderPlan, format: Format | null, client: HeaderFields): string {
    return (
      defaultLines(plan.defaultHeaders, format, client) +
      (plan.sendsKey ? keyLine(plan.provider) : "") +
      plan.customLines
    );
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
