import { describe, expect, test } from "bun:test";
import { configSchema } from "../config/schema.ts";
import type { Usage } from "../exchange/usage.ts";
import { PriceBook } from "./price-book.ts";

const AT = Date.parse("2026-11-22T12:00:00Z");
const book = new PriceBook({});
const usd = (provider: string, model: string, usage: Usage, at = AT) =>
  book.costOf(provider, model, usage, at)?.usd;

describe("a cost", () => {
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
    ["openai", "gpt-5-2031-01-01"],
    ["openai", "gpt-4o-2024-12-01"],
    ["anthropic", "claude-haiku-4-5-fast"],
    ["anthropic", "claude-sonnet-5-5"],
    ["anthropic", "claude-opus-5-20310101x"],
    ["mistral", "magistral-medium-2"],
    ["my-openai", "gpt-4o"],
    ["local-anthropic", "claude-sonnet-4-5"],
    ["google-proxy", "gemini-2.5-flash"],
    ["fireworks", "gpt-oss-120b"],
    ["demo", "echo"],
    ["own", "gpt-5"],
    ["constructor", "toString"],
    ["openai", ""],
  ])("of %s/%s, which nobody has priced", (provider, model) => {
    expect(book.costOf(provider, model, { input: 10, output: 10 }, AT)).toBeNull();
  });

  test.each([
    ["anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"],
    ["anthropic", "claude-haiku-4-5@20251001", "claude-haiku-4-5"],
    ["anthropic", "claude-opus-5-20260801", "claude-opus-5"],
    ["anthropic", "claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"],
    ["openai", "gpt-5.6-sol-2026-07-01", "gpt-5.6-sol"],
    ["gemini", "gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["mistral", "magistral-medium-2506", "magistral-medium-latest"],
    ["openai", "GPT-4o", "gpt-4o"],
  ])("but %s/%s is one of the names that the library gives %s", (provider, model, other) => {
    const usage = { input: 1000, output: 100 };
    expect(usd(provider, model, usage)).toBeGreaterThan(0);
    expect(usd(provider, model, usage)).toBe(usd(provider, other, usage)!);
  });

  test("where a kind of tokens has a price that the library does not have", () => {
    const spoken = { input: 100, output: 50, audioOutput: 40 };
    expect(usd("openai", "gpt-4o-audio-preview", spoken)).toBeUndefined();
    expect(usd("openai", "gpt-4o-audio-preview", { ...spoken, audioOutput: 0 })).toBeGreaterThan(0);
    expect(usd("mistral", "mistral-ocr-latest", { input: 100, output: 50 })).toBeUndefined();
    expect(usd("openai", "gpt-transcribe", { input: 100, output: 50 })).toBeUndefined();
  });

  test("of another service tier than the usual one, unless the configuration has it", () => {
    const usage = { input: 1_000_000, output: 100_000 };
    const tiered = new PriceBook(
      configSchema.parse({
        prices: {
          "openai/gpt-5": { input: 1.25, output: 10, service_tiers: { Flex: { input: 0.625, output: 5 } } },
        },
      }).prices,
    );
    for (const tier of ["flex", "priority", "batch"]) {
      expect(book.costOf("openai", "gpt-5", usage, AT, tier)).toBeNull();
      expect(book.costOf("anthropic", "claude-haiku-4-5", usage, AT, tier)).toBeNull();
    }
    expect(tiered.costOf("openai", "gpt-5", usage, AT)?.usd).toBe(2.25);
    expect(tiered.costOf("openai", "gpt-5", usage, AT, "flex")?.usd).toBe(1.125);
    expect(tiered.costOf("openai", "gpt-5", usage, AT, "priority")).toBeNull();
    expect(book.costOf("groq", "llama-3.1-8b-instant", usage, AT, "flex")?.usd).toBeCloseTo(0.058, 12);
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

  test("may be told of every kind of tokens, and of long prompts in any order", () => {
    const all = new PriceBook(
      configSchema.parse({
        prices: {
          "a/b": {
            input: 1,
            output: 2,
            cache_write: 3,
            cache_write_1h: 5,
            audio_input: 7,
            audio_output: 11,
            image_output: 13,
            above: [
              { tokens: 2000, input: 100, audio_output: 200 },
              { tokens: 1000, input: 10 },
            ],
          },
        },
      }).prices,
    );
    const usage = {
      input: 1000,
      cachedInput: 100,
      cacheWriteInput: 300,
      cacheWrite1hInput: 200,
      audioInput: 50,
      output: 100,
      audioOutput: 20,
      imageOutput: 30,
    };
    // 650 plain and cached, 100 written for minutes and 200 for an hour, 50 heard; 50 words, 20 spoken, 30 drawn.
    const short = 650 * 1 + 100 * 3 + 200 * 5 + 50 * 7 + 50 * 2 + 20 * 11 + 30 * 13;
    expect(all.costOf("a", "b", usage, AT)?.usd).toBeCloseTo(short / 1e6, 12);
    const longer = { ...usage, input: 1001 };
    expect(all.costOf("a", "b", longer, AT)?.usd).toBeCloseTo((short + 650 * 9 + 10) / 1e6, 12);
    const longest = { ...usage, input: 2001 };
    expect(all.costOf("a", "b", longest, AT)?.usd).toBeCloseTo(
      (short + 650 * 99 + 1001 * 100 + 20 * 189) / 1e6,
      12,
    );
  });

  test("of nothing is nothing, which is not unknown", () => {
    expect(own.costOf("local", "llama", { input: 5, output: 5 }, AT)?.usd).toBe(0);
  });
});
