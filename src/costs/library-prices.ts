import type * as PriceLibrary from "@pydantic/genai-prices";
import pkg from "../../package.json" with { type: "json" };
import { namesModel } from "./exact-model.ts";
import type { SteppedPrice, TokenPrices } from "./token-prices.ts";

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
  // Its rules take any provider for OpenAI that has that in its name.
  if (found === null || found.provider.id !== providerId || !namesModel(found.model, model)) return null;
  return { prices: readPrices(providerId, found.model_price), varies: Array.isArray(found.model.prices) };
}

/** Loaded with the first price that is asked for: its list takes 20 ms and more to read. */
function library(): typeof PriceLibrary {
  return require("@pydantic/genai-prices");
}

/** Providers whose models never hear and speak at the prices of text. */
const SOUND_APART: ReadonlySet<string> = new Set(["openai", "azure"]);

/** Dollars a million tokens, by their kind. Where the library has no price of any kind, the model is free. */
function readPrices(provider: string, prices: PriceLibrary.ModelPrice): TokenPrices {
  const of = prices as Readonly<Record<string, number | SteppedPrice | undefined>>;
  const isFree = Object.keys(prices).length === 0;
  const requests = of.requests_kcount;
  // What is cited is charged beside the answer, and nobody tells how much it was in a place of its own.
  const citesApart = of.output_citation_mtok !== undefined;
  const sound = SOUND_APART.has(provider) && !isFree ? "unknown" : undefined;
  return {
    input: of.input_mtok ?? (isFree ? 0 : "unknown"),
    cachedInput: of.cache_read_mtok,
    cacheWriteInput: of.cache_write_mtok,
    cacheWrite1hInput: of.cache_write_1h_mtok,
    audioInput: of.input_audio_mtok ?? sound,
    cachedAudioInput: of.cache_audio_read_mtok,
    output: citesApart ? "unknown" : (of.output_mtok ?? (isFree ? 0 : "unknown")),
    audioOutput: of.output_audio_mtok ?? sound,
    imageOutput: of.output_image_mtok,
    request: typeof requests === "number" ? requests / 1000 : 0,
  };
}
