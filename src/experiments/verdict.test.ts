import { describe, expect, test } from "bun:test";
import { evidenceAbove } from "./confidence.ts";
import { differenceIncrements } from "./corrected.ts";
import type { Epoch, Experiment, Observation } from "./experiment.ts";
import { verdictOf } from "./verdict.ts";

const experiment: Pick<Experiment, "variants" | "metric" | "direction" | "errorRate" | "tolerance"> = {
  variants: ["a", "b"].map((name) => ({ name, version: name })),
  metric: { name: "correct", kind: "boolean" },
  direction: "maximize",
  errorRate: 0.05,
  tolerance: 0,
};
const halves: Epoch[] = [{ number: 0, startedAt: 0, probabilities: [0.5, 0.5], centre: 0.5 }];
const counts = (variant: number, ones: number, zeros: number): Observation[] => [
  { variant, epoch: 0, value: 1, count: ones },
  { variant, epoch: 0, value: 0, count: zeros },
];

describe("verdictOf", () => {
  test("before the first unit it gathers, and every figure is finite or null", () => {
    const { status, winner, variants, differences } = verdictOf(experiment, halves, []);
    expect([status, winner]).toEqual(["gathering", null]);
    for (const report of variants) {
      expect(report).toMatchObject({ count: 0, mean: 0, spread: 0, corrected: null });
      expect(report.best).toBeCloseTo(0.5, 6);
      expect(report.interval).toEqual({ low: 0, high: 1 });
    }
    expect(differences).toEqual([{ variant: 0, other: 1, mean: 0, interval: { low: -1, high: 1 } }]);
  });

  test("a clear difference is decided, in the metric's direction", () => {
    const log = [...counts(0, 300, 200), ...counts(1, 200, 300)];
    const up = verdictOf(experiment, halves, log);
    expect([up.status, up.winner]).toEqual(["decided", 0]);
    expect(up.variants[0]).toMatchObject({ count: 500, mean: 0.6 });
    expect(up.variants[0]!.best).toBeGreaterThan(0.999);
    expect(up.variants[1]!.loss).toBeCloseTo(0.2, 2);
    expect(up.differences[0]!.mean).toBeCloseTo(0.2, 9);
    expect(verdictOf({ ...experiment, direction: "minimize" }, halves, log).winner).toBe(1);
  });

  test("a difference that a single look would call significant is not enough", () => {
    // z = 2.2, p = 0.03
    const { status } = verdictOf(experiment, halves, [...counts(0, 285, 215), ...counts(1, 250, 250)]);
    expect(status).toBe("gathering");
  });

  test("differences within the tolerance are told as equivalence", () => {
    const log = [...counts(0, 10_000, 10_000), ...counts(1, 10_000, 10_000)];
    expect(verdictOf({ ...experiment, tolerance: 0.05 }, halves, log).status).toBe("equivalent");
    expect(verdictOf({ ...experiment, tolerance: 0.001 }, halves, log).status).toBe("gathering");
    expect(verdictOf(experiment, halves, log).status).toBe("gathering");
  });

  test("feedback that comes from one variant more often makes it unreliable", () => {
    const { status, winner } = verdictOf(experiment, halves, [
      ...counts(0, 600, 200),
      ...counts(1, 100, 300),
    ]);
    expect([status, winner]).toEqual(["unreliable", null]);
  });

  test("one that is switched off can neither win nor hinder", () => {
    const three = { ...experiment, variants: ["a", "b", "c"].map((name) => ({ name, version: name })) };
    const off = {
      ...three,
      variants: three.variants.map((v, i) => (i === 0 ? { ...v, switchedOff: "fails" } : v)),
    };
    const epochs = [{ number: 0, startedAt: 0, probabilities: [0.25, 0.375, 0.375], centre: 0.5 }];
    const log = [...counts(0, 375, 25), ...counts(1, 400, 200), ...counts(2, 200, 400)];
    expect(verdictOf(three, epochs, log).winner).toBe(0);
    const verdict = verdictOf(off, epochs, log);
    expect(verdict.winner).toBe(1);
    expect(verdict.differences).toHaveLength(1);
    expect(verdict.variants[0]).toMatchObject({ best: 0, loss: null, count: 400 });
  });

  test("numbers are judged from 100 units of each on", () => {
    const numbers = { ...experiment, metric: { name: "cost", kind: "number" } as const };
    const values = (units: number, variant: number, mean: number): Observation[] =>
      Array.from({ length: units }, (_, i) => ({ variant, epoch: 0, value: mean + (i % 5) - 2, count: 1 }));
    const few = verdictOf(numbers, halves, [...values(90, 0, 10), ...values(90, 1, 20)]);
    expect([few.status, few.variants[0]!.interval, few.differences[0]!.interval]).toEqual([
      "gathering",
      null,
      null,
    ]);
    const many = verdictOf(numbers, halves, [...values(200, 0, 10), ...values(200, 1, 20)]);
    expect([many.status, many.winner]).toEqual(["decided", 1]);
    expect(many.variants[0]!.mean).toBeCloseTo(10, 9);
    expect(many.variants[0]!.corrected!.mean).toBeCloseTo(10, 1);
  });

  test("bounded numbers are told on their own scale", () => {
    const stars = { ...experiment, metric: { name: "stars", kind: "bounded", min: 1, max: 5 } as const };
    const epochs = [{ ...halves[0]!, centre: 3 }];
    const log = [
      { variant: 0, epoch: 0, value: 5, count: 400 },
      { variant: 1, epoch: 0, value: 2, count: 400 },
    ];
    const { winner, variants, differences } = verdictOf(stars, epochs, log);
    expect(winner).toBe(0);
    expect(variants.map(({ mean }) => mean)).toEqual([5, 2]);
    expect(variants[1]!.interval!.low).toBeGreaterThan(1.5);
    expect(variants[1]!.interval!.high).toBeLessThan(2.5);
    expect(differences[0]!.mean).toBeCloseTo(3, 9);
    expect(differences[0]!.interval!.high).toBeLessThanOrEqual(4);
  });

  test("what cannot be is left out and counted: odd values, unknown variants and epochs", () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, -1, 2].map((value) => ({
      variant: 0,
      epoch: 0,
      value,
      count: 1,
    }));
    const strange = [
      { variant: 7, epoch: 0, value: 1, count: 3 },
      { variant: -1, epoch: 0, value: 1, count: 1 },
      { variant: 0.5, epoch: 0, value: 1, count: 1 },
      { variant: 0, epoch: 9, value: 1, count: 1 },
      { variant: 0, epoch: 0, value: 1, count: Number.NaN },
    ];
    const clean = [...counts(0, 30, 20), ...counts(1, 20, 30)];
    const verdict = verdictOf(experiment, halves, [...odd, ...clean, ...strange]);
    expect(verdict).toEqual({ ...verdictOf(experiment, halves, clean), ignored: 10 });
  });

  test("a number too large to reckon with is left out, and nothing becomes NaN", () => {
    const numbers = { ...experiment, metric: { name: "cost", kind: "number" } as const };
    const values = (variant: number) =>
      Array.from({ length: 150 }, (_, i) => ({ variant, epoch: 0, value: i % 7, count: 1 }));
    const log = [...values(0), ...values(1)];
    const huge = [1e300, -1e300, Number.MAX_VALUE].map((value) => ({
      variant: 0,
      epoch: 0,
      value,
      count: 1,
    }));
    const verdict = verdictOf(numbers, halves, [...log, ...huge]);
    expect(verdict).toEqual({ ...verdictOf(numbers, halves, log), ignored: 3 });
    const large = verdictOf(numbers, halves, [...log, { variant: 0, epoch: 0, value: 1e15, count: 1 }]);
    expect(large.status).toBe("gathering");
    for (const { best, loss, mean } of large.variants)
      for (const figure of [best, loss, mean]) expect(figure).toBeFinite();
  });

  test("it is decided from the very unit on at which the evidence suffices, and not before", () => {
    const epochs = new Map([[0, halves[0]!]]);
    const weighing = { epochs, centre: () => 0.5 };
    const decisions = [];
    for (let units = 40; units <= 200; units += 4) {
      const log = [...counts(0, 0.75 * units, 0.25 * units), ...counts(1, 0.5 * units, 0.5 * units)];
      const enough = evidenceAbove(differenceIncrements(log, 0, 1, weighing), 0) >= Math.log(2 / 0.05);
      expect(verdictOf(experiment, halves, log).status).toBe(enough ? "decided" : "gathering");
      decisions.push(enough);
    }
    expect(new Set(decisions).size).toBe(2);
  });

  test("late feedback counts the same as if it had come in order", () => {
    const log = [...counts(0, 50, 30), ...counts(1, 40, 40)];
    const late = verdictOf(experiment, halves, log.toReversed());
    const timely = verdictOf(experiment, halves, log);
    expect(late.differences[0]!.interval!.low).toBeCloseTo(timely.differences[0]!.interval!.low, 9);
  });
});
