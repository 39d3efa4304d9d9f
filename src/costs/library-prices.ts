import type * as PriceLibrary from "@pydantic/genai-prices";
import pkg from "../../package.json" with { type: "json" };
import { namesModel } from "./exact-model.ts";
import type { TokenPrice, TokenPrices } from "./token-prices.ts";

/** What the price library is called in records. */
export const LIBRARY = `genai-prices ${pkg.dependencies["@pydantic/genai-prices"]}`;

/** Our names of providers that the library calls otherwise. */
const LIBRARY_NAMES: Readonly<Record<string, string>> = {
  gemini: "google",
  xai: "x-ai",
  kimi: "moonshotai",
};

interface Found {
  /** Null where the library has none for exactly this model. */
  readonly prices: TokenPrices | null;
  /** The minute since 1970 that they hold for; null where they are the same at all times. */
  readonly minute: number | null;
}

/** Clients choose models' names, so that there may be any number of them. */
const MAX_REMEMBERED = 10_000;
const MINUTE = 60_000;

/** The price library's prices. Looking one up takes it some 20 microseconds, so they are remembered. */
export class LibraryPrices {
  readonly #found = new Map<string, Found>();

  /** The prices at `at` (Unix milliseconds) of a model that the library knows by exactly this name, or null. */
  find(provider: string, model: string, at: number): TokenPrices | null {
    const name = `${provider}/${model}`;
    const known = this.#found.get(name);
    const minute = Math.floor(at / MINUTE);
    if (known !== undefined && (known.minute === null || known.minute === minute)) return known.prices;
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear();
    const found = lookUp(provider, model, at);
    this.#found.set(name, { prices: found?.prices ?? null, minute: found?.varies === true ? minute : null });
    return found?.prices ?? null;
  }
}

function lookUp(
  provider: string,
  model: string,
  at: number,
): { readonly prices: TokenPrices; readonly varies: boolean } | null {
  const providerId = Object.hasOwn(LIBRARY_NAMES, provider) ? LIBRARY_NAMES[provider]! : provider;
  const found = library().calcPrice({}, model, { providerId, timestamp: new Date(at) });
  if (found === null || !namesModel(found.model, model)) return null;
  return { prices: readPrices(found.model_price), varies: Array.isArray(found.model.prices) };
}

/** Loaded with the first price that is asked for: its list takes 20 ms and more to read. */
function library(): typeof PriceLibrary {
  return require("@pydantic/genai-prices");
}

function readPrices(prices: PriceLibrary.ModelPrice): TokenPrices {
  const { requests_kcount: requests } = prices;
  return {
    input: prices.input_mtok as TokenPrice | undefined,
    cachedInput: prices.cache_read_mtok as TokenPrice | undefined,
    cacheWriteInput: prices.cache_write_mtok as TokenPrice | undefined,
    audioInput: prices.input_audio_mtok as TokenPrice | undefined,
    output: prices.output_mtok as TokenPrice | undefined,
    audioOutput: prices.output_audio_mtok as TokenPrice | undefined,
    request: typeof requests === "number" ? requests / 1000 : 0,
  };
}
