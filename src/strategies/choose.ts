import { unfit } from "./abilities.ts";
import type { Asked, Option, Ranking, RouteTarget, Strategy, StrategyName } from "./strategy.ts";

/** A route, ready to choose. What it chooses from are targets and other routes; none leads back to itself (`cycleIn`). */
export interface Route {
  readonly name: string;
  readonly strategy: Strategy;
  readonly members: readonly Member[];
}

export interface Member {
  readonly weight: number;
  readonly to: RouteTarget | Route;
}

/** Who is told how a request went that was sent to a target. */
export interface Arm {
  readonly strategy: Strategy;
  readonly option: string;
}

export interface ChosenTarget {
  readonly target: RouteTarget;
  /** The strategies that it was chosen by, the outermost first. */
  readonly arms: readonly Arm[];
}

/** Why a request goes where it goes: for the record and the client. Plain data. */
export interface Explanation {
  readonly route: string;
  readonly strategy: StrategyName;
  readonly score?: number;
  readonly threshold?: number;
  /** How probable the first candidate was, where chance decided. */
  readonly probability?: number;
  /** The first choice first; at most 20. Those that cannot serve come last. */
  readonly candidates: readonly { readonly target: string; readonly reason: string }[];
  /** Of those candidates that are routes themselves and were asked first. */
  readonly within?: Explanation;
}

/** A strategy that has decided, and what it decided. */
export interface Taken {
  readonly strategy: Strategy;
  readonly ranking: Ranking;
}

export interface Choice {
  /** Who is to be told, once the request is sent, that it was: the strategies that chose the first target. */
  readonly taken: readonly Taken[];
  /** To be tried in this order. Empty for a route without members alone. */
  readonly targets: readonly ChosenTarget[];
  readonly explanation: Explanation;
}

/** What is known of targets beside what a route says. */
export interface Circumstances {
  /** When a target is back that is left alone for a time, by the clock of `Asked.now`; that moment or before where it is not. */
  readonly until: (target: string) => number;
  /** The target that the conversation has to stay with while it can serve; null where there is none. */
  readonly stay: string | null;
  /** Why a route's member may not be asked, in words; null where it may. Absent where all may. */
  readonly refuses?: (route: Route, member: string) => string | null;
}

const MOST_EXPLAINED = 20;

/**
 * The order in which a request's targets are tried. A target that cannot serve the request is left out, unless none can: then
 * what is known of models may be wrong, and all are tried. Targets that are out come last, the one that is back soonest first.
 * Nobody is told of it: the request may not be sent after all.
 */
export function choose(route: Route, asked: Asked, circumstances: Circumstances): Choice {
  // A single target is tried whatever is known of it, so that the request need not be read.
  const chooser = new Chooser(asked, circumstances, !isSingle(route));
  const first = chooser.order(route);
  if (first.here.length + first.out.length > 0 || first.unfit === 0) return chooser.choice(route, first);
  const unchecked = new Chooser(asked, circumstances, false);
  return unchecked.choice(route, unchecked.order(route));
}

/** Whether a route leads to one target and no other. */
export function isSingle({ members: [first, ...others] }: Route): boolean {
  return first !== undefined && others.length === 0 && (!("members" in first.to) || isSingle(first.to));
}

/** A route's members in order, and its targets. */
interface Ordered {
  /** Null where no member can serve now. */
  readonly ranking: Ranking | null;
  /** The routes among the options, by their names. */
  readonly routes: ReadonlyMap<string, Route>;
  readonly here: readonly ChosenTarget[];
  readonly out: readonly ChosenTarget[];
  readonly unfit: number;
  /** Members that were not asked, and why. */
  readonly passed: readonly { readonly target: string; readonly reason: string }[];
}

class Chooser {
  readonly #asked: Asked;
  readonly #circumstances: Circumstances;
  readonly #checks: boolean;
  /** A route that is reached on two ways is asked once. */
  readonly #ordered = new Map<Route, Ordered>();

  constructor(asked: Asked, circumstances: Circumstances, checks: boolean) {
    this.#asked = asked;
    this.#circumstances = circumstances;
    this.#checks = checks;
  }

  order(route: Route): Ordered {
    const known = this.#ordered.get(route);
    if (known !== undefined) return known;
    const ordered = this.#order(route);
    this.#ordered.set(route, ordered);
    return ordered;
  }

