import { probabilityOf } from "./calibration.ts";
import { featuresOf, STATISTICS, type Statistic } from "./features.ts";
import { linearValue, standardised } from "./linear.ts";
import type { RouterModel } from "./model-file.ts";

/** The threshold that sends everybody to the strong model, and the one that sends nobody: no probability reaches 1. */
const EVERYBODY = 0;
const NOBODY = 1;

/**
 * How likely the strong model's answer is better by a margin that is worth its price: above 0 and below 1. Routed to the strong
 * model where it is at or above the threshold. Takes a time that does not grow beyond some 6,000 characters.
 */
export function strongProbability(model: RouterModel, text: string): number {
  return probabilityOf(model.calibration, linearValue(model.form, featuresOf(text)));
}

/** What a score is made of. */
export interface Explanation {
  readonly probability: number;
  /** The parts that weigh most, in either direction, in units of the score before calibration; the heaviest first. */
  readonly statistics: readonly {
    readonly name: Statistic;
    readonly value: number;
    readonly weight: number;
  }[];
  /** What all words and pairs of words together weigh. */
  readonly words: number;
}

export function explain(model: RouterModel, text: string, most = 8): Explanation {
  const features = featuresOf(text);
  const { form, calibration } = model;
  const deviations = standardised(features.statistics, form.spread);
  const statistics = STATISTICS.map((name, at) => ({
    name,
    value: features.statistics[at]!,
    weight: deviations[at]! * form.statistics[at]!,
  }));
  const total = linearValue(form, features);
  const words = total - form.intercept - statistics.reduce((sum, { weight }) => sum + weight, 0);
  statistics.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
  return { probability: probabilityOf(calibration, total), statistics: statistics.slice(0, most), words };
}

/**
 * The threshold by which at most the share of these probabilities, the route's own recent ones, goes to the strong model. It
 * lies midway between two of them, and above equal ones that would be too many together.
 *
 * @throws RangeError for a share that is not between 0 and 1, and without probabilities.
 */
export function thresholdOn(probabilities: ArrayLike<number>, share: number): number {
  checkShare(share);
  const sorted = Float64Array.from(probabilities).sort();
  if (sorted.length === 0) throw new RangeError("There are no scores to take a threshold from.");
  // A share such as 0.29 of 100 is 28.999999999999996 in binary.
  const first = sorted.length - Math.floor(sorted.length * share + 1e-9);
  if (first === 0) return EVERYBODY;
  let at = first;
  while (at < sorted.length && sorted[at] === sorted[first - 1]) at++;
  return at === sorted.length ? NOBODY : (sorted[at - 1]! + sorted[at]!) / 2;
}

/**
 * The threshold for a share of strong calls as long as a route has too little traffic of its own: from the prompts that the
 * model was trained with, each scored without itself.
 *
 * @throws RangeError for a share that is not between 0 and 1.
 */
export function thresholdBefore({ quantiles }: RouterModel, share: number): number {
  checkShare(share);
  if (share === 0) return NOBODY;
  if (share === 1) return EVERYBODY;
  const place = (1 - share) * (quantiles.length - 1);
  const below = Math.floor(place);
  const left = quantiles[below]!;
  const right = quantiles[Math.min(below + 1, quantiles.length - 1)]!;
  return left + (place - below) * (right - left);
}

/** @throws RangeError */
export function checkShare(share: number): void {
  if (!(share >= 0 && share <= 1)) throw new RangeError(`A share is between 0 and 1, not ${share}.`);
}
