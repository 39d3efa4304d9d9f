import type { PriceConfig } from "../config/schema.ts";
import type { SteppedPrice, TokenPrices } from "./token-prices.ts";

/** What the configuration says that a model costs. */
export interface OwnPrices {
  readonly usual: TokenPrices;
  /** By the name of the service tier. */
  readonly tiers: ReadonlyMap<string, TokenPrices>;
}

export function ownPrices(price: PriceConfig): OwnPrices {
  const tiers = Object.entries(price.service_tiers).map(
    ([name, tier]) => [name.toLowerCase(), tokenPrices(tier)] as const,
  );
  return { usual: tokenPrices(price), tiers: new Map(tiers) };
}

type Price = Omit<PriceConfig, "service_tiers">;
type Step = Price["above"][number];
type Kind = keyof Omit<Step, "tokens">;

function tokenPrices(price: Price): TokenPrices {
  return {
    input: stepped(price, "input") ?? 0,
    cachedInput: stepped(price, "cached_input"),
    cacheWriteInput: stepped(price, "cache_write"),
    cacheWrite1hInput: stepped(price, "cache_write_1h"),
    audioInput: stepped(price, "audio_input"),
    cachedAudioInput: undefined,
    output: stepped(price, "output") ?? 0,
    audioOutput: stepped(price, "audio_output"),
    imageOutput: stepped(price, "image_output"),
    request: 0,
  };
}

/** The kind that one without a price of its own is priced as. */
const PART_OF: Readonly<Record<Kind, Kind | null>> = {
  input: null,
  cached_input: "input",
  cache_write: "input",
  cache_write_1h: "cache_write",
  audio_input: "input",
  output: null,
  audio_output: "output",
  image_output: "output",
};

/** Undefined where the kind is named nowhere. A step that does not name it leaves its price as it is without steps. */
function stepped(price: Price, kind: Kind): number | SteppedPrice | undefined {
  const isNamed = price[kind] !== undefined || price.above.some((step) => step[kind] !== undefined);
  if (!isNamed) return undefined;
  if (price.above.length === 0) return price[kind];
  const steps = price.above.toSorted((a, b) => a.tokens - b.tokens);
  return {
    base: priceOf(price, {}, kind),
    tiers: steps.map((step) => ({ start: step.tokens, price: priceOf(price, step, kind) })),
  };
}

function priceOf(price: Price, step: Partial<Step>, kind: Kind): number {
  const own = step[kind] ?? price[kind];
  if (own !== undefined) return own;
  const whole = PART_OF[kind];
  return whole === null ? 0 : priceOf(price, step, whole);
}
