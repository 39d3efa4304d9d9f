import { type Features, STATISTICS } from "./features.ts";
import type { LinearForm, Spread } from "./linear.ts";
import { standardised } from "./linear.ts";
import { BUCKETS } from "./words.ts";

/** One prompt to learn from. */
export interface RidgeExample {
  readonly features: Features;
  readonly target: number;
  /** How much it counts, more than 0. */
  readonly weight: number;
}

export interface RidgeOptions {
  /** Penalty on the squared weights of statistics, as a part of the examples' total weight. */
  readonly statisticsPenalty: number;
  /** The same for buckets. */
  readonly bucketsPenalty: number;
}

const ROUNDS = 80;
const S = STATISTICS.length;

/**
 * The linear form with the least weighted squared error and penalty, by conjugate gradients. Sums run in the order of the
 * examples, so that the same input gives the same bytes. Statistics are brought to the examples' own spread, or to a known one.
 */
export function fitRidge(
  examples: readonly RidgeExample[],
  options: RidgeOptions,
  known: Spread | null = null,
): LinearForm {
  const total = examples.reduce((sum, { weight }) => sum + weight, 0);
  const spread = known ?? spreadOf(examples, total);
  const target = examples.reduce((sum, each) => sum + each.weight * each.target, 0) / total;
  const rows = examples.map(({ features, weight }) => ({
    dense: standardised(features.statistics, spread),
    features,
    weight: weight / total,
  }));
  const size = S + BUCKETS;
  const penalty = (at: number) => (at < S ? options.statisticsPenalty : options.bucketsPenalty);
  const residual = new Float64Array(size);
  rows.forEach((row, at) => {
    add(row, row.weight * (examples[at]!.target - target), residual);
  });
  const solution = new Float64Array(size);
  const direction = residual.slice();
  const image = new Float64Array(size);
  let squares = dot(residual, residual);
  const enough = squares * 1e-12;
  for (let round = 0; round < ROUNDS && squares > enough; round++) {
    for (let at = 0; at < size; at++) image[at] = penalty(at) * direction[at]!;
    for (const row of rows) add(row, row.weight * along(row, direction), image);
    const length = squares / dot(direction, image);
    for (let at = 0; at < size; at++) {
      solution[at] = solution[at]! + length * direction[at]!;
      residual[at] = residual[at]! - length * image[at]!;
    }
    const next = dot(residual, residual);
    for (let at = 0; at < size; at++) direction[at] = residual[at]! + (next / squares) * direction[at]!;
    squares = next;
  }
  return { spread, statistics: solution.slice(0, S), buckets: solution.slice(S), intercept: target };
}

interface Row {
  readonly dense: Float64Array;
  readonly features: Features;
  readonly weight: number;
}

function along({ dense, features }: Row, vector: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < S; at++) sum += dense[at]! * vector[at]!;
  const { buckets, values } = features;
  for (let at = 0; at < buckets.length; at++) sum += values[at]! * vector[S + buckets[at]!]!;
  return sum;
}

function add({ dense, features }: Row, times: number, into: Float64Array): void {
  for (let at = 0; at < S; at++) into[at] = into[at]! + times * dense[at]!;
  const { buckets, values } = features;
  for (let at = 0; at < buckets.length; at++) {
    const place = S + buckets[at]!;
    into[place] = into[place]! + times * values[at]!;
  }
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += one[at]! * other[at]!;
  return sum;
}

/** Weighted mean and deviation of each statistic; a constant one gets deviation 1, so that it counts for nothing. */
function spreadOf(examples: readonly RidgeExample[], total: number): Spread {
  const means = new Float64Array(S);
  const deviations = new Float64Array(S);
  for (let at = 0; at < S; at++) {
    let sum = 0;
    for (const { features, weight } of examples) sum += weight * features.statistics[at]!;
    const mean = sum / total;
    let squares = 0;
    for (const { features, weight } of examples) squares += weight * (features.statistics[at]! - mean) ** 2;
    const deviation = Math.sqrt(squares / total);
    means[at] = mean;
    deviations[at] = deviation > 1e-9 ? deviation : 1;
  }
  return { means, deviations };
}
