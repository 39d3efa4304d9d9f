import { expect, test } from "bun:test";
import { defaultModel } from "./default-model.ts";
import { explain, strongProbability, thresholdBefore, thresholdOn } from "./score.ts";
import { seededRandom } from "./seeded.ts";

const MODEL = defaultModel();
const scoreOf = (text: string) => strongProbability(MODEL, text);

const EASY = [
  "hello!",
  "Thanks, that is all.",
  "Write a short poem about the sea.",
  "Who wrote Hamlet?",
  "你好",
];
const HARD = [
  "Prove that for every integer n > 1 the sum of the first n odd numbers is a square, and determine all n for which it is divisible by 16. Explain each step.",
  "Implement a lock-free queue in Rust with bounded memory. Explain why your use of atomics is correct if two threads pop at once, and write tests for the edge cases.",
  "Ein Zug fährt mit 80 km/h von A nach B, ein zweiter 45 Minuten später mit 110 km/h hinterher. Berechne, wann und wo er ihn einholt, wenn der erste zweimal 5 Minuten hält, und begründe jeden Schritt.",
  "证明：对于任意正整数 n，如果 n 不是完全平方数，那么方程 x^2 - n y^2 = 1 有无穷多个整数解，并解释为什么每一步成立。",
];

test("hard prompts score above easy ones, in several languages", () => {
  const hardest = Math.max(...EASY.map(scoreOf));
  for (const prompt of HARD) expect(scoreOf(prompt)).toBeGreaterThan(hardest);
});

test("empty, huge and binary prompts have a probability", () => {
  for (const text of [
    "",
    "\u0000\uffff\ud800".repeat(1_000),
    "a".repeat(1_000_000),
    "證明".repeat(500_000),
  ]) {
    const probability = scoreOf(text);
    expect(probability).toBeGreaterThan(0);
    expect(probability).toBeLessThan(1);
  }
});

test("an explanation's parts are the heaviest ones and belong to the score", () => {
  const { probability, statistics } = explain(MODEL, HARD[0]!, 5);
  expect(probability).toBe(scoreOf(HARD[0]!));
  expect(statistics.length).toBe(5);
  const weights = statistics.map(({ weight }) => Math.abs(weight));
  expect(weights).toEqual(weights.toSorted((a, b) => b - a));
  const all = explain(MODEL, HARD[0]!, 100);
  const total = all.statistics.reduce((sum, { weight }) => sum + weight, MODEL.form.intercept + all.words);
  const { slope, intercept } = MODEL.calibration;
  expect(1 / (1 + Math.exp(-(slope * total + intercept)))).toBeCloseTo(probability, 9);
});

test("a threshold from a route's own traffic keeps to its share", () => {
  const random = seededRandom(11);
  const seen = Array.from({ length: 2_000 }, random);
  for (const share of [0, 0.1, 0.29, 0.3, 0.5, 0.999, 1]) {
    const threshold = thresholdOn(seen, share);
    expect(seen.filter((score) => score >= threshold).length).toBe(Math.floor(share * 2_000 + 1e-9));
  }
  const unseen = Array.from({ length: 2_000 }, random);
  const strong = unseen.filter((score) => score >= thresholdOn(seen, 0.3)).length / 2_000;
  expect(strong).toBeGreaterThan(0.27);
  expect(strong).toBeLessThan(0.33);
});

test("equal scores go to the weak model together rather than exceed the share", () => {
  const scores = [0.2, 0.5, 0.5, 0.5, 0.9];
  const strong = (share: number) => {
    const threshold = thresholdOn(scores, share);
    return scores.filter((score) => score >= threshold).length;
  };
  expect([0.2, 0.4, 0.6, 0.8, 1].map(strong)).toEqual([1, 1, 1, 4, 5]);
  expect(thresholdOn([0.5, 0.5], 0.5)).toBe(1);
});

test("before there is traffic the threshold is that of the training prompts", () => {
  expect(thresholdBefore(MODEL, 0)).toBe(1);
  expect(thresholdBefore(MODEL, 1)).toBe(0);
  expect(thresholdBefore(MODEL, 0.3)).toBeCloseTo(MODEL.quantiles[70]!, 12);
  expect(thresholdBefore(MODEL, 0.305)).toBeCloseTo((MODEL.quantiles[69]! + MODEL.quantiles[70]!) / 2, 12);
  const thresholds = Array.from({ length: 101 }, (_, at) => thresholdBefore(MODEL, at / 100));
  expect(thresholds).toEqual(thresholds.toSorted((a, b) => b - a));
});

test("a share that is none is refused", () => {
  for (const share of [-0.1, 1.1, Number.NaN]) {
    expect(() => thresholdOn([0.5], share)).toThrow("between 0 and 1");
    expect(() => thresholdBefore(MODEL, share)).toThrow("between 0 and 1");
  }
  expect(() => thresholdOn([], 0.5)).toThrow("no scores");
});
