import { expect, test } from "bun:test";
import fc from "fast-check";
import { featuresOf, STATISTICS, type Statistic } from "./features.ts";
import { BUCKETS } from "./words.ts";

const statistic = (text: string, name: Statistic) => featuresOf(text).statistics[STATISTICS.indexOf(name)]!;

test("any text has finite statistics and buckets of length 1", () => {
  const anything = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.constantFrom("", " ", "\n", "\ud800", "\u0000\u0001", "🙂".repeat(500), "_".repeat(9_000)),
  );
  fc.assert(
    fc.property(anything, (text) => {
      const { statistics, buckets, values } = featuresOf(text);
      expect(statistics.length).toBe(STATISTICS.length);
      expect(statistics.every(Number.isFinite)).toBe(true);
      expect(new Set(buckets).size).toBe(buckets.length);
      expect(buckets.every((bucket) => bucket < BUCKETS)).toBe(true);
      const squares = values.reduce((sum, value) => sum + value * value, 0);
      expect(squares).toBeCloseTo(buckets.length === 0 ? 0 : 1, 9);
    }),
  );
});

test("a text's features are its own, whatever was looked at before", () => {
  const before = featuresOf("Prove that the square root of 2 is irrational.");
  featuresOf("Something else, with the square of 3. ".repeat(300));
  expect(featuresOf("Prove that the square root of 2 is irrational.")).toEqual(before);
});

test("words are counted whatever their case", () => {
  expect(featuresOf("prove it").buckets).toEqual(featuresOf("PROVE It").buckets);
});

test("what is repeated counts by the logarithm of how often", () => {
  const { values } = featuresOf("yes yes yes yes");
  // The word four times, its pair with itself three times and with the beginning once; of four characters, "yes " and
  // the three others that begin within it three times each.
  const three = 1 + Math.log(3);
  const weights = [1, three, three, three, three, three, 1 + Math.log(4)];
  const length = Math.hypot(...weights);
  const found = [...values].sort();
  expect(found.length).toBe(weights.length);
  weights.forEach((weight, at) => {
    expect(found[at]!).toBeCloseTo(weight / length, 12);
  });
});

test("kinds of words are found in several languages", () => {
  const more = (name: Statistic, text: string) => {
    expect(statistic(text, name)).toBeGreaterThan(statistic("I see a house by the sea", name));
  };
  more("some-math", "Solve the equation for the radius of the circle");
  more("some-math", "Löse die Gleichung");
  more("some-math", "求解这个方程");
  more("some-code", "def f(x): return x");
  more("some-reasoning", "Explain why this holds");
  more("some-reasoning", "请证明这个结论");
  more("some-creative", "Escribe un poema");
  more("some-negation", "Which of these is not true");
});

test("lines, options and signs are seen", () => {
  expect(statistic("Which?\nA. one\nB. two\n(c) three", "log-options")).toBeCloseTo(Math.log(4), 12);
  expect(statistic("Do:\n- this\n* that\n1. then", "log-list-lines")).toBeCloseTo(Math.log(4), 12);
  expect(statistic("def f():\n    return 1\n    # end", "indented-share")).toBeCloseTo(2 / 3, 12);
  expect(statistic("Is it so?  \n", "ends-in-question")).toBe(1);
  expect(statistic("The capital is ___.", "blank-to-fill")).toBe(1);
});

test("a megabyte is read in part, its length is told, and it takes no longer than its parts", () => {
  const long = `${"word ".repeat(1_000)}${"x".repeat(1_000_000)}${" the end".repeat(400)}`;
  expect(statistic(long, "log-characters")).toBeCloseTo(Math.log1p(long.length), 12);
  const { buckets } = featuresOf(long);
  expect(buckets.length).toBeLessThan(40);
  const start = performance.now();
  for (let round = 0; round < 20; round++) featuresOf(long);
  expect(performance.now() - start).toBeLessThan(500);
});
