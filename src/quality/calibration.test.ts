import { expect, test } from "bun:test";
import { fitCalibration, probabilityOf } from "./calibration.ts";
import { seededRandom } from "./seeded.ts";

test("the calibration that events were drawn with is found again", () => {
  const random = seededRandom(5);
  const truth = { slope: 1.7, intercept: -0.6 };
  const scores = Array.from({ length: 20_000 }, () => random() * 6 - 3);
  const happened = scores.map((score) => (random() < probabilityOf(truth, score) ? 1 : 0));
  const found = fitCalibration(
    scores,
    happened,
    scores.map(() => 1),
  );
  expect(Math.abs(found.slope - 1.7)).toBeLessThan(0.08);
  expect(Math.abs(found.intercept + 0.6)).toBeLessThan(0.06);
});

test("an event of weight two counts as two", () => {
  const weighted = fitCalibration([0, 1, 2, 1, 2], [0, 1, 1, 0, 0], [1, 2, 1, 1, 1]);
  const repeated = fitCalibration([0, 1, 1, 2, 1, 2], [0, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]);
  expect(weighted.slope).toBeCloseTo(repeated.slope, 9);
  expect(weighted.intercept).toBeCloseTo(repeated.intercept, 9);
});

test("scores that foretell the opposite do not turn the order round", () => {
  const { slope } = fitCalibration([0, 1, 2, 3, 4, 5], [1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1]);
  expect(slope).toBeGreaterThan(0);
});

test("events that scores separate wholly still give finite numbers", () => {
  const { slope, intercept } = fitCalibration([0, 1, 2, 3], [0, 0, 1, 1], [1, 1, 1, 1]);
  expect(Number.isFinite(slope) && Number.isFinite(intercept)).toBe(true);
  expect(probabilityOf({ slope, intercept }, 3)).toBeGreaterThan(0.9);
});

test("probabilities leave 0 and 1 free", () => {
  const calibration = { slope: 1, intercept: 0 };
  expect(probabilityOf(calibration, 1e6)).toBeLessThan(1);
  expect(probabilityOf(calibration, -1e6)).toBeGreaterThan(0);
});

test("events that are all alike teach nothing", () => {
  expect(() => fitCalibration([1, 2], [1, 1], [1, 1])).toThrow("nowhere or everywhere");
  expect(() => fitCalibration([], [], [])).toThrow("nowhere or everywhere");
});
