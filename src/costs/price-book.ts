import { calcPrice } from "@pydantic/genai-prices";
import pkg from "../../package.json" with { type: "json" };
import type { PriceConfig } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import type { Cost } from "../records/record.ts";
import { namesModel } from "./exact-model.ts";

/** What is known of prices: the configuration's own, then those of the price library. */
export class PriceBook {
  readonly #own: Readonly<Record<string, PriceConfig>>;

  /** `own` is by `provider/model`. */
  constructor(own: Readonly<Record<string, PriceConfig>>) {
    this.#own = own;
  }

  /**
   * The cost of that usage at `at` (Unix milliseconds). Null where no price is known for exactly this model, or nothing of
   * its usage: a new model is never charged as an old one whose name it begins with.
   */
  costOf(provider: string | null, model: string | null, usage: Usage | null, at: number): Cost | null {
    if (provider === null || model === null || usage === null) return null;
    if (usage.input === undefined && usage.output === undefined) return null;
    const name = `${provider}/${model}`;
    const own = Object.hasOwn(this.#own, name) ? this.#own[name] : undefined;
    return own === undefined
      ? libraryCost(provider, model, usage, at)
      : { usd: ownCost(own, usage), source: "configuration", date: null };
  }
}

const MILLION = 1_000_000;

/** Prices are in dollars a million tokens; those of the highest step that the prompt reaches hold for all of it. */
function ownCost(price: PriceConfig, usage: Usage): number {
  const { input = 0, output = 0 } = usage;
  const step = price.above.findLast(({ tokens }) => input > tokens);
  const of = {
    input: step?.input ?? price.input,
    output: step?.output ?? price.output,
    cached_input: step?.cached_input ?? price.cached_input,
    cache_write: step?.cache_write ?? price.cache_write,
  };
  const cached = Math.min(usage.cachedInput ?? 0, input);
  const written = Math.min(usage.cacheWriteInput ?? 0, input - cached);
  return (
    ((input - cached - written) * of.input +
      cached * (of.cached_input ?? of.input) +
      written * (of.cache_write ?? of.input) +
      output * of.output) /
    MILLION
  );
}

/** Our names of providers that the library calls otherwise. */
const LIBRARY_NAMES: Readonly<Record<string, string>> = {
  gemini: "google",
  xai: "x-ai",
  kimi: "moonshotai",
};

const SOURCE = `genai-prices ${pkg.dependencies["@pydantic/genai-prices"]}`;

function libraryCost(provider: string, model: string, usage: Usage, at: number): Cost | null {
  const providerId = Object.hasOwn(LIBRARY_NAMES, provider) ? LIBRARY_NAMES[provider]! : provider;
  const result = priced(providerId, model, usage, at);
  if (result === null || !namesModel(result.model, model)) return null;
  return { usd: result.total_price, source: SOURCE, date: new Date(at).toISOString().slice(0, 10) };
}

function priced(providerId: string, model: string, usage: Usage, at: number): ReturnType<typeof calcPrice> {
  try {
    return calcPrice(libraryUsage(usage), model, { providerId, timestamp: new Date(at) });
  } catch {
    // Counts that contradict each other, such as more cached tokens than tokens, have no price.
    return null;
  }
}

function libraryUsage(usage: Usage): Record<string, number> {
  const counts = {
    input_tokens: usage.input,
    cache_read_tokens: usage.cachedInput,
    cache_write_tokens: usage.cacheWriteInput,
    input_audio_tokens: usage.audioInput,
    output_tokens: usage.output,
    output_audio_tokens: usage.audioOutput,
  };
  return Object.fromEntries(
    Object.entries(counts).filter(([, count]) => count !== undefined && count > 0),
  ) as Record<string, number>;
}
