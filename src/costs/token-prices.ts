import type { Usage } from "../exchange/usage.ts";

/** Dollars a million tokens; or, by the prompt's length, those of the last step that it is longer than. */
export type TokenPrice = number | SteppedPrice;

export interface SteppedPrice {
  readonly base: number;
  /** In rising order; `start` is in tokens of the whole prompt. */
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

/** What one model's tokens cost. Tokens of a kind that has no price of its own cost what the others of their side do. */
export interface TokenPrices {
  readonly input: TokenPrice | undefined;
  readonly cachedInput: TokenPrice | undefined;
  readonly cacheWriteInput: TokenPrice | undefined;
  readonly audioInput: TokenPrice | undefined;
  readonly output: TokenPrice | undefined;
  readonly audioOutput: TokenPrice | undefined;
  /** Dollars for the request itself. */
  readonly request: number;
}

const MILLION = 1_000_000;

/** US dollars; null where the counts contradict each other, as more cached tokens than tokens do. */
export function costOfTokens(prices: TokenPrices, usage: Usage): number | null {
  const { input = 0, output = 0 } = usage;
  const cached = counted(prices.cachedInput, usage.cachedInput);
  const written = counted(prices.cacheWriteInput, usage.cacheWriteInput);
  const heard = counted(prices.audioInput, usage.audioInput);
  const spoken = counted(prices.audioOutput, usage.audioOutput);
  const plainInput = input - cached - written - heard;
  const plainOutput = output - spoken;
  if (!(plainInput >= 0 && plainOutput >= 0)) return null;
  const dollars =
    plainInput * priceAt(prices.input, input) +
    cached * priceAt(prices.cachedInput, input) +
    written * priceAt(prices.cacheWriteInput, input) +
    heard * priceAt(prices.audioInput, input) +
    plainOutput * priceAt(prices.output, input) +
    spoken * priceAt(prices.audioOutput, input);
  return dollars / MILLION + prices.request;
}

/** Tokens that have a price of their own. */
function counted(price: TokenPrice | undefined, tokens: number | undefined): number {
  return price === undefined || tokens === undefined ? 0 : tokens;
}

function priceAt(price: TokenPrice | undefined, prompt: number): number {
  if (price === undefined) return 0;
  if (typeof price === "number") return price;
  return price.tiers.findLast(({ start }) => prompt > start)?.price ?? price.base;
}
