import type { RouteConfig } from "../config/route-schema.ts";
import type { TokenPrices } from "../costs/token-prices.ts";
import { ownValue } from "../lib/own-value.ts";
import type { ModelFacts } from "../strategies/abilities.ts";
import type { Member } from "../strategies/choose.ts";
import type { BreakerState } from "../upstream/breaker.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import { noneCalled } from "./none-called.ts";
import type { Router } from "./router.ts";

/** One of a route's targets, with what is known of it. */
export interface TargetDetails {
  /** As the route names it. */
  readonly target: string;
  readonly kind: "model" | "route";
  readonly weight: number;
  readonly parameters: RouteConfig["parameters"][string];
  readonly conditions: RouteConfig["conditions"][string] | null;
  /** Why it is never tried, in a sentence; null where it is. */
  readonly problem: string | null;
  /** Null of a route. */
  readonly facts: ModelFacts | null;
  /** Dollars a million tokens; null where they are not known. */
  readonly prices: TokenPrices | null;
  /** Of its upstream; null where no requests are served, or it is none. */
  readonly breaker: BreakerState | null;
  /** Milliseconds that it is still left alone for, since it has had enough; 0 for none. */
  readonly outForMs: number;
}

/** The targets of a route, which may be one that does not act. `upstreams` is null where no requests are served. */
export function targetDetails(
  name: string,
  config: RouteConfig,
  router: Router,
  upstreams: Upstreams | null,
): TargetDetails[] {
  const found = router.routes.find(name);
  const members = new Map(found?.route.members.map(({ to }) => [to.name, to]));
  return config.targets.map((target) => ({
    target,
    weight: ownValue(config.weights, target) ?? 1,
    parameters: ownValue(config.parameters, target) ?? {},
    conditions: ownValue(config.conditions, target) ?? null,
    ...(target.includes("/") && !Object.hasOwn(router.config.routes, target)
      ? modelDetails(target, members, router, upstreams)
      : routeDetails(target, router)),
  }));
}

type Known = Pick<TargetDetails, "kind" | "problem" | "facts" | "prices" | "breaker" | "outForMs">;

function modelDetails(
  target: string,
  members: ReadonlyMap<string, Member["to"]>,
  { providers }: Router,
  upstreams: Upstreams | null,
): Known {
  const slash = target.indexOf("/");
  const called = target.slice(0, slash);
  const provider = providers.byName.get(called);
  if (provider === undefined) {
    const problem = providers.missing.get(called) ?? `There is no provider "${called}".`;
    return { kind: "model", problem, ...UNKNOWN };
  }
  const model = target.slice(slash + 1);
  // A provider may be called by another one of its names.
  const own = `${provider.name}/${model}`;
  const member = members.get(own);
  const upstream = provider.separateModels.has(model) ? own : provider.name;
  const now = performance.now();
  return {
    kind: "model",
    problem: null,
    facts: member !== undefined && "facts" in member ? member.facts : null,
    prices: member !== undefined && "facts" in member ? member.prices : null,
    breaker: upstreams?.all().find(({ name }) => name === upstream)?.breaker.state ?? null,
    outForMs: Math.max(0, (upstreams?.cooldowns.until(own, now) ?? 0) - now),
  };
}

const UNKNOWN = { facts: null, prices: null, breaker: null, outForMs: 0 } as const;

function routeDetails(target: string, { config, providers }: Router): Known {
  const problem = Object.hasOwn(config.routes, target)
    ? noneCalled(target, config.routes, providers)
    : `There is no route "${target}", or it does not act.`;
  return { kind: "route", problem, ...UNKNOWN };
}
