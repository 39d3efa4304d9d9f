import { describe, expect, test } from "bun:test";
import { evaluatePolicy, type LoggedDecision } from "./evaluate.ts";

const rows = (count: number, row: Partial<LoggedDecision>): LoggedDecision[] =>
  Array.from({ length: count }, () => ({ variant: 0, probability: 0.5, value: 1, kind: "", ...row }));

/** 80 % to the first variant with mean 0.25, 20 % to the second with mean 0.75. */
const log = [
  ...rows(200, { probability: 0.8, value: 1 }),
  ...rows(600, { probability: 0.8, value: 0 }),
  ...rows(150, { variant: 1, probability: 0.2, value: 1 }),
  ...rows(50, { variant: 1, probability: 0.2, value: 0 }),
];

describe("evaluatePolicy", () => {
  test("every estimate finds what another allocation would have earned", () => {
    const { obstacles, units, ips, snips, direct, doublyRobust } = evaluatePolicy(log, () => [0.4, 0.6]);
    expect(obstacles).toEqual([]);
    expect(units).toBe(1_000);
    for (const { mean, interval } of [ips, snips, doublyRobust]) {
      expect(mean).toBeCloseTo(0.55, 2);
      expect(interval!.low).toBeLessThan(0.55);
      expect(interval!.high).toBeGreaterThan(0.55);
      expect(interval!.high - interval!.low).toBeLessThan(0.4);
    }
    expect(direct.mean).toBeCloseTo(0.55, 2);
  });

  test("the log's own allocation needs no weights", () => {
    const { effectiveUnits, ips } = evaluatePolicy(log, () => [0.8, 0.2]);
    expect(effectiveUnits).toBeCloseTo(1_000, 6);
    expect(ips.mean).toBeCloseTo(0.35, 9);
  });

  test("a policy by kind of unit is estimated by kind", () => {
    const kinds = ["easy", "hard"].flatMap((kind) =>
      [0, 1].flatMap((variant) => [
        ...rows(variant === (kind === "easy" ? 0 : 1) ? 200 : 100, { variant, kind, value: 1 }),
        ...rows(variant === (kind === "easy" ? 0 : 1) ? 50 : 150, { variant, kind, value: 0 }),
      ]),
    );
    const { obstacles, doublyRobust, direct } = evaluatePolicy(kinds, (kind) =>
      kind === "easy" ? [1, 0] : [0, 1],
    );
    expect(obstacles).toEqual([]);
    expect(doublyRobust.mean).toBeCloseTo(0.8, 1);
    expect(direct.mean).toBeCloseTo(0.8, 1);
  });

  test("a version that was never tried cannot be answered", () => {
    const { obstacles } = evaluatePolicy(log, () => [0.3, 0, 0.7]);
    expect(obstacles.map(({ kind }) => kind)).toContain("no_overlap");
    const alone = evaluatePolicy(log, () => [0, 0, 1]);
    expect(alone.obstacles).toContainEqual({ kind: "no_overlap", share: 1 });
    expect(alone.effectiveUnits).toBe(0);
    expect(alone.snips.interval).toBeNull();
  });

  test("too few units that speak for it are told", () => {
    const few = [...rows(990, { probability: 0.99 }), ...rows(10, { variant: 1, probability: 0.01 })];
    const { obstacles } = evaluatePolicy(few, () => [0, 1]);
    expect(obstacles).toEqual([{ kind: "few_effective_units", units: 10 }]);
  });

  test("probabilities that were not those of the decisions are told", () => {
    const wrong = [...rows(500, { probability: 0.9 }), ...rows(500, { variant: 1, probability: 0.1 })];
    expect(evaluatePolicy(wrong, () => [0.5, 0.5]).obstacles).toContainEqual({
      kind: "wrong_probabilities",
      meanWeight: expect.closeTo(2.78, 2),
    });
  });

  test("an empty log answers nothing", () => {
    const { obstacles, ips, doublyRobust } = evaluatePolicy([], () => [1]);
    expect(obstacles).toEqual([{ kind: "no_units" }]);
    expect([ips, doublyRobust]).toEqual([
      { mean: 0, interval: null },
      { mean: 0, interval: null },
    ]);
  });

  test("rows that cannot be are left out and counted", () => {
    const odd = [
      ...[Number.NaN, 0, -1, 1.5, 1e-320, Number.POSITIVE_INFINITY].flatMap((probability) =>
        rows(1, { probability }),
      ),
      ...[Number.NaN, Number.NEGATIVE_INFINITY, 1e300].flatMap((value) => rows(1, { value })),
      ...[-1, 0.5, Number.NaN].flatMap((variant) => rows(1, { variant })),
    ];
    const clean = evaluatePolicy(log, () => [0.4, 0.6]);
    expect(evaluatePolicy([...log, ...odd], () => [0.4, 0.6])).toEqual({ ...clean, ignored: 12 });
  });

  test("a policy whose probabilities are none is the caller's mistake", () => {
    for (const planned of [[0.5], [1.5, -0.5], [Number.NaN, 1]])
      expect(() => evaluatePolicy(log, () => planned)).toThrow(RangeError);
  });
});
