import { describe, expect, test } from "bun:test";
import { numberPosterior, type Posterior, sharePosterior, standings } from "./posterior.ts";

const share = (successes: number, failures: number) =>
  sharePosterior({
    count: successes + failures,
    mean: successes + failures === 0 ? 0 : successes / (successes + failures),
    spread: 0,
  });

describe("sharePosterior", () => {
  test("without units every share is as likely", () => {
    const posterior = share(0, 0);
    expect(posterior.mean).toBe(0.5);
    for (const x of [0.1, 0.5, 0.9]) expect(posterior.cdf(x)).toBeCloseTo(x, 10);
    expect([posterior.cdf(-1), posterior.cdf(2)]).toEqual([0, 1]);
  });

  test("Beta(3, 2) as integrated by hand: x^3 (4 - 3x)", () => {
    const posterior = share(2, 1);
    for (const x of [0.1, 0.5, 0.9]) expect(posterior.cdf(x)).toBeCloseTo(x ** 3 * (4 - 3 * x), 8);
  });

  test("quantile and distribution undo each other, from a few units to a hundred million", () => {
    for (const [successes, failures] of [
      [3, 1],
      [300, 200],
      [30_000, 20_000],
      [6e7, 4e7],
      [0, 1e5],
    ] as const)
      for (const probability of [0.001, 0.3, 0.5, 0.999]) {
        const posterior = share(successes, failures);
        expect(posterior.cdf(posterior.quantile(probability))).toBeCloseTo(probability, 4);
      }
  });

  test("the normal distribution takes over without a step", () => {
    for (const probability of [0.01, 0.5, 0.99])
      expect(share(20_000, 20_000).quantile(probability)).toBeCloseTo(
        share(19_998, 19_998).quantile(probability),
        5,
      );
  });
});

describe("numberPosterior", () => {
  const pooled = { count: 20, mean: 10, spread: 2 };

  test("with many values it is the sample's mean and its standard error", () => {
    const posterior = numberPosterior({ count: 10_000, mean: 12, spread: 3 }, pooled);
    expect(posterior.mean).toBeCloseTo(12, 3);
    expect(posterior.quantile(0.8413) - posterior.mean).toBeCloseTo(0.03, 3);
  });

  test("with none it is wide, around what all show", () => {
    const posterior = numberPosterior({ count: 0, mean: 0, spread: 0 }, pooled);
    expect(posterior.mean).toBe(10);
    expect(posterior.quantile(0.9) - posterior.quantile(0.1)).toBeGreaterThan(4);
  });

  test("values that are all alike, and none anywhere, give finite answers", () => {
    const nothing = { count: 0, mean: 0, spread: 0 };
    for (const posterior of [
      numberPosterior({ count: 5, mean: 3, spread: 0 }, { count: 10, mean: 3, spread: 0 }),
      numberPosterior(nothing, nothing),
    ]) {
      expect(posterior.quantile(0.3)).toBeFinite();
      expect(posterior.cdf(2.9)).toBeFinite();
    }
  });
});

describe("standings", () => {
  test("alike ones share, and lose alike", () => {
    const [first, second] = standings([share(5, 5), share(5, 5)], "maximize");
    expect(first!.best).toBeCloseTo(0.5, 6);
    expect(second!.loss).toBeCloseTo(first!.loss, 6);
  });

  test("Beta(2, 1) beats Beta(1, 1) with probability 2/3, by integration", () => {
    const [first, second] = standings([share(1, 0), share(0, 0)], "maximize");
    expect(first!.best).toBeCloseTo(2 / 3, 4);
    // E[max] of the two is 3/4; their means are 2/3 and 1/2.
    expect(first!.loss).toBeCloseTo(3 / 4 - 2 / 3, 4);
    expect(second!.loss).toBeCloseTo(1 / 4, 4);
  });

  test("the other direction makes the other the best", () => {
    const up = standings([share(30, 70), share(50, 50)], "maximize");
    const down = standings([share(30, 70), share(50, 50)], "minimize");
    expect(up[0]!.best).toBeCloseTo(down[1]!.best, 6);
    expect(up[1]!.best).toBeGreaterThan(0.99);
    expect(down[0]!.loss).toBeLessThan(0.001);
  });

  test("probabilities sum to 1 and losses are not negative, for up to twenty", () => {
    for (const count of [1, 2, 5, 20]) {
      const posteriors: Posterior[] = Array.from({ length: count }, (_, index) => share(40 + index, 60));
      const stand = standings(posteriors, "maximize");
      expect(stand.reduce((sum, { best }) => sum + best, 0)).toBeCloseTo(1, 9);
      expect(stand.every(({ loss }) => loss >= 0)).toBe(true);
    }
  });

  test("none stand nowhere", () => {
    expect(standings([], "maximize")).toEqual([]);
  });
});
