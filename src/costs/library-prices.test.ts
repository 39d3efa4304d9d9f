import { describe, expect, test } from "bun:test";
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import type { Usage } from "../exchange/usage.ts";
import { LibraryPrices } from "./library-prices.ts";
import { costOfTokens } from "./token-prices.ts";

const AT = Date.parse("2026-11-22T12:00:00Z");
const PROVIDERS = [
  "openai",
  "anthropic",
  "google",
  "x-ai",
  "mistral",
  "groq",
  "deepseek",
  "cohere",
  "perplexity",
];

/** Short and long, with and without parts that have prices of their own. */
const USAGES: Usage[] = [
  { input: 1000, output: 100 },
  { input: 1000, cachedInput: 300, output: 100 },
  { input: 900_000, cachedInput: 300_000, cacheWriteInput: 100_000, output: 5000 },
  { input: 1000, audioInput: 400, output: 100, audioOutput: 50 },
  { input: 1000, audioInput: 400, cachedInput: 300, cachedAudioInput: 100, output: 100 },
  { input: 1000, cachedInput: 200, cacheWriteInput: 500, cacheWrite1hInput: 400, output: 100 },
  { input: 300_000, cachedInput: 200, cacheWriteInput: 500, cacheWrite1hInput: 400, output: 100 },
  { input: 10, output: 1400, imageOutput: 1290 },
  { input: 0, output: 0 },
];

/** Null where the library leaves out of its sum what it has no price for. */
function byLibrary(provider: string, model: string, usage: Usage): number | null {
  const { input = 0, cachedInput = 0, cacheWriteInput = 0, cacheWrite1hInput = 0 } = usage;
  const { audioInput = 0, cachedAudioInput = 0, output = 0, audioOutput = 0, imageOutput = 0 } = usage;
  const counts = {
    input_tokens: input,
    cache_read_tokens: cachedInput,
    cache_write_tokens: cacheWriteInput,
    cache_write_1h_tokens: cacheWrite1hInput,
    input_audio_tokens: audioInput,
    cache_audio_read_tokens: cachedAudioInput,
    output_tokens: output,
    output_audio_tokens: audioOutput,
    output_image_tokens: imageOutput,
  };
  const result = calcPrice(counts, model, { providerId: provider, timestamp: new Date(AT) })!;
  const has = (kind: string) => result.model_price[kind] !== undefined;
  const isApart = provider === "openai";
  const isUnknown =
    (input > 0 && !has("input_mtok")) ||
    (output > 0 && (!has("output_mtok") || has("output_citation_mtok"))) ||
    (isApart && audioInput > 0 && !has("input_audio_mtok")) ||
    (isApart && audioOutput > 0 && !has("output_audio_mtok"));
  return isUnknown && Object.keys(result.model_price).length > 0 ? null : result.total_price;
}

describe.each(PROVIDERS)("every model of %s", (provider) => {
  const models = findProvider({ providerId: provider })?.models.map(({ id }) => id) ?? [];

  test("costs what the library says, cached, written, spoken and long", () => {
    const prices = new LibraryPrices();
    let compared = 0;
    for (const model of models) {
      const found = prices.find(provider, model, AT);
      if (found === null) continue;
      for (const usage of USAGES) {
        const expected = byLibrary(provider, model, usage);
        const cost = costOfTokens(found, usage);
        const what = `${model} ${JSON.stringify(usage)}`;
        if (expected === null) expect(cost, what).toBeNull();
        else expect(cost ?? Number.NaN, what).toBeCloseTo(expected, 9);
        if (expected !== null) compared++;
      }
    }
    expect(compared).toBeGreaterThan(models.length);
  });
});

test("a price that depends on the time of day is looked up for each minute", () => {
  const prices = new LibraryPrices();
  const at = (time: string) => prices.find("deepseek", "deepseek-chat", Date.parse(time))?.input;
  const library = (time: string) =>
    calcPrice({}, "deepseek-chat", { providerId: "deepseek", timestamp: new Date(time) })?.model_price
      .input_mtok;
  for (const time of [
    "2025-08-01T12:00:00Z",
    "2025-08-01T18:00:00Z",
    "2025-08-01T12:00:30Z",
    "2026-11-22T18:00:00Z",
  ])
    expect(at(time)).toEqual(library(time)!);
});

test("names that nobody has priced are remembered in a bounded number", () => {
  const prices = new LibraryPrices();
  for (let n = 0; n < 25_000; n++) expect(prices.find("openai", `model-${n}`, AT)).toBeNull();
  expect(prices.find("openai", "gpt-4o", AT)?.input).toBe(2.5);
});
