import { describe, expect, test } from "bun:test";
import { configSchema } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import { PriceBook } from "./price-book.ts";

const AT = Date.parse("2026-11-22T12:00:00Z");
const book = new PriceBook({});
const usd = (provider: string, model: string, usage: Usage, at = AT) =>
  book.costOf(provider, model, usage, at)?.usd;

/** Input, cached input and output in dollars a million tokens, as the providers' price pages have them. */
const PUBLISHED: [provider: string, model: string, input: number, cached: number, output: number][] = [
  ["openai", "gpt-5", 1.25, 0.125, 10],
  ["openai", "gpt-5-mini", 0.25, 0.025, 2],
  ["openai", "gpt-5-nano", 0.05, 0.005, 0.4],
  ["openai", "gpt-4o", 2.5, 1.25, 10],
  ["openai", "gpt-4o-mini", 0.15, 0.075, 0.6],
  ["openai", "gpt-4.1", 2, 0.5, 8],
  ["openai", "gpt-4.1-mini", 0.4, 0.1, 1.6],
  ["openai", "o3", 2, 0.5, 8],
  ["openai", "o4-mini", 1.1, 0.275, 4.4],
  ["anthropic", "claude-opus-4-1-20250805", 15, 1.5, 75],
  ["anthropic", "claude-sonnet-4-5-20250929", 3, 0.3, 15],
  ["anthropic", "claude-haiku-4-5", 1, 0.1, 5],
  ["anthropic", "claude-3-5-haiku-20241022", 0.8, 0.08, 4],
  ["gemini", "gemini-2.5-flash", 0.3, 0.03, 2.5],
  ["gemini", "gemini-2.5-flash-lite", 0.1, 0.01, 0.4],
  ["gemini", "gemini-2.5-pro", 1.25, 0.125, 10],
  ["xai", "grok-4", 3, 0.75, 15],
  ["groq", "llama-3.3-70b-versatile", 0.59, 0.59, 0.79],
  ["cerebras", "llama-3.3-70b", 0.85, 0.85, 1.2],
  ["mistral", "mistral-large-latest", 2, 2, 6],
];

describe("a cost", () => {
  test.each(PUBLISHED)("of %s/%s is by its published prices", (provider, model, input, cached, output) => {
    expect(usd(provider, model, { input: 1000, output: 100 })).toBeCloseTo(
      (1000 * input + 100 * output) / 1e6,
      10,
    );
    const mixed = { input: 1000, cachedInput: 400, output: 100, reasoning: 60 };
    expect(usd(provider, model, mixed)).toBeCloseTo((600 * input + 400 * cached + 100 * output) / 1e6, 10);
  });

  test("of Anthropic's cache writes is dearer than plain input, and counted once", () => {
    const usage = { input: 1000, cacheWriteInput: 600, cachedInput: 300, output: 10 };
    const expected = (100 * 3 + 600 * 3.75 + 300 * 0.3 + 10 * 15) / 1e6;
    expect(usd("anthropic", "claude-sonnet-4-5", usage)).toBeCloseTo(expected, 10);
  });

  test("of a long prompt is by the prices of long prompts", () => {
    expect(usd("gemini", "gemini-2.5-pro", { input: 100_000, output: 1000 })).toBeCloseTo(0.135, 10);
    expect(usd("gemini", "gemini-2.5-pro", { input: 300_000, output: 1000 })).toBeCloseTo(0.75 + 0.015, 10);
  });

  test("says by which list and for which day it is", () => {
    expect(book.costOf("openai", "gpt-5", { input: 1, output: 1 }, AT)).toMatchObject({
      source: expect.stringMatching(/^genai-prices \d/),
      date: "2026-11-22",
    });
  });
});

describe("no cost is known", () => {
  test.each([
    ["openai", "gpt-5-ultra"],
    ["openai", "gpt-4o-something-new"],
    ["anthropic", "claude-sonnet-4-5-fake"],
    ["gemini", "gemini-2.5-pro-preview-new"],
    ["demo", "echo"],
    ["own", "gpt-5"],
    ["constructor", "toString"],
    ["openai", ""],
  ])("of %s/%s, which nobody has priced", (provider, model) => {
    expect(book.costOf(provider, model, { input: 10, output: 10 }, AT)).toBeNull();
  });

  test("where no tokens are, or they contradict each other", () => {
    expect(book.costOf("openai", "gpt-5", null, AT)).toBeNull();
    expect(book.costOf("openai", "gpt-5", { reasoning: 5 }, AT)).toBeNull();
    expect(book.costOf(null, "gpt-5", { input: 5 }, AT)).toBeNull();
    expect(
      book.costOf("openai", "gpt-5", { input: 5, cachedInput: 50, output: 1 }, AT)?.usd ?? 0,
    ).toBeLessThan(0.001);
  });
});

describe("a price of the configuration", () => {
  const prices = configSchema.parse({
    prices: {
      "openai/gpt-5": {
        input: 1,
        output: 2,
        cached_input: 0.5,
        cache_write: 3,
        above: [{ tokens: 1000, input: 10 }],
      },
      "local/llama": { input: 0, output: 0 },
    },
  }).prices;
  const own = new PriceBook(prices);

  test("wins over the library's, with cached and written tokens and long prompts", () => {
    expect(
      own.costOf("openai", "gpt-5", { input: 1000, cachedInput: 200, cacheWriteInput: 100, output: 10 }, AT),
    ).toEqual({
      usd: (700 * 1 + 200 * 0.5 + 100 * 3 + 10 * 2) / 1e6,
      source: "configuration",
      date: null,
    });
    expect(own.costOf("openai", "gpt-5", { input: 1001, output: 10 }, AT)?.usd).toBeCloseTo(
      (10_010 + 20) / 1e6,
      12,
    );
  });

  test("of nothing is nothing, which is not unknown", () => {
    expect(own.costOf("local", "llama", { input: 5, output: 5 }, AT)?.usd).toBe(0);
  });
});
