import type { BreakerConfig, Config, EndpointConfig, RetryConfig } from "../config/schema.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { joinBase } from "../providers/url.ts";
import { originOf } from "../upstream/http/origin.ts";
import type { CallSettings, ResponseType, Target, TargetRequest } from "../upstream/target.ts";
import type { Upstream, Upstreams } from "../upstream/upstream.ts";
import type { ConvertedCall, ConvertibleCall } from "./converted.ts";
import { endpointPath, formatLines, withSearch } from "./converted-paths.ts";
import { type EndpointPlan, type ProviderPlan, planProvider } from "./plans.ts";
import { keyLine, prepareConverted, prepareRequest } from "./prepare.ts";
import type { DefaultHeaders, Provider } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";

/** A provider's target for a call that passes as it is. */
interface NativeCall {
  /** Path at the provider's origin. */
  readonly path: string;
  /** For the record. */
  readonly model: string | null;
  /** Put in the body's place of the model's name; null leaves the body's. */
  readonly rename: string | null;
  readonly call: Call;
}

/** Makes the targets of one configuration: each knows its upstream, its limits, and how to make its request. */
export class TargetMaker {
  readonly #config: Config;
  readonly #upstreams: Upstreams;

  constructor(config: Config, upstreams: Upstreams) {
    this.#config = config;
    this.#upstreams = upstreams;
  }

  plan(provider: Provider): ProviderPlan {
    const upstream = this.#upstream(provider.name, provider.config?.breaker ?? this.#config.breaker);
    return planProvider(provider, upstream, this.#settings(provider.config));
  }

  /** A provider's target that is sent the client's own call. */
  native(plan: ProviderPlan, { path, model, rename, call }: NativeCall, facts: RequestFacts): Target {
    // Without `alt=sse` Gemini streams one JSON array, piece by piece, under a content type that does not say so.
    const isArray = call.method === "streamGenerateContent" && !facts.search.includes("alt=sse");
    return this.#provided(plan, model, call.format, isArray ? "stream" : null, (key) =>
      prepareRequest(facts, {
        origin: plan.origin,
        target: path + mergeSearch(plan.baseSearch, facts.search),
        filter: plan.requestFilter,
        withheld: null,
        lines: providerLines(plan, call.format, facts.headers, key),
        model: rename,
        // The model's name is to be put back into the answer.
        uncompressed:
          call.format === "anthropic-messages" && rename !== null && rename !== facts.fields?.model,
        asksForUsage: this.#asksForUsage(plan.provider, call),
      }),
    );
  }

