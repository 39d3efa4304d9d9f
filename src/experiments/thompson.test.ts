import { describe, expect, test } from "bun:test";
import type { Allocation, Metric, Variant } from "./experiment.ts";
import type { Summary } from "./posterior.ts";
import { nextEpoch, pooled, standingsOf } from "./thompson.ts";

const boolean: Metric = { name: "correct", kind: "boolean" };
const thompson: Allocation = { kind: "thompson", minimumShare: 0.05 };
const named = (...names: string[]): Variant[] => names.map((name) => ({ name, version: name }));
const nothing: Summary = { count: 0, mean: 0, spread: 0 };
const of = (count: number, mean: number): Summary => ({ count, mean, spread: Math.sqrt(mean * (1 - mean)) });

const experiment = {
  variants: named("a", "b", "c"),
  allocation: thompson,
  metric: boolean,
  direction: "maximize" as const,
};
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe("nextEpoch", () => {
  test("before the first unit all variants have the same chance", () => {
    const { number, startedAt, probabilities, centre } = nextEpoch(experiment, [], null, 12);
    expect([number, startedAt, centre]).toEqual([0, 12, 0.5]);
    for (const probability of probabilities) expect(probability).toBeCloseTo(1 / 3, 5);
    expect(sum(probabilities)).toBe(1);
  });

  test("the best gets the most, and none less than the minimum", () => {
    const epoch = nextEpoch(experiment, [of(1_000, 0.3), of(1_000, 0.6), of(50, 0.3)], { number: 3 }, 0);
    expect(epoch.number).toBe(4);
    expect(epoch.probabilities[1]).toBeCloseTo(0.9, 3);
    for (const probability of epoch.probabilities) expect(probability).toBeGreaterThanOrEqual(0.05 - 1e-6);
    expect(sum(epoch.probabilities)).toBe(1);
  });

  test("where less is better, the lowest gets the most", () => {
    const down = { ...experiment, direction: "minimize" as const };
    const { probabilities } = nextEpoch(down, [of(1_000, 0.3), of(1_000, 0.6), of(1_000, 0.6)], null, 0);
    expect(probabilities[0]).toBeCloseTo(0.9, 3);
  });

  test("numbers and bounded numbers are told apart by their means too", () => {
    const cost = { ...experiment, metric: { name: "cost", kind: "number" } as const };
    const costs = [1, 2, 1].map((mean) => ({ count: 500, mean, spread: 1 }));
    expect(nextEpoch(cost, costs, null, 0).probabilities[1]).toBeCloseTo(0.9, 3);
    const stars = { ...experiment, metric: { name: "stars", kind: "bounded", min: 1, max: 5 } as const };
    const ratings = [3, 4, 3].map((mean) => ({ count: 500, mean, spread: 1 }));
    const epoch = nextEpoch(stars, ratings, null, 0);
    expect(epoch.probabilities[1]).toBeCloseTo(0.9, 3);
    expect(epoch.centre).toBeCloseTo(10 / 3, 2);
  });

  test("one that is switched off gets nothing; when all are, none gets any", () => {
    const off = (index: number) =>
      experiment.variants.map((variant, place) =>
        place <= index ? { ...variant, switchedOff: "fails" } : variant,
      );
    const one = nextEpoch(
      { ...experiment, variants: off(0) },
      [of(100, 0.9), of(100, 0.5), of(100, 0.5)],
      null,
      0,
    );
    expect(one.probabilities[0]).toBe(0);
    expect(sum(one.probabilities)).toBe(1);
    expect(nextEpoch({ ...experiment, variants: off(2) }, [], null, 0).probabilities).toEqual([0, 0, 0]);
  });

  test("fixed weights stay, shared among those that take part", () => {
    const fixed = { ...experiment, allocation: { kind: "fixed", weights: [2, 1, 1] } as const };
    expect(nextEpoch(fixed, [of(10, 1), nothing, nothing], null, 0).probabilities).toEqual([0.5, 0.25, 0.25]);
  });

  test("the same data give the same epoch", () => {
    const summaries = [of(813, 0.41), of(790, 0.44), of(402, 0.4)];
    expect(nextEpoch(experiment, summaries, null, 5)).toEqual(nextEpoch(experiment, summaries, null, 5));
  });

  test("one value or none of each is enough for finite probabilities", () => {
    const cost = { ...experiment, metric: { name: "cost", kind: "number" } as const };
    for (const summaries of [[], [{ count: 1, mean: 3, spread: 0 }], [nothing, nothing, nothing]])
      expect(sum(nextEpoch(cost, summaries, null, 0).probabilities)).toBe(1);
  });
});

describe("hostile summaries", () => {
  test("a figure that is no number says nothing, and the chances stay chances", () => {
    const odd = [
      { count: Number.NaN, mean: 0.5, spread: 0 },
      { count: 10, mean: Number.POSITIVE_INFINITY, spread: 0 },
      { count: 10, mean: 0.5, spread: Number.NaN },
    ];
    for (const metric of [boolean, { name: "cost", kind: "number" } as const])
      expect(nextEpoch({ ...experiment, metric }, odd, null, 0)).toEqual(
        nextEpoch({ ...experiment, metric }, [], null, 0),
      );
  });
});

describe("standingsOf", () => {
  test("losses of bounded numbers are in the metric's unit", () => {
    const metric = { name: "stars", kind: "bounded", min: 0, max: 100 } as const;
    const stand = standingsOf(metric, "maximize", [
      { count: 1_000, mean: 60, spread: 10 },
      { count: 1_000, mean: 80, spread: 10 },
    ]);
    expect(stand[0]!.loss).toBeCloseTo(20, 0);
  });
});

describe("pooled", () => {
  test("it is the summary of all values together", () => {
    // 1, 2, 3 and 5, 7
    const together = pooled([
      { count: 3, mean: 2, spread: 1 },
      { count: 2, mean: 6, spread: Math.SQRT2 },
    ]);
    expect(together.count).toBe(5);
    expect(together.mean).toBeCloseTo(3.6, 12);
    expect(together.spread).toBeCloseTo(Math.sqrt(23.2 / 4), 12);
  });
});
