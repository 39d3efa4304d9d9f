import { expect, test } from "bun:test";
import { evaluate } from "./evaluate.ts";
import { linearValue } from "./linear.ts";
import type { OutcomeRow } from "./outcomes.ts";
import { fitRidge } from "./ridge.ts";
import { seededRandom } from "./seeded.ts";
import { crossValidated, DEFAULT_OPTIONS, fitForm, leftOut, prepare, train } from "./train.ts";

/** Without the heuristic, which these prompts give nothing to go by. */
const LEARNED = { ...DEFAULT_OPTIONS, learnedShare: 1 };
const NOUNS = "house river garden letter window music winter table story bridge".split(" ");

/** Prompts of equal length; the strong model is better where the given word stands, mostly. */
function rows(count: number, word: string, set: string, seed: number): OutcomeRow[] {
  const random = seededRandom(seed);
  const noun = () => NOUNS[Math.floor(random() * NOUNS.length)]!;
  return Array.from({ length: count }, (_, at) => {
    const hard = random() < 0.5;
    const gains = random() < (hard ? 0.8 : 0.1);
    const prompt = `${noun()} ${noun()} ${hard ? word : noun()} ${noun()} ${noun()}`;
    return { id: `${set}-${at}`, set, task: set, prompt, strong: 1, weak: gains ? 0 : 1 };
  });
}

test("a word that the strong model is needed for is learned, and holds on prompts not seen", () => {
  // Four fifths of the one half of the prompts gain, and a tenth of the other: knowing the halves gives 0.694.
  const form = fitForm(prepare(rows(600, "quaternion", "one", 1)), LEARNED);
  const unseen = prepare(rows(600, "quaternion", "one", 2));
  const scores = unseen.map(({ features }) => linearValue(form, features));
  expect(
    evaluate(
      scores,
      unseen.map(({ row }) => row),
    ).apgr!,
  ).toBeGreaterThan(0.66);
});

test("a prompt is scored by a form that has seen neither it nor its double", () => {
  // Every prompt stands twice with a word of its own and chance for its outcome: only memory could foretell it.
  const random = seededRandom(3);
  const chance = Array.from({ length: 300 }, (_, at) => {
    const weak = random() < 0.5 ? 0 : 1;
    return { id: `${at}`, set: "s", task: "s", prompt: uniqueWord(at), strong: 1, weak };
  });
  const data = prepare([...chance, ...chance]);
  const outcomes = data.map(({ row }) => row);
  const seen = fitForm(data, LEARNED);
  const remembered = evaluate(
    data.map(({ features }) => linearValue(seen, features)),
    outcomes,
  ).apgr!;
  // Half of the prompts gain, so the best possible is 0.75.
  expect(remembered).toBeGreaterThan(0.74);
  expect(Math.abs(evaluate(crossValidated(data, LEARNED), outcomes).apgr! - 0.5)).toBeLessThan(0.12);
});

/** A word of six letters for each number. */
function uniqueWord(at: number): string {
  return at
    .toString(26)
    .replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!)
    .padStart(6, "z");
}

test("a set that is left out is scored without what only it could have taught", () => {
  const data = prepare([...rows(300, "quaternion", "one", 4), ...rows(300, "sonata", "two", 5)]);
  const apgr = (scores: Float64Array) =>
    evaluate(
      scores,
      data.map(({ row }) => row),
    ).apgr!;
  const [within, without] = [crossValidated(data, LEARNED), leftOut(data, LEARNED)].map(apgr);
  expect(within!).toBeGreaterThan(without! + 0.03);
});

test("the same data gives the same numbers, and another order nearly the same", () => {
  const data = prepare(rows(200, "quaternion", "one", 6));
  const trained = train(data, DEFAULT_OPTIONS);
  expect(train(data, DEFAULT_OPTIONS)).toEqual(trained);
  const turned = train(data.toReversed(), DEFAULT_OPTIONS);
  expect(turned.calibration.slope).toBeCloseTo(trained.calibration.slope, 5);
});

test("quantiles rise from the least to the greatest probability", () => {
  const { quantiles } = train(prepare(rows(200, "quaternion", "one", 7)), DEFAULT_OPTIONS);
  expect(quantiles.length).toBe(101);
  expect([...quantiles]).toEqual([...quantiles].sort((a, b) => a - b));
  expect(quantiles[0]!).toBeGreaterThan(0);
  expect(quantiles[100]!).toBeLessThan(1);
});

test("too little and what teaches nothing is refused", () => {
  const data = rows(60, "quaternion", "one", 8);
  expect(() => train(prepare(data.slice(0, 49)), DEFAULT_OPTIONS)).toThrow("49 outcomes are too few");
  const equal = data.map((row) => ({ ...row, weak: row.strong }));
  expect(() => train(prepare(equal), DEFAULT_OPTIONS)).toThrow("nowhere or everywhere");
  expect(() => leftOut(prepare(data), DEFAULT_OPTIONS)).toThrow("one group");
  const same = data.map((row) => ({ ...row, prompt: "the same" }));
  expect(() => train(prepare(same), DEFAULT_OPTIONS)).toThrow("one group");
});

test("ridge finds the weights that the targets were made with, but for the penalty", () => {
  const data = prepare(rows(400, "quaternion", "one", 9));
  const bucketOf = (text: string) => prepare([{ ...data[0]!.row, prompt: text }])[0]!.features.buckets[0]!;
  const wanted = bucketOf("quaternion");
  const examples = data.map(({ features }) => {
    const at = features.buckets.indexOf(wanted);
    return { features, target: 3 + (at < 0 ? 0 : 2 * features.values[at]!), weight: 1 };
  });
  const form = fitRidge(examples, { statisticsPenalty: 10, bucketsPenalty: 1e-6 });
  for (const { features, target } of examples)
    expect(Math.abs(linearValue(form, features) - target)).toBeLessThan(0.05);
});
