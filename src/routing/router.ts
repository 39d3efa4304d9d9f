import { RESERVED_PROVIDER_NAMES } from "../config/reserved.ts";
import type { Config, EndpointConfig } from "../config/schema.ts";
import { fillTarget } from "../config/target-template.ts";
import type { SealStash } from "../conversion/seals.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { FallbackPolicy } from "../exchange/fallback.ts";
import type { Format } from "../exchange/formats.ts";
import type { Call } from "../formats/call.ts";
import { withParameters } from "../formats/templated.ts";
import { isVersion } from "../lib/api-version.ts";
import { geminiPath, joinBase } from "../providers/url.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import { originOf } from "../upstream/http/origin.ts";
import type { Target } from "../upstream/target.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import { Aliases } from "./aliases.ts";
import { type ConversionRule, type Decision, decide, readRules, ruledFormat } from "./conversions.ts";
import { ConvertibleCall, type FormatCall, isFormatCall, nativePath } from "./converted.ts";
import { endpointFormat, isPlainPath } from "./converted-paths.ts";
import { type Door, findDoor } from "./doors.ts";
import { EndpointTable } from "./endpoints.ts";
import { mayHoldSeals } from "./foreign-seals.ts";
import { chooseModel } from "./models.ts";
import { type EndpointPlan, PROVIDER_RESPONSES, type ProviderPlan, planEndpoint } from "./plans.ts";
import type { Provider, Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { type FoundRoute, type RouteDecision, type RouteParts, Routes } from "./routes.ts";
import { TargetMaker } from "./target-maker.ts";

/** What a request is to be sent to, in order, and how its answer's headers pass. */
export interface Resolution {
  readonly route: string | null;
  readonly targets: readonly Target[];
  readonly responseFilter: HeaderFilter;
  /** Set where the gateway is to count the tokens itself, since no target's API does. */
  readonly counted: ConvertibleCall | null;
  /** What the route decided; null where none was named. */
  readonly decision: RouteDecision | null;
  /** After what another target is asked; null for what is usual. */
  readonly fallback: FallbackPolicy | null;
  /** Milliseconds for all targets together; null for the first one's own limit. */
  readonly deadline: number | null;
}

/** What a model's name means at one door. */
interface PlannedTarget {
  readonly plan: ProviderPlan;
  readonly model: string;
  readonly decision: Decision;
}

const MAX_CHOICES = 1000;
/** Targets of one request: who waits for more has gone. */
const MOST_TRIED = 12;

/** One configuration, ready to resolve requests. A reload makes another one; requests that run keep theirs. */
export class Router {
  readonly config: Config;
  readonly providers: Providers;
  readonly aliases: Aliases;
  readonly routes: Routes;
  readonly #maker: TargetMaker;
  readonly #endpoints: EndpointTable;
  readonly #plans = new Map<Provider, ProviderPlan>();
  readonly #endpointPlans = new Map<EndpointConfig, EndpointPlan>();
  /** What models' names were resolved to, by door: few pairs make up all of the traffic. */
  readonly #choices = new WeakMap<Door, Map<string, PlannedTarget>>();
  readonly #rules: readonly ConversionRule[];
  readonly #stash: SealStash;

  constructor(
    config: Config,
    providers: Providers,
    { upstreams, stash, ...parts }: RouteParts & { readonly upstreams: Upstreams; readonly stash: SealStash },
  ) {
    this.config = config;
    this.routes = new Routes(config, providers, parts);
    this.aliases = new Aliases(config.aliases);
    this.#rules = readRules(config);
    this.#stash = stash;
    this.providers = providers;
    this.#maker = new TargetMaker(config, upstreams);
    this.#endpoints = new EndpointTable(config.endpoints);
    for (const provider of new Set(providers.byName.values()))
      this.#plans.set(provider, this.#maker.plan(provider));
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
    const { model } = facts;
    const convertible = this.#convertible(door.call, facts);
    const ruled = ruledFormat(this.#rules, door.call, endpoint.config.path, null, model);
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

  /** The one target of a provider's own door. */
  resolveProvider(door: Door & { kind: "provider" }, called: string, facts: RequestFacts): Resolution {
    const plan = this.#plans.get(this.providerOf(door.provider))!;
    const { call, rest } = door;
    const { model } = facts;
    if (facts.isModelChosen && model !== null && isFormatCall(call))
      return this.resolveModel(
        this.leadsSomewhere(model) ? model : `${plan.provider.name}/${model}`,
        door,
        facts,
      );
    const decision = unsealed(this.#ownDoorDecision(door, called, plan.provider, model), call, facts);
    if (decision.kind === "native") {
      const own = call.format === "gemini" ? geminiPath(plan.origin.hostname, rest) : rest;
      const path = joinBase(plan.basePath, own);
      const target = this.#maker.native(plan, { path, model, rename: null, call }, facts);
      return { ...NO_ROUTE, targets: [target], responseFilter: plan.responseFilter, counted: null };
    }
    const planned = { plan, model: model ?? "", decision };
    const convertible = this.#convertible(call, facts);
    return {
      ...NO_ROUTE,
      targets: [this.#target(planned, call as FormatCall, facts, convertible)],
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
    if (found !== null && found.route.members.length > 0) return this.#resolveRoute(found, door, facts);
    // A route whose providers are all switched off is told of as its first target.
    const planned = this.#planned(found === null ? name : found.config.targets[0]!, door);
    const call = door.call as FormatCall;
    const isNative = unsealed(planned.decision, call, facts).kind === "native";
    const convertible = isNative ? null : this.#convertible(call, facts);
    return {
      ...NO_ROUTE,
      targets: [this.#target(planned, call, facts, convertible)],
      responseFilter: planned.plan.responseFilter,
      counted: planned.decision.kind === "count" ? convertible : null,
    };
  }

  #resolveRoute(found: FoundRoute, door: Door, facts: RequestFacts): Resolution {
    const call = door.call as FormatCall;
    const decision = this.routes.choose(found, call, facts);
    const all = plannable(decision.targets.slice(0, MOST_TRIED), (chosen) => ({
      planned: this.#planned(chosen.target.name, door),
      parameters: this.routes.parametersOf(chosen),
    }));
    // A target that counts is asked before the gateway estimates.
    const able = all.filter(({ planned }) => planned.decision.kind !== "count");
    const planned = able.length > 0 ? able : all;
    let shared: ConvertibleCall | null = null;
    const targets = planned.map(({ planned: one, parameters }) => {
      if (parameters !== null) {
        const own = withParametersOf(call, facts, parameters);
        return this.#target(one, call, own, this.#convertible(call, own), decision.former);
      }
      shared ??= this.#convertible(call, facts);
      return this.#target(one, call, facts, shared, decision.former);
    });
    return {
      route: found.route.name,
      targets,
      responseFilter: planned.length === 1 ? planned[0]!.planned.plan.responseFilter : PROVIDER_RESPONSES,
      counted: able.length === 0 ? this.#convertible(call, facts) : null,
      decision,
      fallback: found.fallback,
      deadline: found.config.deadline === undefined ? null : found.config.deadline * 1000,
    };
  }

  /** Whether a model or route, which the gateway chose, leads anywhere from this door. */
  serves(name: string, door: Door): boolean {
    if (door.kind === "endpoint" || (door.kind === "provider" && !this.leadsSomewhere(name))) return true;
    if (!isFormatCall(door.call) || this.routes.find(name) !== null || this.aliases.of(name) !== null)
      return true;
    try {
      this.#planned(name, door);
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

  #planned(name: string, door: Door): PlannedTarget {
    let byName = this.#choices.get(door);
    if (byName === undefined) {
      byName = new Map();
      this.#choices.set(door, byName);
    }
    const known = byName.get(name);
    if (known !== undefined) return known;
    const planned = this.#plan(name, door);
    if (byName.size < MAX_CHOICES) byName.set(name, planned);
    return planned;
  }

  #plan(name: string, door: Door): PlannedTarget {
    const { provider, model } = chooseModel(name, this.config, this.providers);
    const ruled = ruledFormat(this.#rules, door.call, door.name, provider, model);
    const decision =
      ruled === null
        ? decide(door.call as FormatCall, provider, model, false)
        : decisionFor(ruled, door.call);
    return { plan: this.#plans.get(provider)!, model, decision };
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
    if (ruled !== null) return decisionFor(ruled, call);
    if (provider.formats[call.format] !== undefined || !isPlainPath(door.rest)) return { kind: "native" };
    return decide(call, provider, model ?? "", true);
  }

  #convertible(call: Call, facts: RequestFacts): ConvertibleCall | null {
    return isFormatCall(call) ? new ConvertibleCall(call, facts.whole ?? facts, this.#stash) : null;
  }

  #target(
    { plan, model, decision }: PlannedTarget,
    call: FormatCall,
    facts: RequestFacts,
    convertible: ConvertibleCall | null,
    former: string | null = null,
  ): Target {
    const isNewcomer = former !== null && !former.startsWith(`${plan.provider.name}/`);
    const taken = unsealed(decision, call, facts, isNewcomer);
    if (taken.kind === "convert" && convertible !== null)
      return this.#maker.converted(plan, { format: taken.to, model, isNewcomer }, convertible, facts);
    const path = joinBase(plan.basePath, plan.provider.formats[call.format] + nativePath(call, model));
    return this.#maker.native(plan, { path, model, rename: model, call }, facts);
  }
}

/** A resolution without a route. */
const NO_ROUTE = { route: null, decision: null, fallback: null, deadline: null } as const;

/** The request with parameters that its target's route adds. */
function withParametersOf(
  { format }: FormatCall,
  facts: RequestFacts,
  parameters: Readonly<Record<string, unknown>>,
): RequestFacts {
  const { body, fields, whole } = facts;
  if (!Buffer.isBuffer(body) || fields === null) return facts;
  const own = { ...facts, fields: withParameters(body, fields, format, parameters) };
  if (whole === undefined || !Buffer.isBuffer(whole.body) || whole.fields === null) return own;
  const wholeFields = withParameters(whole.body, whole.fields, format, parameters);
  return { ...own, whole: { ...whole, fields: wholeFields } };
}

/** Targets that can serve the call; where none can, the first one's reason is thrown. */
function plannable<T, U>(targets: readonly T[], plan: (target: T) => U): U[] {
  const planned: U[] = [];
  let reason: unknown;
  for (const target of targets) {
    try {
      planned.push(plan(target));
    } catch (error) {
      reason ??= error;
    }
  }
  if (planned.length === 0) throw reason;
  return planned;
}

function decisionFor(format: Format, call: Call): Decision {
  return format === call.format ? { kind: "native" } : { kind: "convert", to: format };
}

/** What is said of a name that is no provider's. Most who ask for one have a wrong base URL or a misspelt path. */
function noProvider(name: string): string {
  if (isVersion(name))
    return `There is no provider "${name}": a version stands where the provider's name is expected. A client that adds "/${name}" itself needs a base URL without it.`;
  if (RESERVED_PROVIDER_NAMES.includes(name))
    return `Nothing is served at this path below "${name}", which is no provider's name. Check how the path is spelt.`;
  return `There is no provider "${name.slice(0, 100)}".`;
}

/**
 * A body that holds a seal of another API, or of a provider whose conversation another one takes over, is read and written
 * anew without it, also in its own format.
 */
function unsealed(decision: Decision, call: Call, facts: RequestFacts, isNewcomer = false): Decision {
  if (decision.kind !== "native" || call.operation !== "generate" || call.format === null) return decision;
  const isForeign = facts.fields?.sealed === true || (isNewcomer && mayHoldSeals(facts, call.format));
  return isForeign ? { kind: "convert", to: call.format } : decision;
}
