import type { PriceConfig } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import type { Cost } from "../records/record.ts";
import { LIBRARY, LibraryPrices } from "./library-prices.ts";
import { type OwnPrices, ownPrices } from "./own-prices.ts";
import { costOfTokens, type TokenPrices } from "./token-prices.ts";

/** What is known of prices: the configuration's own, then those of the price library. */
export class PriceBook {
  /** By `provider/model`. */
  readonly #own: ReadonlyMap<string, OwnPrices>;
  readonly #library = new LibraryPrices();

  /** `own` is by `provider/model`. */
  constructor(own: Readonly<Record<string, PriceConfig>>) {
    this.#own = new Map(Object.entries(own).map(([name, price]) => [name, ownPrices(price)]));
  }

  /**
   * The cost of that usage at `at` (Unix milliseconds), in that service tier unless it was the provider's usual one.
   * Null where no price is known for exactly this model and tier, or nothing of its usage: a new model is never charged
   * as an old one whose name it begins with.
   */
  costOf(
    provider: string | null,
    model: string | null,
    usage: Usage | null,
    at: number,
    serviceTier: string | null = null,
  ): Cost | null {
    if (provider === null || model === null || usage === null) return null;
    if (usage.input === undefined && usage.output === undefined) return null;
    const own = this.#own.size === 0 ? undefined : this.#own.get(`${provider}/${model}`);
    const tier = serviceTier !== null && differsInPrice(provider, serviceTier) ? serviceTier : null;
    const prices = own === undefined ? this.#listed(provider, model, at, tier) : inTier(own, tier);
    const usd = prices === null ? null : costOfTokens(prices, usage);
    if (usd === null) return null;
    return own === undefined
      ? { usd, source: LIBRARY, date: dayOf(at) }
      : { usd, source: "configuration", date: null };
  }

  /** Prices of a provider's model today, in its usual tier; null where they are not known. */
  pricesOf(provider: string, model: string): TokenPrices | null {
    const own = this.#own.get(`${provider}/${model}`);
    return own === undefined ? this.#library.find(provider, model, Date.now()) : own.usual;
  }

  /** The library has the prices of the usual tiers alone. */
  #listed(provider: string, model: string, at: number, tier: string | null): TokenPrices | null {
    return tier === null ? this.#library.find(provider, model, at) : null;
  }
}

function inTier(own: OwnPrices, tier: string | null): TokenPrices | null {
  return tier === null ? own.usual : (own.tiers.get(tier) ?? null);
}

/** Groq's flex tier is a wider limit for the same price (its documentation of flex processing). */
function differsInPrice(provider: string, tier: string): boolean {
  return !(provider === "groq" && tier === "flex");
}

const DAY = 86_400_000;
let lastDay = { number: Number.NaN, text: "" };

/** `YYYY-MM-DD` in UTC. */
function dayOf(at: number): string {
  const number = Math.floor(at / DAY);
  if (lastDay.number !== number) lastDay = { number, text: new Date(at).toISOString().slice(0, 10) };
  return lastDay.text;
}