  /** A provider's target that is sent the call in `format`. */
  converted(
    plan: ProviderPlan,
    to: Omit<ConvertedCall, "provider">,
    convertible: ConvertibleCall,
    facts: RequestFacts,
  ): Target {
    const { provider } = plan;
    const { format, model } = to;
    return this.#provided(plan, model, format, null, (key) =>
      prepareConverted(facts, convertible.convert({ ...to, provider: provider.name }), {
        origin: plan.origin,
        withheld: null,
        target: (callPath) =>
          withSearch(joinBase(plan.basePath, provider.formats[format] + callPath), plan.baseSearch),
        filter: plan.convertedFilter,
        lines: providerLines(plan, format, {}, key),
      }),
    );
  }

  /** A target of an endpoint; with `conversion`, it is sent the call in that format. */
  endpoint(
    config: EndpointConfig,
    plan: EndpointPlan,
    to: { readonly url: URL; readonly model: string | null; readonly format: Format | null },
    conversion: { readonly format: Format; readonly call: ConvertibleCall } | null,
    facts: RequestFacts,
  ): Target {
    const { url, model, format } = to;
    const origin = originOf(url);
    const place = { origin, withheld: facts.keyHeaders };
    return {
      // Not its path, which may hold a secret of the configuration.
      name: url.host,
      upstream: this.#upstream(origin.key, this.#config.breaker),
      provider: null,
      model,
      format,
      keepsResponses: true,
      settings: this.#settings(config),
      responseType: config.response_type,
      keyCount: 0,
      secrets: plan.secrets,
      passRedirects: true,
      prepare: () =>
        conversion === null
          ? prepareRequest(facts, {
              ...place,
              target: url.pathname + mergeSearch(url.search, facts.search),
              filter: plan.requestFilter,
              lines: plan.customLines,
              model: facts.isModelChosen ? facts.model : null,
              uncompressed: false,
              asksForUsage: false,
            })
          : prepareConverted(
              facts,
              conversion.call.convert({ format: conversion.format, provider: url.host, model: model ?? "" }),
              {
                ...place,
                target: (callPath) => endpointPath(url, conversion.format, callPath),
                filter: plan.convertedFilter,
                lines: formatLines(conversion.format, config.custom_headers) + plan.customLines,
              },
            ),
    };
  }

  #asksForUsage({ asksForUsage }: Provider, { operation, format }: Call): boolean {
    const isStreamed = operation === "generate" || operation === "completions";
    return asksForUsage && isStreamed && format === "openai-chat" && this.#config.records.enabled;
  }

  #provided(
    plan: ProviderPlan,
    model: string | null,
    format: Format | null,
    responseType: ResponseType | null,
    prepare: (key: number) => TargetRequest,
  ): Target {
    const { provider } = plan;
    const keyCount = plan.sendsKey ? provider.keys.length : 0;
    return {
      name: model === null ? provider.name : `${provider.name}/${model}`,
      upstream: this.#upstreamOf(plan, model),
      provider: provider.name,
      model,
      format,
      keepsResponses: provider.responses.keeps,
      settings: plan.settings,
      responseType,
      keyCount,
      secrets: plan.secrets,
      passRedirects: false,
      prepare() {
        if (keyCount <= 1) return prepare(0);
        const key = plan.upstream.keyTurns.next(provider.name, keyCount, model);
        return { ...prepare(key), keyIndex: key };
      },
    };
  }

  #upstreamOf(plan: ProviderPlan, model: string | null): Upstream {
    const { provider, upstream } = plan;
    if (model === null || !provider.separateModels.has(model)) return upstream;
    return this.#upstream(`${provider.name}/${model}`, provider.config?.breaker ?? this.#config.breaker);
  }

  #upstream(name: string, breaker: BreakerConfig): Upstream {
    return this.#upstreams.get(name, breaker, this.#config.retry_budget);
  }

  #settings(nearer: NearerSettings | null): CallSettings {
    const config = this.#config;
    return {
      timeout: (nearer?.timeout ?? config.global_timeout) * 1000,
      connectTimeout: (nearer?.connect_timeout ?? config.global_connect_timeout) * 1000,
      totalTimeout: (nearer?.total_timeout ?? config.global_total_timeout) * 1000,
      retry: nearer?.retry ?? config.global_retry,
    };
  }
}

interface NearerSettings {
  readonly timeout?: number | undefined;
  readonly connect_timeout?: number | undefined;
  readonly total_timeout?: number | undefined;
  readonly retry?: RetryConfig | undefined;
}

/** What a provider needs in every call: its format's fields that the client did not send, the key of that place, its custom fields. */
function providerLines(plan: ProviderPlan, format: Format | null, client: HeaderFields, key: number): string {
  return (
    defaultLines(plan.defaultHeaders, format, client) +
    (plan.sendsKey ? keyLine(plan.provider, key) : "") +
    plan.customLines
  );
}

function defaultLines(defaults: DefaultHeaders, format: Format | null, client: HeaderFields): string {
  const headers = defaults[format ?? "other"] ?? defaults.other;
  let lines = "";
  for (const name in headers) if (client[name] === undefined) lines += `${name}: ${headers[name]}\r\n`;
  return lines;
}

/** The target's own parameters first, then the client's. */
function mergeSearch(own: string, client: string): string {
  if (own === "") return client;
  return client === "" ? own : `${own}&${client.slice(1)}`;
}
