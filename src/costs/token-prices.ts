import type { Usage } from "../exchange/usage.ts";

/**
 * Dollars a million tokens; or, by the prompt's length, those of the last step that it is longer than; or nothing that
 * anybody has told, although these tokens do not cost what the others of their side do.
 */
type TokenPrice = number | SteppedPrice | "unknown";

export interface SteppedPrice {
  readonly base: number;
  /** In rising order; `start` is in tokens of the whole prompt. */
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

/** What one model's tokens cost. Tokens of a kind that has no price of its own cost what those do that it is a part of. */
export interface TokenPrices {
  readonly input: TokenPrice;
  readonly cachedInput: TokenPrice | undefined;
  readonly cacheWriteInput: TokenPrice | undefined;
  readonly cacheWrite1hInput: TokenPrice | undefined;
  readonly audioInput: TokenPrice | undefined;
  readonly cachedAudioInput: TokenPrice | undefined;
  readonly output: TokenPrice;
  readonly audioOutput: TokenPrice | undefined;
  readonly imageOutput: TokenPrice | undefined;
  /** Dollars for the request itself. */
  readonly request: number;
}

const MILLION = 1_000_000;

/** US dollars; null where a price is not known, or the counts contradict each other, as more cached tokens than tokens do. */
export function costOfTokens(prices: TokenPrices, usage: Usage): number | null {
  const { input = 0, output = 0 } = usage;
  const cached = counted(prices.cachedInput, usage.cachedInput);
  const written = counted(prices.cacheWriteInput, usage.cacheWriteInput);
  const writtenFor1h = Math.min(written, counted(prices.cacheWrite1hInput, usage.cacheWrite1hInput));
  const heard = counted(prices.audioInput, usage.audioInput);
  const cachedHeard = Math.min(cached, heard, usage.cachedAudioInput ?? 0);
  const plainInput = input - cached - written - heard + cachedHeard;
  const spoken = counted(prices.audioOutput, usage.audioOutput);
  const drawn = counted(prices.imageOutput, usage.imageOutput);
  const plainOutput = output - spoken - drawn;
  if (!(plainInput >= 0 && plainOutput >= 0)) return null;
  const dollars =
    price(plainInput, prices.input, input) +
    price(cached - cachedHeard, prices.cachedInput, input) +
    price(written - writtenFor1h, prices.cacheWriteInput, input) +
    price(writtenFor1h, prices.cacheWrite1hInput, input) +
    price(heard - cachedHeard, prices.audioInput, input) +
    price(cachedHeard, prices.cachedAudioInput ?? prices.cachedInput, input) +
    price(plainOutput, prices.output, input) +
    price(spoken, prices.audioOutput, input) +
    price(drawn, prices.imageOutput, input);
  return Number.isNaN(dollars) ? null : dollars / MILLION + prices.request;
}

/** Tokens that have a price of their own. */
function counted(price: TokenPrice | undefined, tokens: number | undefined): number {
  return price === undefined || tokens === undefined ? 0 : tokens;
}

/** Of `tokens`, in millionths of dollars; NaN where it is not known. */
function price(tokens: number, each: TokenPrice | undefined, prompt: number): number {
  if (tokens === 0 || each === undefined) return 0;
  if (typeof each === "number") return tokens * each;
  if (each === "unknown") return Number.NaN;
  return tokens * (each.tiers.findLast(({ start }) => prompt > start)?.price ?? each.base);
}
