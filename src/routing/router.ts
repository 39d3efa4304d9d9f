import type { Config, EndpointConfig } from "../config/schema.ts";
import { fillTarget } from "../config/target-template.ts";
import type { SealStash } from "../conversion/seals.ts";
import { GatewayError } from "../exchange/errors.ts";
import { geminiPath, joinBase } from "../providers/url.ts";
import { originOf } from "../upstream/http/origin.ts";
import type { Target } from "../upstream/target.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import { Aliases } from "./aliases.ts";
import { ruledFormat } from "./conversions.ts";
import { type FormatCall, isFormatCall } from "./converted.ts";
import { endpointFormat } from "./converted-paths.ts";
import { type Door, findDoor } from "./doors.ts";
import { EndpointTable } from "./endpoints.ts";
import { PlannedTargets, unsealed } from "./planned-targets.ts";
import { type EndpointPlan, planEndpoint } from "./plans.ts";
import { providerNamed } from "./provider-named.ts";
import type { Provider, Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { NO_ROUTE, type Resolution } from "./resolution.ts";
import { resolveRoute } from "./route-resolution.ts";
import { type RouteParts, Routes } from "./routes.ts";
import { TargetMaker } from "./target-maker.ts";

/** One configuration, ready to resolve requests. A reload makes another one; requests that run keep theirs. */
export class Router {
  readonly config: Config;
  readonly providers: Providers;
  readonly aliases: Aliases;
  readonly routes: Routes;
  readonly #maker: TargetMaker;
  readonly #targets: PlannedTargets;
  readonly #endpoints: EndpointTable;
  readonly #endpointPlans: ReadonlyMap<EndpointConfig, EndpointPlan>;

  constructor(
    config: Config,
    providers: Providers,
    { upstreams, stash, ...parts }: RouteParts & { readonly upstreams: Upstreams; readonly stash: SealStash },
  ) {
    this.config = config;
    this.routes = new Routes(config, providers, parts);
    this.aliases = new Aliases(config.aliases);
    this.providers = providers;
    this.#maker = new TargetMaker(config, upstreams);
    this.#targets = new PlannedTargets(config, providers, this.#maker, stash);
    this.#endpoints = new EndpointTable(config.endpoints);
    this.#endpointPlans = new Map(config.endpoints.map((endpoint) => [endpoint, planEndpoint(endpoint)]));
  }

  door(method: string, path: string): Door {
    return findDoor(this.#endpoints, method, path);
  }

  /** The provider that a door names. Throws not_found or provider_not_configured. */
  providerOf(name: string): Provider {
    return providerNamed(name, this.providers);
  }

  /** Names of every upstream that a request may be sent to: what `Upstreams.keep` takes. */
  upstreamNames(): Set<string> {
    const names = new Set<string>();
    for (const { name, separateModels } of this.#targets.providers) {
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
    const { model } = facts;
    const convertible = this.#targets.convertible(door.call, facts);
    const ruled = ruledFormat(this.#targets.rules, door.call, endpoint.config.path, null, model);
    const filled = model === null ? values : { model: encodeURIComponent(model.toWellFormed()), ...values };
    const targets = endpoint.targets.map((template): Target => {
      const url = new URL(fillTarget(template, filled));
      const format = endpointFormat(endpoint.config, url, door.call, ruled);
      const isConverted = convertible !== null && format !== null && format !== door.call.format;
      const conversion = isConverted ? { format, call: convertible } : null;
      return this.#maker.endpoint(endpoint.config, plan, { url, model, format }, conversion, facts);
    });
    return { ...NO_ROUTE, targets, responseFilter: plan.responseFilter, counted: null };
  }

  /** The one target of a provider's own door, unless the gateway chose a model that leads elsewhere, or a route. */
  resolveProvider(door: Door & { kind: "provider" }, called: string, facts: RequestFacts): Resolution {
    const plan = this.#targets.planOf(this.providerOf(door.provider));
    const { call, rest } = door;
    const { model, isModelChosen } = facts;
    if (isModelChosen && model !== null && isFormatCall(call)) {
      if (this.leadsSomewhere(model)) return this.resolveModel(model, door, facts);
      // The path that the client called names another one.
      if (call.pathModel !== null) return this.resolveModel(`${plan.provider.name}/${model}`, door, facts);
    }
    const decision = unsealed(this.#targets.atOwnDoor(door, called, plan.provider, model), call, facts);
    if (decision.kind === "native") {
      const own = call.format === "gemini" ? geminiPath(plan.origin.hostname, rest) : rest;
      const path = joinBase(plan.basePath, own);
      const rename = isModelChosen ? model : null;
      const target = this.#maker.native(plan, { path, model, rename, call }, facts);
      return { ...NO_ROUTE, targets: [target], responseFilter: plan.responseFilter, counted: null };
    }
    const planned = { plan, model: model ?? "", decision };
    const convertible = this.#targets.convertible(call, facts);
    return {
      ...NO_ROUTE,
      targets: [this.#targets.target(planned, call as FormatCall, facts, convertible)],
      responseFilter: plan.responseFilter,
      counted: decision.kind === "count" ? convertible : null,
    };
  }

  /**
   * Targets of a door that serves every provider, by the name of a model or route. Throws as `chooseModel`, `decide` and
   * `Routes.choose`.
   */
  resolveModel(name: string, door: Door, facts: RequestFacts): Resolution {
    const found = this.routes.find(name);
    if (found !== null && found.route.members.length > 0)
      return resolveRoute(found, door, facts, { routes: this.routes, targets: this.#targets });
    // A route whose providers are all switched off is told of as its first target.
    const planned = this.#targets.named(found === null ? name : found.config.targets[0]!, door);
    const call = door.call as FormatCall;
    const isNative = unsealed(planned.decision, call, facts).kind === "native";
    const convertible = isNative ? null : this.#targets.convertible(call, facts);
    return {
      ...NO_ROUTE,
      targets: [this.#targets.target(planned, call, facts, convertible)],
      responseFilter: planned.plan.responseFilter,
      counted: planned.decision.kind === "count" ? convertible : null,
    };
  }

  /** Whether a model or route, which the gateway chose, leads anywhere from this door. */
  serves(name: string, door: Door): boolean {
    if (door.kind === "endpoint" || (door.kind === "provider" && !this.leadsSomewhere(name))) return true;
    if (!isFormatCall(door.call) || this.routes.find(name) !== null || this.aliases.of(name) !== null)
      return true;
    try {
      this.#targets.named(name, door);
      return true;
    } catch (error) {
      if (error instanceof GatewayError) return false;
      throw error;
    }
  }

  /** Whether a name says by itself where it leads: it is a route, or begins with a provider. */
  leadsSomewhere(name: string): boolean {
    const slash = name.indexOf("/");
    return this.routes.find(name) !== null || (slash > 0 && this.providers.byName.has(name.slice(0, slash)));
  }
}
