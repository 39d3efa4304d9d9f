import { expect, test } from "bun:test";
import { seededRandom } from "./seeded.ts";

test("the same seed gives the same numbers, spread between 0 and 1", () => {
  const [one, other] = [seededRandom(42), seededRandom(42)];
  const numbers = Array.from({ length: 10_000 }, one);
  expect(Array.from({ length: 10_000 }, other)).toEqual(numbers);
  expect(numbers.every((number) => number >= 0 && number < 1)).toBe(true);
  const mean = numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  expect(seededRandom(43)()).not.toBe(numbers[0]!);
});
