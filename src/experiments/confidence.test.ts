import { describe, expect, test } from "bun:test";
import {
  asymptoticInterval,
  boundedInterval,
  evidenceAbove,
  type Increment,
  momentsOf,
} from "./confidence.ts";

const RANGE = { low: 0, high: 1 };
const share = (ones: number, zeros: number): Increment[] =>
  [
    { value: 1, floor: 0, ceiling: 1, count: ones },
    { value: 0, floor: 0, ceiling: 1, count: zeros },
  ].filter(({ count }) => count > 0);

describe("boundedInterval", () => {
  test("without values it is the whole range", () => {
    expect(boundedInterval([], 0.05, RANGE)).toEqual(RANGE);
  });

  test("it holds the mean, and narrows with the square root of the count", () => {
    const widths = [100, 10_000].map((count) => {
      const { low, high } = boundedInterval(share(0.3 * count, 0.7 * count), 0.05, RANGE);
      expect(low).toBeLessThan(0.3);
      expect(high).toBeGreaterThan(0.3);
      return high - low;
    });
    expect(widths[0]! / widths[1]!).toBeGreaterThan(7);
    expect(widths[1]!).toBeLessThan(0.05);
  });

  test("a smaller error rate makes it wider", () => {
    const wide = boundedInterval(share(30, 70), 0.001, RANGE);
    const narrow = boundedInterval(share(30, 70), 0.05, RANGE);
    expect(wide.low).toBeLessThan(narrow.low);
    expect(wide.high).toBeGreaterThan(narrow.high);
  });

  test("only ones leave the upper end at 1 and lift the lower", () => {
    const { low, high } = boundedInterval(share(200, 0), 0.05, RANGE);
    expect(high).toBe(1);
    expect(low).toBeGreaterThan(0.9);
  });

  test("it mirrors: of failures it is 1 less that of successes", () => {
    const ones = boundedInterval(share(20, 80), 0.05, RANGE);
    const zeros = boundedInterval(share(80, 20), 0.05, RANGE);
    expect(ones.low).toBeCloseTo(1 - zeros.high, 9);
    expect(ones.high).toBeCloseTo(1 - zeros.low, 9);
  });

  test("order and grouping of the values make no difference", () => {
    const single = Array.from({ length: 40 }, (_, index) =>
      share(index % 4 === 0 ? 1 : 0, index % 4 === 0 ? 0 : 1),
    ).flat();
    const grouped = boundedInterval(share(10, 30), 0.05, RANGE);
    const backwards = boundedInterval(single.toReversed(), 0.05, RANGE);
    expect(backwards.low).toBeCloseTo(grouped.low, 9);
    expect(backwards.high).toBeCloseTo(grouped.high, 9);
  });

  test("a million values of one kind do not overflow", () => {
    const { low, high } = boundedInterval(share(5e8, 5e8), 0.05, RANGE);
    expect(low).toBeCloseTo(0.5, 3);
    expect(high).toBeCloseTo(0.5, 3);
  });
});

describe("evidenceAbove", () => {
  /** Every sequence of zeros and ones of this length, weighted by its probability. */
  function expectedCapital(mean: number, length: number, floor: number, ceiling: number): number {
    const chance = (mean - floor) / (ceiling - floor);
    let expected = 0;
    for (let ones = 0; ones <= length; ones += 1) {
      const ways = binomial(length, ones) * chance ** ones * (1 - chance) ** (length - ones);
      const values = [
        { value: ceiling, floor, ceiling, count: ones },
        { value: floor, floor, ceiling, count: length - ones },
      ];
      expected += ways * Math.exp(evidenceAbove(values, mean));
    }
    return expected;
  }
  const binomial = (n: number, k: number): number => (k === 0 ? 1 : (binomial(n - 1, k - 1) * n) / k);

  test("the game is fair: the expected capital stays 1 if the mean is what was said", () => {
    for (const mean of [0.02, 0.5, 0.98]) expect(expectedCapital(mean, 20, 0, 1)).toBeCloseTo(1, 9);
    expect(expectedCapital(0, 20, -4, 1.5)).toBeCloseTo(1, 9);
  });

  test("evidence falls as the mean that is doubted grows", () => {
    const evidence = [0.1, 0.3, 0.5, 0.7].map((mean) => evidenceAbove(share(50, 50), mean));
    expect(evidence.toSorted((a, b) => b - a)).toEqual(evidence);
    expect(evidence[0]).toBeGreaterThan(3);
    expect(evidence[3]).toBeLessThan(0);
  });

  test("a mean below what can be is surely wrong", () => {
    expect(evidenceAbove(share(1, 0), 0)).toBe(Number.POSITIVE_INFINITY);
    expect(evidenceAbove(share(0, 5), 0)).toBe(0);
  });
});

describe("momentsOf", () => {
  test("count, mean, squares and fourth powers", () => {
    const { count, mean, variance, fourth } = momentsOf([
      { value: 1, count: 2 },
      { value: 4, count: 1 },
    ]);
    expect([count, mean, variance, fourth]).toEqual([3, 2, 2, 6]);
  });

  test("large values that differ little keep their variance", () => {
    const values = [1, 2, 3].map((value) => ({ value: 1e9 + value, count: 1 }));
    expect(momentsOf(values).variance).toBeCloseTo(2 / 3, 6);
  });

  test("of nothing all is 0", () => {
    expect(momentsOf([])).toEqual({ count: 0, mean: 0, variance: 0, fourth: 0 });
  });
});

describe("asymptoticInterval", () => {
  test("it is wider than the interval for one look, and not by more than twice at a thousand values", () => {
    const { low, high } = asymptoticInterval({ count: 1_000, mean: 5, variance: 4, fourth: 48 }, 0.05);
    const once = 1.96 * Math.sqrt(4 / 1_000);
    expect((high - low) / 2).toBeGreaterThan(once);
    expect((high - low) / 2).toBeLessThan(2 * once);
    expect((high + low) / 2).toBeCloseTo(5, 12);
  });

  test("without values, or with what overflows, it says nothing", () => {
    const nothing = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
    expect(asymptoticInterval(momentsOf([]), 0.05)).toEqual(nothing);
    expect(
      asymptoticInterval(
        momentsOf([
          { value: 1e300, count: 1 },
          { value: -1e300, count: 1 },
        ]),
        0.05,
      ),
    ).toEqual(nothing);
    expect(asymptoticInterval(momentsOf([{ value: Number.NaN, count: 1 }]), 0.05)).toEqual(nothing);
  });
});
