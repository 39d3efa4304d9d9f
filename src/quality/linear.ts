import type { Features } from "./features.ts";

/** What brings statistics to mean 0 and deviation 1; one number for each statistic. */
export interface Spread {
  readonly means: Float64Array;
  /** More than 0. */
  readonly deviations: Float64Array;
}

/** A number for a prompt: a sum of its standardised statistics and its buckets, each times a weight. */
export interface LinearForm {
  readonly spread: Spread;
  /** A weight for each statistic. */
  readonly statistics: Float64Array;
  /** A weight for each bucket. */
  readonly buckets: Float64Array;
  readonly intercept: number;
}

/** What lies further out counts as this many deviations, so that one odd number does not decide. */
const FURTHEST = 4;

export function standardised(statistics: Float64Array, { means, deviations }: Spread): Float64Array {
  return statistics.map((value, at) => {
    const deviation = (value - means[at]!) / deviations[at]!;
    return Math.max(-FURTHEST, Math.min(FURTHEST, deviation));
  });
}

export function linearValue(form: LinearForm, features: Features): number {
  let sum = form.intercept;
  const statistics = standardised(features.statistics, form.spread);
  for (let at = 0; at < statistics.length; at++) sum += statistics[at]! * form.statistics[at]!;
  const { buckets, values } = features;
  for (let at = 0; at < buckets.length; at++) sum += values[at]! * form.buckets[buckets[at]!]!;
  return sum;
}
