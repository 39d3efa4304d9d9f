import type { RouteConfig } from "../config/route-schema.ts";
import type { Config } from "../config/schema.ts";
import type { TokenPrices } from "../costs/token-prices.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { FallbackPolicy } from "../exchange/fallback.ts";
import { type RequestContext, takesPart } from "../experiments/contexts.ts";
import type { Contexts } from "../experiments/experiment.ts";
import { ownValue } from "../lib/own-value.ts";
import {
  type Choice,
  type ChosenTarget,
  choose,
  isSingle,
  type Member,
  type Route,
} from "../strategies/choose.ts";
import { modelFacts } from "../strategies/model-facts.ts";
import type { Asked, RouteTarget, Strategy } from "../strategies/strategy.ts";
import { AskedRequest, type Judging } from "./asked-request.ts";
import type { FormatCall } from "./converted.ts";
import { type LearnLog, learnLog } from "./learned-decisions.ts";
import type { Providers } from "./providers.ts";
import type { RequestFacts } from "./request-facts.ts";
import { conditionOf, contextOf, ownFacts, policyOf } from "./route-settings.ts";
import type { RouteStates } from "./route-states.ts";

/** What routes need of the rest of the gateway. */
export interface RouteParts extends Pick<Judging, "score"> {
  readonly states: RouteStates;
  /** Prices of a provider's model today; null where they are not known. */
  pricesOf(provider: string, model: string): TokenPrices | null;
  /** `performance.now()` moment at which a target is back that is left alone for a time; that or one before where it is not. */
  until(target: string): number;
}

/** A route that a model's name means. */
export interface FoundRoute {
  readonly route: Route;
  readonly config: RouteConfig;
  /** After what another target is asked. */
  readonly fallback: FallbackPolicy;
  /** Of `name:0.3`; null where the name says nothing of it. */
  readonly strongShare: number | null;
}

/** What a route chose for a request. */
export interface RouteDecision extends Choice {
  readonly found: FoundRoute;
  readonly asked: Asked;
  /** As it is known by its target of before; null also where the route has one target alone. */
  readonly conversation: string | null;
  /** The target that served the conversation last; null where that is not known. */
  readonly former: string | null;
  /** Where the draws of strategies that learn are recorded. */
  readonly logs: ReadonlyMap<Strategy, LearnLog>;
}

interface Built extends Pick<FoundRoute, "route" | "config" | "fallback"> {
  /** What is said of its members, by their names as the strategy knows them. */
  readonly members: ReadonlyMap<string, MemberSettings>;
}

interface MemberSettings {
  readonly parameters: Readonly<Record<string, unknown>> | undefined;
  readonly condition: Contexts | undefined;
}

/** Where limits are no reason to go on, a limited target is asked all the same, and the client told. */
const HERE = () => 0;

/** The routes of a configuration, ready to choose among their targets. */
export class Routes {
  readonly #parts: RouteParts;
  readonly #built = new Map<string, Built>();
  readonly #byStrategy = new Map<Strategy, Built>();
  readonly #logs = new Map<Strategy, LearnLog>();

  /** The configuration was checked: routes lead to routes that are there, and none back to itself. */
  constructor(config: Pick<Config, "routes" | "models">, providers: Providers, parts: RouteParts) {
    this.#parts = parts;
    for (const name of Object.keys(config.routes)) this.#build(name, config, providers);
  }

