import { describe, expect, test } from "bun:test";
import type { TokenPrices } from "../costs/token-prices.ts";
import { Cost } from "./cost.ts";
import { askedOf, decided, optionsOf, reportOf, targetOf } from "./testing.ts";

const prices = (input: number, output: number, cachedInput?: number): TokenPrices => ({
  input,
  cachedInput,
  cacheWriteInput: undefined,
  cacheWrite1hInput: undefined,
  audioInput: undefined,
  cachedAudioInput: undefined,
  output,
  audioOutput: undefined,
  imageOutput: undefined,
  request: 0,
});
const priced = (all: Record<string, TokenPrices | null>) =>
  optionsOf(Object.keys(all)).map((option) => ({
    ...option,
    target: targetOf(option.name, { prices: all[option.name]! }),
  }));

const tokens = (inputTokens: number, outputTokens: number | null = null) =>
  ({ ...askedOf().needs, inputTokens, outputTokens }) as const;

describe("cost", () => {
  test("chooses by prompt and answer together", () => {
    const options = priced({ "cheap-in": prices(1, 20), "cheap-out": prices(4, 4) });
    expect(decided(new Cost(), options, askedOf({ needs: tokens(10_000, 100) }))).toBe("cheap-in");
    expect(decided(new Cost(), options, askedOf({ needs: tokens(1_000, 400) }))).toBe("cheap-out");
  });

  test("learns whose answers are long", () => {
    const options = priced({ terse: prices(2, 10), wordy: prices(2, 8) });
    const cost = new Cost();
    expect(decided(cost, options, askedOf())).toBe("wordy");
    for (let at = 0; at < 10; at++) {
      cost.observe("wordy", reportOf({ usage: { input: 1_000, cachedInput: 0, output: 3_000 } }));
      cost.observe("terse", reportOf({ usage: { input: 1_000, cachedInput: 0, output: 300 } }));
    }
    expect(decided(cost, options, askedOf())).toBe("terse");
    const { order, reason } = cost.order(options, askedOf());
    expect(order.map((option, at) => reason(option, at))).toEqual(["about $0.00518", "about $0.0242"]);
  });

  test("stays with the model whose cache holds the conversation, as long as caches last", () => {
    const options = priced({ dear: prices(3, 10, 0.3), cheap: prices(2, 8, 1) });
    const cost = new Cost();
    const asked = askedOf({ conversation: "c", needs: tokens(20_000), now: 1_000 });
    expect(decided(cost, options, asked)).toBe("cheap");
    cost.observe("dear", reportOf({ conversation: "c", now: 1_000 }));
    expect(decided(cost, options, asked)).toBe("dear");
    expect(decided(cost, options, { ...asked, conversation: "other" })).toBe("cheap");
    expect(decided(cost, options, { ...asked, now: 302_000 })).toBe("cheap");
    // A cache that is never hit is worth nothing.
    for (let at = 0; at < 60; at++)
      cost.observe(
        "dear",
        reportOf({ conversation: "c", now: 1_000, usage: { input: 20_000, cachedInput: 0, output: 500 } }),
      );
    expect(decided(cost, options, asked)).toBe("cheap");
  });

  test("puts what has no price last, and free models first", () => {
    const options = priced({ unknown: null, dear: prices(3, 15), free: prices(0, 0) });
    const { order, reason } = new Cost().order(options, askedOf());
    expect(order.map(({ name }) => name)).toEqual(["free", "dear", "unknown"]);
    expect(reason(order[2]!, 2)).toBe("its price is not known");
    expect(decided(new Cost(), priced({ a: null, b: null }), askedOf())).toBe("a");
  });

  test("is not led astray by impossible usage", () => {
    const cost = new Cost();
    const options = priced({ a: prices(1, 1), b: prices(2, 2) });
    for (const output of [Number.NaN, -5, Number.POSITIVE_INFINITY])
      cost.observe("a", reportOf({ usage: { input: 0, cachedInput: 10, output }, conversation: "x" }));
    expect(decided(cost, options, askedOf({ conversation: "x" }))).toBe("a");
  });
});
