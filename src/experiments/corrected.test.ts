import { describe, expect, test } from "bun:test";
import { momentsOf } from "./confidence.ts";
import { differenceIncrements, meanIncrements, ownIncrements, shareIncrements } from "./corrected.ts";
import type { Epoch, Observation } from "./experiment.ts";

const epochs: Epoch[] = [
  { number: 0, startedAt: 0, probabilities: [0.5, 0.5], centre: 0.5 },
  { number: 1, startedAt: 1, probabilities: [0.1, 0.9], centre: 0.4 },
];
const byNumber = new Map(epochs.map((epoch) => [epoch.number, epoch]));
const weighing = { epochs: byNumber, centre: ({ centre }: Epoch) => centre };

/** 1,000 units an epoch, spread exactly as their chances say, with these means by epoch and variant. */
function exact(means: readonly (readonly number[])[]): Observation[] {
  return epochs.flatMap(({ number, probabilities }) =>
    probabilities.flatMap((chance, variant) => {
      const mean = means[number]![variant]!;
      const count = 1_000 * chance;
      return [
        { variant, epoch: number, value: 1, count: count * mean },
        { variant, epoch: number, value: 0, count: count * (1 - mean) },
      ];
    }),
  );
}

describe("corrected estimates", () => {
  test("they are the means where nothing changes but the chances", () => {
    const log = exact([
      [0.2, 0.6],
      [0.2, 0.6],
    ]);
    expect(momentsOf(meanIncrements(log, 0, weighing)).mean).toBeCloseTo(0.2, 9);
    expect(momentsOf(meanIncrements(log, 1, weighing)).mean).toBeCloseTo(0.6, 9);
    expect(momentsOf(differenceIncrements(log, 1, 0, weighing)).mean).toBeCloseTo(0.4, 9);
  });

  test("a time that is worse for all does not make the variant worse that had more of it", () => {
    const log = exact([
      [0.8, 0.8],
      [0.2, 0.2],
    ]);
    const plain = [0, 1].map((variant) => momentsOf(ownIncrements(log, variant)).mean);
    expect(plain[0]! - plain[1]!).toBeGreaterThan(0.25);
    expect(momentsOf(differenceIncrements(log, 0, 1, weighing)).mean).toBeCloseTo(0, 9);
    expect(momentsOf(meanIncrements(log, 0, weighing)).mean).toBeCloseTo(0.5, 9);
  });

  test("no value is beyond the limits that were told for it", () => {
    const log = exact([
      [0.2, 0.6],
      [0.3, 0.7],
    ]);
    for (const increments of [
      meanIncrements(log, 0, weighing),
      meanIncrements(log, 1, weighing),
      differenceIncrements(log, 0, 1, weighing),
      differenceIncrements(log, 1, 0, weighing),
    ])
      for (const { value, floor, ceiling } of increments) {
        expect(value).toBeGreaterThanOrEqual(floor - 1e-12);
        expect(value).toBeLessThanOrEqual(ceiling + 1e-12);
      }
  });

  test("weights have the mean 1 where units are spread as told", () => {
    const log = exact([
      [0.2, 0.6],
      [0.3, 0.7],
    ]);
    for (const variant of [0, 1])
      expect(momentsOf(shareIncrements(log, variant, byNumber)).mean).toBeCloseTo(1, 9);
  });

  test("epochs that are unknown, or in which a variant had no chance, say nothing of it", () => {
    const log = [{ variant: 0, epoch: 9, value: 1, count: 1 }];
    expect(meanIncrements(log, 0, weighing)).toEqual([]);
    expect(differenceIncrements(log, 0, 1, weighing)).toEqual([]);
    expect(shareIncrements(log, 0, byNumber)).toEqual([]);
    const off = new Map([[0, { ...epochs[0]!, probabilities: [1, 0] }]]);
    const some = [{ variant: 0, epoch: 0, value: 1, count: 1 }];
    expect(meanIncrements(some, 1, { ...weighing, epochs: off })).toEqual([]);
    expect(differenceIncrements(some, 0, 1, { ...weighing, epochs: off })).toEqual([]);
  });
});