  /** Of all routes that learn. */
  get logs(): readonly LearnLog[] {
    return [...this.#logs.values()];
  }

  get names(): ReadonlySet<string> {
    return new Set(this.#built.keys());
  }

  /** The route of this name, which may carry a share of strong calls, as in `auto:0.3`. Null where it is none. */
  find(name: string): FoundRoute | null {
    const built = this.#built.get(name);
    if (built !== undefined) return { ...built, strongShare: null };
    const colon = name.lastIndexOf(":");
    const carrier = colon > 0 ? this.#built.get(name.slice(0, colon)) : undefined;
    const share = name.slice(colon + 1);
    return carrier !== undefined && SHARE.test(share) ? { ...carrier, strongShare: Number(share) } : null;
  }

  /** The order in which a request's targets are tried. Throws invalid_request where the route's conditions let it to none. */
  choose(found: FoundRoute, call: FormatCall, facts: RequestFacts): RouteDecision {
    const decision = this.foresee(found, call, facts);
    if (decision.targets.length === 0) throw noneServes(found.route.name, decision);
    return decision;
  }

  /** As `choose`, but without targets where the conditions let it to none. */
  foresee(found: FoundRoute, call: FormatCall, facts: RequestFacts): RouteDecision {
    const { states, score, until } = this.#parts;
    const asked = new AskedRequest(call, facts, { strongShare: found.strongShare, score });
    const conversation = isSingle(found.route) ? null : asked.conversation;
    const former = conversation === null ? null : states.conversations.targetOf(conversation, asked.now);
    const stay = former !== null && asked.usesTools ? former : null;
    const choice = choose(found.route, asked, {
      until: found.fallback.limit ? until : HERE,
      stay,
      refuses: this.#refusals(facts),
    });
    return { ...choice, found, asked, conversation, former, logs: this.#logs };
  }

  /** Parameters that the routes on the way to a target put into its requests; null where there are none. */
  parametersOf({ arms }: ChosenTarget): Readonly<Record<string, unknown>> | null {
    let all: Readonly<Record<string, unknown>> | null = null;
    for (const { strategy, option } of arms) {
      const own = this.#byStrategy.get(strategy)?.members.get(option)?.parameters;
      if (own !== undefined) all = { ...(all ?? {}), ...own };
    }
    return all;
  }

  #build(name: string, config: Pick<Config, "routes" | "models">, providers: Providers): Route | null {
    const known = this.#built.get(name);
    if (known !== undefined) return known.route;
    const own = config.routes[name];
    if (own === undefined) return null;
    const settings = new Map<string, MemberSettings>();
    const members = own.targets.flatMap((target): Member[] => {
      const to = Object.hasOwn(config.routes, target)
        ? this.#build(target, config, providers)
        : this.#target(target, config.models, providers);
      // A provider may have two names, and a target so stand in the list twice.
      if (to === null || settings.has(to.name)) return [];
      const parameters = ownValue(own.parameters, target);
      settings.set(to.name, { parameters, condition: conditionOf(ownValue(own.conditions, target)) });
      return [{ weight: ownValue(own.weights, target) ?? 1, to }];
    });
    const options = members.map(({ to }) => to.name);
    const strategy = this.#parts.states.strategyOf(name, own, options);
    const route = { name, strategy, members };
    const built = { route, config: own, fallback: policyOf(own), members: settings };
    this.#built.set(name, built);
    this.#byStrategy.set(strategy, built);
    if (strategy.name === "learn")
      this.#logs.set(strategy, { name: learnLog(name, options), options, strategy, config: own });
    return route;
  }

  /** Null where its provider is switched off. */
  #target(name: string, models: Config["models"], providers: Providers): RouteTarget | null {
    const slash = name.indexOf("/");
    const provider = providers.byName.get(name.slice(0, slash));
    if (provider === undefined) return null;
    const model = name.slice(slash + 1);
    const { pricesOf } = this.#parts;
    return {
      name: `${provider.name}/${model}`,
      facts: modelFacts(provider.name, model, ownFacts(ownValue(models, name))),
      prices: pricesOf(provider.name, model),
    };
  }

  #refusals(facts: RequestFacts): (route: Route, member: string) => string | null {
    let context: RequestContext | undefined;
    return ({ name }, member) => {
      const condition = this.#built.get(name)?.members.get(member)?.condition;
      if (condition === undefined) return null;
      context ??= contextOf(facts);
      return takesPart(condition, context) ? null : "its conditions keep this request out";
    };
  }
}

/** From 0 to 1. */
const SHARE = /^(0|1|0?\.\d{1,6}|0\.\d{1,6}|1\.0{1,6})$/;

function noneServes(route: string, { explanation }: Choice): GatewayError {
  const reasons = explanation.candidates.slice(0, 5).map(({ target, reason }) => `${target}: ${reason}`);
  const why = reasons.length === 0 ? "the providers of its targets are switched off" : reasons.join("; ");
  return new GatewayError(
    "invalid_request",
    `No target of the route "${route}" serves this request: ${why}.`,
    {
      param: "model",
    },
  );
}
