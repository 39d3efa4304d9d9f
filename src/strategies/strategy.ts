import type { TokenPrices } from "../costs/token-prices.ts";
import type { ModelFacts, Requirements } from "./abilities.ts";

export type StrategyName = "first" | "weighted" | "latency" | "cost" | "sticky" | "quality" | "learn";

/** A model at a provider, as far as choosing needs it. */
export interface RouteTarget {
  /** `provider/model`. */
  readonly name: string;
  readonly facts: ModelFacts;
  /** Null where they are not known. */
  readonly prices: TokenPrices | null;
}

/** A request, as far as choosing needs it. */
export interface Asked {
  /** Milliseconds on a clock that is never set, as `performance.now()`. */
  readonly now: number;
  readonly needs: Requirements;
  /** What identifies the conversation that it belongs to; null where nothing does. */
  readonly conversation: string | null;
  /** How likely a strong model's answer is better by a margin that is worth its price. Asked for by `quality` alone. */
  readonly score: () => number;
  /** The share of requests for the strong model that the client asks for, as by `auto:0.3`; null for the route's own. */
  readonly strongShare: number | null;
  /** What `learn` tells requests apart by, such as a template's name; "" for all the same. */
  readonly kind: string;
}

/** One of the things that a strategy chooses from: a target, or a route of its own. */
export interface Option {
  /** Its name in the route: `provider/model`, or a route's. */
  readonly name: string;
  /** At least 0, and 1 unless somebody has said otherwise. */
  readonly weight: number;
  /** Its place in the route's list. */
  readonly place: number;
  /** What a request would be sent to: the target itself, or the first one of the route. */
  readonly target: RouteTarget;
}

/** What a strategy says of its options. */
export interface Ranking {
  /** All of the options, the first choice first, the others as fallbacks. */
  readonly order: readonly Option[];
  /** Why an option stands where it does, in a few words. Asked for the first ones alone. */
  readonly reason: (option: Option, at: number) => string;
  readonly score?: number;
  readonly threshold?: number;
  /** How probable the first choice was; absent where no chance was in it. */
  readonly probability?: number;
}

/** How a request went at an option that it was sent to. */
export interface Report {
  /** On the same clock as `Asked.now`. */
  readonly now: number;
  /** A failure of the option's own. One of the client's, or a client that left, is none. */
  readonly failed: boolean;
  /** Milliseconds until the first token; null where there was none. */
  readonly firstTokenMs: number | null;
  /** In tokens; null where the provider told nothing. */
  readonly usage: { readonly input: number; readonly cachedInput: number; readonly output: number } | null;
  /** US dollars; null where no price is known. */
  readonly cost: number | null;
  readonly conversation: string | null;
  readonly kind: string;
}

/**
 * A way to choose. `order` changes nothing: what it decides may not be what is done. A strategy keeps what it learns for one
 * route, in bounded memory.
 */
export interface Strategy {
  readonly name: StrategyName;
  /** `options` are those that can serve the request now, at least one, in the route's order. */
  order(options: readonly Option[], asked: Asked): Ranking;
  /** The request is sent to the ranking's first option. */
  took?(ranking: Ranking, asked: Asked): void;
  /**
   * A request that it was told of by `took` waits there no longer: its answer has begun, it failed, or it went elsewhere
   * after all. By the clock of `Asked.now`.
   */
  left?(option: string, now: number): void;
  /** To be told once for every option that a request was sent to, also when it was not the first. */
  observe?(option: string, report: Report): void;
  /** A judgement of an answer, from 0 (bad) to 1 (good), such as a user's. It may come much later, or never. */
  judge?(option: string, kind: string, value: number): void;
}

/** The order of the route's list. */
export const FIRST: Strategy = {
  name: "first",
  order: (options) => ({
    order: options,
    reason: (_, at) => (at === 0 ? "the first of the list that can serve" : "next in the list"),
  }),
};