  choice(route: Route, { here, out }: Ordered): Choice {
    const { until, stay } = this.#circumstances;
    const waiting =
      out.length > 1 ? [...out].sort((a, b) => until(a.target.name) - until(b.target.name)) : out;
    const stays = stay === null ? -1 : here.findIndex(({ target }) => target.name === stay);
    const kept = stays < 0 ? here : [here[stays]!, ...here.slice(0, stays), ...here.slice(stays + 1)];
    return {
      taken: stays < 0 ? this.#taken(route) : [],
      targets: waiting.length === 0 ? kept : withoutDoubles([...kept, ...waiting]),
      explanation: this.#explained(route, stays < 0 ? null : stay),
    };
  }

  #order(route: Route): Ordered {
    const { now } = this.#asked;
    const options: Option[] = [];
    const routes = new Map<string, Route>();
    const out: ChosenTarget[] = [];
    const passed: { target: string; reason: string }[] = [];
    let unfitting = 0;
    for (const [place, { to, weight }] of route.members.entries()) {
      const { name } = to;
      const refusal = this.#circumstances.refuses?.(route, name) ?? null;
      if (refusal !== null) {
        passed.push({ target: name, reason: refusal });
        continue;
      }
      if ("members" in to) {
        const inner = this.order(to);
        unfitting += inner.unfit;
        for (const one of inner.out) out.push(within(route, name, one));
        if (inner.here.length > 0) {
          options.push({ name, weight, place, target: inner.here[0]!.target });
          routes.set(name, to);
        } else passed.push({ target: name, reason: "none of its targets can serve now" });
        continue;
      }
      const reason = this.#checks ? unfit(to.facts, this.#asked.needs) : null;
      const wait = this.#circumstances.until(name) - now;
      if (reason !== null) {
        unfitting++;
        passed.push({ target: name, reason });
      } else if (wait > 0) {
        passed.push({ target: name, reason: `out for another ${Math.ceil(wait / 1_000)} s` });
        out.push({ target: to, arms: [{ strategy: route.strategy, option: name }] });
      } else options.push({ name, weight, place, target: to });
    }
    const ranking = options.length === 0 ? null : route.strategy.order(options, this.#asked);
    const here = ranking === null ? [] : this.#targets(route, ranking, routes);
    return { ranking, routes, here, out: withoutDoubles(out), unfit: unfitting, passed };
  }

  #targets(route: Route, { order }: Ranking, routes: ReadonlyMap<string, Route>): readonly ChosenTarget[] {
    if (routes.size === 0)
      return order.map(({ name, target }) => ({
        target,
        arms: [{ strategy: route.strategy, option: name }],
      }));
    const all = order.flatMap(({ name, target }) => {
      const inner = routes.get(name);
      return inner === undefined
        ? [{ target, arms: [{ strategy: route.strategy, option: name }] }]
        : this.order(inner).here.map((one) => within(route, name, one));
    });
    return withoutDoubles(all);
  }

  #taken(route: Route): readonly Taken[] {
    const { ranking, routes } = this.order(route);
    if (ranking === null) return [];
    const own = { strategy: route.strategy, ranking };
    const inner = routes.get(ranking.order[0]!.name);
    return inner === undefined ? [own] : [own, ...this.#taken(inner)];
  }

  #explained(route: Route, stay: string | null): Explanation {
    const { ranking, routes, passed } = this.order(route);
    const candidates: { target: string; reason: string }[] = [];
    if (stay !== null) candidates.push({ target: stay, reason: "the conversation stays with its model" });
    for (const [at, option] of (ranking?.order ?? []).entries()) {
      if (candidates.length >= MOST_EXPLAINED) break;
      if (option.name !== stay)
        candidates.push({
          target: option.name,
          reason: ranking!.reason(option, stay === null ? at : at + 1),
        });
    }
    candidates.push(...passed.slice(0, MOST_EXPLAINED - candidates.length));
    const explanation = { route: route.name, strategy: route.strategy.name, candidates };
    if (ranking === null || stay !== null) return explanation;
    const { score, threshold, probability } = ranking;
    const inner = routes.get(ranking.order[0]!.name);
    return {
      ...explanation,
      ...(score === undefined ? {} : { score }),
      ...(threshold === undefined ? {} : { threshold }),
      ...(probability === undefined ? {} : { probability }),
      ...(inner === undefined ? {} : { within: this.#explained(inner, null) }),
    };
  }
}

function within({ strategy }: Route, option: string, { target, arms }: ChosenTarget): ChosenTarget {
  return { target, arms: [{ strategy, option }, ...arms] };
}

/** Each target where it first stands. */
function withoutDoubles(targets: readonly ChosenTarget[]): readonly ChosenTarget[] {
  if (targets.length < 2) return targets;
  const seen = new Set<string>();
  return targets.filter(({ target: { name } }) => !seen.has(name) && seen.add(name));
}
