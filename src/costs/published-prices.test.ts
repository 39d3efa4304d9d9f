import { expect, test } from "bun:test";
import type { Usage } from "../exchange/usage.ts";
import { PriceBook } from "./price-book.ts";

const book = new PriceBook({});

type Row = [provider: string, model: string, day: string, usage: Usage, dollars: number];

/**
 * Costs worked out by hand: tokens × the provider's published price in dollars a million, as the price library has it
 * (@pydantic/genai-prices 0.1.8 of 2026-09-23, which names each provider's price page). The products are in millionths.
 */
const BY_HAND: Row[] = [
  // developers.openai.com/api/docs/pricing: input 1.25, cached 0.125, output 10; thinking is output.
  // 7,000 × 1.25 + 3,000 × 0.125 + 2,000 × 10 = 8,750 + 375 + 20,000 = 29,125
  [
    "openai",
    "gpt-5",
    "2026-11-22",
    { input: 10_000, cachedInput: 3_000, output: 2_000, reasoning: 1_500 },
    0.029125,
  ],
  // The snapshot that the list names beside it. 1,000 × 1.25 + 100 × 10 = 2,250
  ["openai", "gpt-5-2025-08-07", "2026-11-22", { input: 1_000, output: 100 }, 0.00225],
  // 0.25, 2: 120,000 × 0.25 + 4,000 × 2 = 30,000 + 8,000
  ["openai", "gpt-5-mini", "2026-11-22", { input: 120_000, output: 4_000 }, 0.038],
  // 2.50, cached 1.25, 10: 1,000 × 2.5 + 1,000 × 1.25 + 500 × 10 = 2,500 + 1,250 + 5,000
  ["openai", "gpt-4o-2024-08-06", "2026-11-22", { input: 2_000, cachedInput: 1_000, output: 500 }, 0.00875],
  // The first snapshot is dearer, and has no price for cached tokens: 2,000 × 5 + 500 × 15 = 10,000 + 7,500
  ["openai", "gpt-4o-2024-05-13", "2026-11-22", { input: 2_000, cachedInput: 1_000, output: 500 }, 0.0175],
  // 0.10, cached 0.025, 0.40: 500 × 0.1 + 1,500 × 0.025 + 250 × 0.4 = 50 + 37.5 + 100
  ["openai", "gpt-4.1-nano", "2026-11-22", { input: 2_000, cachedInput: 1_500, output: 250 }, 0.0001875],
  // 2, 8 since 2025-06-10: 10,000 × 2 + 5,000 × 8 = 20,000 + 40,000
  ["openai", "o3", "2026-11-22", { input: 10_000, output: 5_000 }, 0.06],
  // 10, 40 before: 10,000 × 10 + 5,000 × 40 = 100,000 + 200,000
  ["openai", "o3", "2025-06-09", { input: 10_000, output: 5_000 }, 0.3],
  // Up to 272,000 tokens 2.50, cached 0.25, 15: 2,000 × 2.5 + 270,000 × 0.25 + 1,000 × 15 = 5,000 + 67,500 + 15,000
  ["openai", "gpt-5.4", "2026-11-22", { input: 272_000 - 1, cachedInput: 270_000, output: 1_000 }, 0.0874975],
  // Longer prompts 5, cached 0.50, 22.50, for all tokens: 300,000 × 5 + 1,000 × 22.5 = 1,500,000 + 22,500
  ["openai", "gpt-5.4", "2026-11-22", { input: 300_000, output: 1_000 }, 1.5225],
  // Cache writes are told and billed since this model: since 2026-08-21 4, written 5, cached 0.40, 20.
  // 1,000 × 4 + 2,000 × 5 + 7,000 × 0.4 + 100 × 20 = 4,000 + 10,000 + 2,800 + 2,000
  [
    "openai",
    "gpt-5.6-sol",
    "2026-11-22",
    { input: 10_000, cacheWriteInput: 2_000, cachedInput: 7_000, output: 100 },
    0.0188,
  ],
  // Text 2.50 and 10, sound 32 and 64: 200 × 2.5 + 800 × 32 + 100 × 10 + 400 × 64 = 500 + 25,600 + 1,000 + 25,600
  [
    "openai",
    "gpt-audio",
    "2026-11-22",
    { input: 1_000, audioInput: 800, output: 500, audioOutput: 400 },
    0.0527,
  ],
  // 0.02: 8,000 × 0.02 = 160
  ["openai", "text-embedding-3-small", "2026-11-22", { input: 8_000 }, 0.00016],
  // platform.claude.com/docs/en/about-claude/pricing: 5, written 6.25 (five minutes) or 10 (an hour), cached 0.50, 25.
  // 500 × 5 + 1,500 × 6.25 + 2,000 × 10 + 6,000 × 0.5 + 800 × 25 = 2,500 + 9,375 + 20,000 + 3,000 + 20,000
  [
    "anthropic",
    "claude-opus-4-5-20251101",
    "2026-11-22",
    { input: 10_000, cacheWriteInput: 3_500, cacheWrite1hInput: 2_000, cachedInput: 6_000, output: 800 },
    0.054875,
  ],
  // 15, cached 1.50, 75: 1,000 × 15 + 9,000 × 1.5 + 1,000 × 75 = 15,000 + 13,500 + 75,000
  [
    "anthropic",
    "claude-opus-4-1-20250805",
    "2026-11-22",
    { input: 10_000, cachedInput: 9_000, output: 1_000 },
    0.1035,
  ],
  // 3, written 3.75, cached 0.30, 15: 100 × 3 + 600 × 3.75 + 300 × 0.3 + 10 × 15 = 300 + 2,250 + 90 + 150
  [
    "anthropic",
    "claude-sonnet-4-5-20250929",
    "2026-11-22",
    { input: 1_000, cacheWriteInput: 600, cachedInput: 300, output: 10 },
    0.00279,
  ],
  // Above 200,000 tokens 6, written for an hour 12, 22.50: 200,000 × 6 + 50,000 × 12 + 1,000 × 22.5
  //   = 1,200,000 + 600,000 + 22,500
  [
    "anthropic",
    "claude-sonnet-4-5",
    "2026-11-22",
    { input: 250_000, cacheWriteInput: 50_000, cacheWrite1hInput: 50_000, output: 1_000 },
    1.8225,
  ],
  // Long prompts cost no more here since 2026-03-13: 250,000 × 3 + 1,000 × 15 = 750,000 + 15,000
  ["anthropic", "claude-sonnet-4-6", "2026-11-22", { input: 250_000, output: 1_000 }, 0.765],
  // Before that day 6 and 22.50: 250,000 × 6 + 1,000 × 22.5 = 1,500,000 + 22,500
  ["anthropic", "claude-sonnet-4-6", "2026-03-12", { input: 250_000, output: 1_000 }, 1.5225],
  // 1, 5: 2,500 × 1 + 400 × 5 = 2,500 + 2,000
  ["anthropic", "claude-haiku-4-5-20251001", "2026-11-22", { input: 2_500, output: 400 }, 0.0045],
  // ai.google.dev/gemini-api/docs/pricing: 1.25, cached 0.125, 10, thoughts included.
  // 40,000 × 1.25 + 60,000 × 0.125 + 3,000 × 10 = 50,000 + 7,500 + 30,000
  [
    "gemini",
    "gemini-2.5-pro",
    "2026-11-22",
    { input: 100_000, cachedInput: 60_000, output: 3_000, reasoning: 2_000 },
    0.0875,
  ],
  // Above 200,000 tokens 2.50, cached 0.25, 15: 200,000 × 2.5 + 100,000 × 0.25 + 1,000 × 15 = 500,000 + 25,000 + 15,000
  ["gemini", "gemini-2.5-pro", "2026-11-22", { input: 300_000, cachedInput: 100_000, output: 1_000 }, 0.54],
  // Text 0.30, sound 1.00, cached text 0.03, cached sound 0.10, 2.50. Of 1,000 tokens 400 are cached, 500 are sound, 100 both:
  // 200 × 0.3 + 300 × 0.03 + 400 × 1 + 100 × 0.1 + 100 × 2.5 = 60 + 9 + 400 + 10 + 250
  [
    "gemini",
    "gemini-2.5-flash",
    "2026-11-22",
    { input: 1_000, cachedInput: 400, audioInput: 500, cachedAudioInput: 100, output: 100 },
    0.000729,
  ],
  // An image of 1,290 tokens at 30, words at 2.50: 20 × 0.3 + 10 × 2.5 + 1,290 × 30 = 6 + 25 + 38,700
  [
    "gemini",
    "gemini-2.5-flash-image",
    "2026-11-22",
    { input: 20, output: 1_300, imageOutput: 1_290 },
    0.038731,
  ],
  // docs.x.ai/docs/models: 3, cached 0.75, 15: 500 × 3 + 500 × 0.75 + 200 × 15 = 1,500 + 375 + 3,000
  ["xai", "grok-4", "2026-11-22", { input: 1_000, cachedInput: 500, output: 200 }, 0.004875],
  // console.groq.com/docs/models: 0.59, 0.79: 10,000 × 0.59 + 1,000 × 0.79 = 5,900 + 790
  ["groq", "llama-3.3-70b-versatile", "2026-11-22", { input: 10_000, output: 1_000 }, 0.00669],
  // mistral.ai/pricing/api: 0.50, cached 0.05, 1.50: 1,000 × 0.5 + 1,000 × 0.05 + 1,000 × 1.5 = 500 + 50 + 1,500
  [
    "mistral",
    "mistral-large-2512",
    "2026-11-22",
    { input: 2_000, cachedInput: 1_000, output: 1_000 },
    0.00205,
  ],
  // api-docs.deepseek.com/quick_start/pricing: at noon (UTC) 0.22, cached 0.007, 0.66 since 2026-08-17.
  // 1,000 × 0.22 + 9,000 × 0.007 + 1,000 × 0.66 = 220 + 63 + 660
  [
    "deepseek",
    "deepseek-v4-flash",
    "2026-11-22",
    { input: 10_000, cachedInput: 9_000, output: 1_000 },
    0.000943,
  ],
  // cerebras.ai/pricing: 0.35, 0.75: 100,000 × 0.35 + 10,000 × 0.75 = 35,000 + 7,500
  ["cerebras", "gpt-oss-120b", "2026-11-22", { input: 100_000, output: 10_000 }, 0.0425],
  // platform.kimi.ai/docs/pricing: 0.60, cached 0.15, 2.50: 1,000 × 0.6 + 3,000 × 0.15 + 400 × 2.5 = 600 + 450 + 1,000
  [
    "kimi",
    "kimi-k2-thinking",
    "2026-11-22",
    { input: 4_000, cachedInput: 3_000, output: 400, reasoning: 300 },
    0.00205,
  ],
  // together.ai/pricing: 0.88 both ways: 3,000 × 0.88 + 2,000 × 0.88 = 4,400
  [
    "together",
    "meta-llama/Llama-3.3-70B-Instruct-Turbo",
    "2026-11-22",
    { input: 3_000, output: 2_000 },
    0.0044,
  ],
  // fireworks.ai/pricing: 0.15, cached 0.014, 0.60: 1,000 × 0.15 + 1,000 × 0.014 + 500 × 0.6 = 150 + 14 + 300
  [
    "fireworks",
    "accounts/fireworks/models/gpt-oss-120b",
    "2026-11-22",
    { input: 2_000, cachedInput: 1_000, output: 500 },
    0.000464,
  ],
  // docs.perplexity.ai/docs/getting-started/pricing: 3, 15, and 14 for a thousand requests (the dearest kind of search).
  // 1,000 × 3 + 500 × 15 + 14,000 = 3,000 + 7,500 + 14,000
  ["perplexity", "sonar-pro", "2026-11-22", { input: 1_000, output: 500 }, 0.0245],
];

test.each(BY_HAND)("%s/%s on %s with %j costs %d dollars", (provider, model, day, usage, dollars) => {
  const cost = book.costOf(provider, model, usage, Date.parse(`${day}T12:00:00Z`));
  expect(cost?.usd).toBeCloseTo(dollars, 12);
  expect(cost).toMatchObject({ source: "genai-prices 0.1.8", date: day });
});

test("the table has more than twenty models of more than ten providers", () => {
  expect(new Set(BY_HAND.map(([provider, model]) => `${provider}/${model}`)).size).toBeGreaterThan(20);
  expect(new Set(BY_HAND.map(([provider]) => provider)).size).toBeGreaterThan(10);
});
