import { describe, expect, test } from "bun:test";
import type { Allocation, Epoch, Variant } from "./experiment.ts";
import { carriedEpoch, fitsVariants } from "./next-allocation.ts";

const THOMPSON: Allocation = { kind: "thompson", minimumShare: 0.1 };

const experiment = (allocation: Allocation, ...off: boolean[]) => ({
  variants: off.map(
    (isOff, index): Variant => ({
      name: `v${index}`,
      version: "1",
      ...(isOff ? { switchedOff: "by hand" } : {}),
    }),
  ),
  allocation,
  metric: { name: "helpful", kind: "boolean" } as const,
  direction: "maximize" as const,
});

const epoch = (...probabilities: number[]): Epoch => ({
  number: 4,
  startedAt: 1,
  probabilities,
  centre: 0.3,
});
const rounded = ({ probabilities }: Epoch) => probabilities.map((share) => Number(share.toFixed(3)));

describe("an epoch that follows when variants come and go", () => {
  test("is the first where there is none", () => {
    expect(carriedEpoch(experiment(THOMPSON, false, false), null, 7)).toEqual({
      number: 0,
      startedAt: 7,
      probabilities: [0.5, 0.5],
      centre: 0.5,
    });
  });

  test("keeps what is expected, and shares out what a variant had", () => {
    const next = carriedEpoch(experiment(THOMPSON, false, true, false), epoch(0.1, 0.5, 0.4), 7);
    expect([next.number, next.startedAt, next.centre]).toEqual([5, 7, 0.3]);
    expect(rounded(next)).toEqual([0.26, 0, 0.74]);
  });

  test("gives one that comes back as much as the average one, and each its minimum", () => {
    const next = carriedEpoch(experiment(THOMPSON, false, false, false), epoch(0, 0.9, 0.1), 7);
    const [first, second, third] = next.probabilities as [number, number, number];
    expect([first > 0.3, second > first, third > 0.1]).toEqual([true, true, true]);
  });

  test("follows the weights of a fixed allocation", () => {
    const fixed: Allocation = { kind: "fixed", weights: [1, 2, 1] };
    expect(rounded(carriedEpoch(experiment(fixed, false, false, true), epoch(0.25, 0.5, 0.25), 7))).toEqual([
      0.333, 0.667, 0,
    ]);
  });

  test("gives nothing where no variant takes part, and all to the only one", () => {
    expect(carriedEpoch(experiment(THOMPSON, true, true), epoch(0.5, 0.5), 7).probabilities).toEqual([0, 0]);
    expect(carriedEpoch(experiment(THOMPSON, true, false), epoch(0.5, 0.5), 7).probabilities).toEqual([0, 1]);
  });
});

test("an epoch fits the variants that take part, and no others", () => {
  const half = experiment(THOMPSON, false, true);
  expect([fitsVariants(half, epoch(1, 0)), fitsVariants(half, epoch(0.5, 0.5))]).toEqual([true, false]);
  expect(fitsVariants(experiment(THOMPSON, false, false), epoch(1, 0))).toBe(false);
});
