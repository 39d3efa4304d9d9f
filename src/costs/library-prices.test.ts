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
  { input: 0, output: 0 },
];

function byLibrary(provider: string, model: string, usage: Usage): number | undefined {
  const {
    input = 0,
    cachedInput = 0,
    cacheWriteInput = 0,
    audioInput = 0,
    output = 0,
    audioOutput = 0,
  } = usage;
  return calcPrice(
    {
      input_tokens: input,
      cache_read_tokens: cachedInput,
      cache_write_tokens: cacheWriteInput,
      input_audio_tokens: audioInput,
      output_tokens: output,
      output_audio_tokens: audioOutput,
    },
    model,
    { providerId: provider, timestamp: new Date(AT) },
  )?.total_price;
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
        expect(costOfTokens(found, usage) ?? Number.NaN, `${model} ${JSON.stringify(usage)}`).toBeCloseTo(
          expected!,
          9,
        );
        compared++;
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
