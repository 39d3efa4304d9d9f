import type { RouteConfig } from "../config/route-schema.ts";
import type { ChosenTarget } from "../strategies/choose.ts";
import { Conversations } from "../strategies/conversation.ts";
import { Cost } from "../strategies/cost.ts";
import { Latency } from "../strategies/latency.ts";
import { LEARN_DEFAULTS, Learn } from "../strategies/learn.ts";
import { Quality } from "../strategies/quality.ts";
import { Sticky } from "../strategies/sticky.ts";
import { FIRST, type Strategy } from "../strategies/strategy.ts";
import { Weighted } from "../strategies/weighted.ts";

interface Held {
  readonly settings: string;
  readonly strategy: Strategy;
}

/** Requests that wait to be recorded: more are forgotten, since means need not have all. */
const MOST_AWAITED = 20_000;

/** What is to be told of a request once it is recorded. */
export interface Awaited extends Pick<ChosenTarget, "arms"> {
  readonly conversation: string | null;
  readonly kind: string;
}

/** What routes have learned and remember: it outlives a change of the configuration. */
export class RouteStates {
  readonly conversations = new Conversations();
  readonly #held = new Map<string, Held>();
  /** By the request's span. */
  readonly #awaited = new Map<string, Awaited>();
  readonly #thresholdBefore: (share: number) => number;

  /** `thresholdBefore` is the learned router's threshold for a share of strong calls, before a route has traffic. */
  constructor(thresholdBefore: (share: number) => number) {
    this.#thresholdBefore = thresholdBefore;
  }

  /**
   * The strategy of a route, the same one as long as what it is made of stays. `options` are what it chooses from: the
   * targets but those that are switched off.
   */
  strategyOf(name: string, config: RouteConfig, options: readonly string[]): Strategy {
    const { strategy, thresholds, strong_share, learn } = config;
    const settings = JSON.stringify([strategy, options, thresholds, strong_share, learn]);
    const known = this.#held.get(name);
    if (known?.settings === settings) return known.strategy;
    const made = this.#make(config);
    this.#held.set(name, { settings, strategy: made });
    return made;
  }

  /** A request was served whose record is to be told of. */
  awaitRecord(spanId: string, awaited: Awaited): void {
    if (this.#awaited.size >= MOST_AWAITED) this.#awaited.clear();
    this.#awaited.set(spanId, awaited);
  }

  takeAwaited(spanId: string): Awaited | null {
    const awaited = this.#awaited.get(spanId) ?? null;
    if (awaited !== null) this.#awaited.delete(spanId);
    return awaited;
  }

  /** Forgets the routes of other names. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#held.keys()) if (!names.has(name)) this.#held.delete(name);
  }

  #make({ strategy, thresholds, strong_share, learn }: RouteConfig): Strategy {
    switch (strategy) {
      case "weighted":
        return new Weighted();
      case "latency":
        return new Latency();
      case "cost":
        return new Cost();
      case "sticky":
        return new Sticky();
      case "quality":
        return new Quality({
          before: this.#thresholdBefore,
          ...(thresholds === undefined ? {} : { thresholds }),
          ...(strong_share === undefined ? {} : { strongShare: strong_share }),
        });
      case "learn":
        return new Learn(
          learn === undefined
            ? LEARN_DEFAULTS
            : { cost: learn.cost, latency: learn.latency, minimumShare: learn.minimum_share },
        );
      default:
        // One of its own for each route, so that it tells which one has chosen.
        return { ...FIRST };
    }
  }
}
