import type { PriceConfig } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import type { Cost } from "../records/record.ts";
import { LIBRARY, LibraryPrices } from "./library-prices.ts";
import { costOfTokens, type SteppedPrice, type TokenPrices } from "./token-prices.ts";

/** What is known of prices: the configuration's own, then those of the price library. */
export class PriceBook {
  /** By `provider/model`. */
  readonly #own: ReadonlyMap<string, TokenPrices>;
  readonly #library = new LibraryPrices();

  /** `own` is by `provider/model`. */
  constructor(own: Readonly<Record<string, PriceConfig>>) {
    this.#own = new Map(Object.entries(own).map(([name, price]) => [name, ownPrices(price)]));
  }

  /**
   * The cost of that usage at `at` (Unix milliseconds). Null where no price is known for exactly this model, or nothing of
   * its usage: a new model is never charged as an old one whose name it begins with.
   */
  costOf(provider: string | null, model: string | null, usage: Usage | null, at: number): Cost | null {
    if (provider === null || model === null || usage === null) return null;
    if (usage.input === undefined && usage.output === undefined) return null;
    const own = this.#own.size === 0 ? undefined : this.#own.get(`${provider}/${model}`);
    const prices = own ?? this.#library.find(provider, model, at);
    const usd = prices === null ? null : costOfTokens(prices, usage);
    if (usd === null) return null;
    return own === undefined
      ? { usd, source: LIBRARY, date: dayOf(at) }
      : { usd, source: "configuration", date: null };
  }
}

const STEPPED = ["input", "output", "cached_input", "cache_write"] as const;

function ownPrices(price: PriceConfig): TokenPrices {
  const [input, output, cachedInput, cacheWriteInput] = STEPPED.map((kind) => stepped(price, kind));
  return {
    input,
    cachedInput,
    cacheWriteInput,
    audioInput: undefined,
    output,
    audioOutput: undefined,
    request: 0,
  };
}

/** A step that does not name a kind of tokens leaves its price as it is without steps. */
function stepped(price: PriceConfig, kind: (typeof STEPPED)[number]): number | SteppedPrice | undefined {
  const base = price[kind];
  const isInput = kind === "cached_input" || kind === "cache_write";
  const tiers = price.above.map((step) => ({
    start: step.tokens,
    price: step[kind] ?? base ?? (isInput ? (step.input ?? price.input) : price.output),
  }));
  if (tiers.length === 0) return base;
  const isNamed = base !== undefined || price.above.some((step) => step[kind] !== undefined);
  return isNamed ? { base: base ?? (isInput ? price.input : price.output), tiers } : undefined;
}

const DAY = 86_400_000;
let lastDay = { number: Number.NaN, text: "" };

/** `YYYY-MM-DD` in UTC. */
function dayOf(at: number): string {
  const number = Math.floor(at / DAY);
  if (lastDay.number !== number) lastDay = { number, text: new Date(at).toISOString().slice(0, 10) };
  return lastDay.text;
}
