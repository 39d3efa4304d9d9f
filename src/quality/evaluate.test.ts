import { expect, test } from "bun:test";
import { evaluate, evaluateRandom, type Outcome } from "./evaluate.ts";

const outcome = (strong: number, weak: number): Outcome => ({ strong, weak });
/** Eleven prompts, so that each decile's edge is a prompt's own score; the strong model wins the first four. */
const ELEVEN = Array.from({ length: 11 }, (_, at) => (at < 4 ? outcome(1, 0) : outcome(1, 1)));
const FALLING = ELEVEN.map((_, at) => -at);

test("prompts at or above an edge go to the strong model, and at the last edge nobody", () => {
  const { curve } = evaluate(FALLING, ELEVEN);
  // At or above the 9th decile's edge are two prompts, at or above the lowest all eleven.
  expect(curve.map(({ share }) => Math.round(share * 11))).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  const right = curve.map(({ quality }) => Math.round(quality * 11));
  expect(right).toEqual([7, 9, 10, 11, 11, 11, 11, 11, 11, 11, 11]);
});

test("CPT and APGR are as computed by hand", () => {
  const { cpt50, cpt80, apgr, weak, strong } = evaluate(FALLING, ELEVEN);
  expect(weak).toBeCloseTo(7 / 11, 12);
  expect(strong).toBe(1);
  // Half of the gap is 9 right answers: two calls. Four fifths are 10.2: a fifth of the way from three calls to four.
  expect(cpt50).toBeCloseTo(2 / 11, 12);
  expect(cpt80).toBeCloseTo(3.2 / 11, 12);
  // Recovered parts 0, 1/2, 3/4, 1, … at 0, 2, 3, 4, … calls: (2 * 1/4 + 5/8 + 7/8 + 7) / 11.
  expect(apgr).toBeCloseTo(9 / 11, 12);
});

test("the worst order recovers last what the best recovers first", () => {
  const rising = FALLING.map((score) => -score);
  const { cpt50, cpt80, apgr } = evaluate(rising, ELEVEN);
  expect(cpt50).toBeCloseTo(9 / 11, 12);
  expect(cpt80).toBeCloseTo(10.2 / 11, 12);
  // Nothing until 7 calls, then 1/8, 3/8, 5/8, 7/8 of the gap on average over each call.
  expect(apgr).toBeCloseTo(2 / 11, 12);
});

test("an edge between two scores takes the upper one only", () => {
  // Four prompts: edges at positions 0, 0.3, … 2.7, 3 from below; so 1 call from the 7th decile's edge on.
  const outcomes = [outcome(1, 0), outcome(0, 0), outcome(0, 0), outcome(0, 0)];
  const { curve } = evaluate([4, 3, 2, 1], outcomes);
  expect(curve.map(({ share }) => share * 4)).toEqual([0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
});

test("equal scores are every order at once: the curve is a straight line", () => {
  const { curve, cpt50, cpt80, apgr } = evaluate(
    ELEVEN.map(() => 0.5),
    ELEVEN,
  );
  for (const { share, quality } of curve) expect(quality).toBeCloseTo(7 / 11 + share * (4 / 11), 12);
  expect(cpt50).toBeCloseTo(0.5, 12);
  expect(cpt80).toBeCloseTo(0.8, 12);
  expect(apgr).toBeCloseTo(0.5, 12);
});

test("equal scores within others share what their group wins", () => {
  // Two groups: one win among the upper two, one among the lower two.
  const outcomes = [outcome(1, 0), outcome(0, 0), outcome(1, 0), outcome(0, 0)];
  const { curve } = evaluate([1, 1, 0, 0], outcomes);
  expect(curve.map(({ quality }) => quality * 4)).toEqual([0, 0.5, 0.5, 0.5, 1, 1, 1, 1.5, 1.5, 1.5, 2]);
  // Which of equal prompts stands first in the data changes nothing.
  const turned = [outcomes[1]!, outcomes[0]!, outcomes[3]!, outcomes[2]!];
  expect(evaluate([1, 1, 0, 0], turned).curve).toEqual(curve);
});

test("a quality that is lost again counts from where it was reached first", () => {
  const outcomes = [outcome(1, 0), outcome(1, 0), outcome(0, 1), outcome(1, 0)];
  // Right answers after 0, 1, 2, 3, 4 calls: 1, 2, 3, 2, 3. Half of the gap is 2.
  expect(evaluate([4, 3, 2, 1], outcomes).cpt50).toBe(0.25);
});

test("without a better strong model there is no gap to recover", () => {
  const { cpt50, cpt80, apgr } = evaluate([1, 2], [outcome(0, 1), outcome(1, 0)]);
  expect([cpt50, cpt80, apgr]).toEqual([null, null, null]);
});

test("outcomes of any scale are taken, and one prompt alone", () => {
  expect(evaluate([0], [outcome(9.5, 7)]).curve).toEqual([
    { share: 0, quality: 7 },
    ...Array.from({ length: 10 }, () => ({ share: 1, quality: 9.5 })),
  ]);
});

test("random is near the middle and the same for the same seed", () => {
  const outcomes = Array.from({ length: 2_000 }, (_, at) => outcome(at % 3 === 0 ? 1 : 0.5, 0.4));
  const metrics = evaluateRandom(outcomes, 7);
  expect(metrics.apgr).toBeGreaterThan(0.48);
  expect(metrics.apgr).toBeLessThan(0.52);
  expect(evaluateRandom(outcomes, 7)).toEqual(metrics);
  expect(evaluateRandom(outcomes, 8)).not.toEqual(metrics);
});

test("what cannot be evaluated is refused", () => {
  expect(() => evaluate([], [])).toThrow("no outcomes");
  expect(() => evaluate([1], [outcome(1, 0), outcome(1, 0)])).toThrow("1 scores for 2 outcomes");
  expect(() => evaluate([Number.NaN], [outcome(1, 0)])).toThrow("prompt 0");
  expect(() => evaluate([1], [outcome(Number.POSITIVE_INFINITY, 0)])).toThrow("prompt 0");
});
