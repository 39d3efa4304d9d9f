import { type Calibration, fitCalibration, probabilityOf } from "./calibration.ts";
import { type Features, featuresOf } from "./features.ts";
import { heuristicForm } from "./heuristic.ts";
import { type LinearForm, linearValue } from "./linear.ts";
import type { OutcomeRow } from "./outcomes.ts";
import { fitRidge } from "./ridge.ts";
import { hashOfText } from "./words.ts";

/** What a router is made of; see `docs/routing.md` for what was tried. */
export interface TrainingOptions {
  /** Part of the score that is learned; the rest is the fixed heuristic. */
  readonly learnedShare: number;
  /**
   * Part of its task's mean gain that is taken off each prompt's. A set's mean tells as much about its models and graders as
   * about its prompts; within a set it is the prompt alone that differs.
   */
  readonly centring: number;
  readonly statisticsPenalty: number;
  readonly bucketsPenalty: number;
  /** A set of n prompts counts n times n to this power. */
  readonly setPower: number;
  /** By how much the strong model must be better to be worth its price, on the outcomes' own scale. */
  readonly margin: number;
}

export const DEFAULT_OPTIONS: TrainingOptions = {
  learnedShare: 0.5,
  centring: 0.4,
  statisticsPenalty: 0.03,
  bucketsPenalty: 0.0005,
  setPower: -0.5,
  margin: 0.25,
};

/** Parts that the prompts are split into, so that each is scored by a form that has not seen it. */
const FOLDS = 5;
/** Shares of strong calls whose thresholds are kept, 0 to 1. */
const QUANTILES = 100;
const FEWEST_ROWS = 50;

/** An outcome whose features are known, so that they are computed once for all folds. */
export interface Prepared {
  readonly row: OutcomeRow;
  readonly features: Features;
  /** How much it counts beside others of its set; 1 where it is absent. */
  readonly weight?: number;
  /** How probable it is that the strong model is better, where that is not told by outcomes and margin. */
  readonly better?: number;
}

export interface Trained {
  readonly form: LinearForm;
  readonly calibration: Calibration;
  /** Probabilities of prompts that were kept apart: the smallest, at every percent, and the largest. */
  readonly quantiles: Float64Array;
}

export function prepare(rows: readonly OutcomeRow[]): Prepared[] {
  return rows.map((row) => ({ row, features: featuresOf(row.prompt) }));
}

/**
 * Learns from outcomes. The same outcomes in the same order give the same numbers. What is not learned is the fixed heuristic, or
 * in its place a form that is known already.
 *
 * @throws RangeError for fewer than 50 outcomes, and where the strong model is nowhere, or everywhere, better by the margin.
 */
export function train(
  data: readonly Prepared[],
  options: TrainingOptions,
  known: LinearForm | null = null,
): Trained {
  if (data.length < FEWEST_ROWS) {
    throw new RangeError(`${data.length} outcomes are too few to learn from; ${FEWEST_ROWS} are needed.`);
  }
  const scores = crossValidated(data, options, known);
  const weights = setWeights(data, options.setPower);
  const better = Float64Array.from(data, (each) => betterOf(each, options.margin));
  const calibration = fitCalibration(scores, better, weights);
  const sorted = scores.map((score) => probabilityOf(calibration, score)).sort();
  const quantiles = Float64Array.from({ length: QUANTILES + 1 }, (_, at) => {
    return sorted[Math.round((at / QUANTILES) * (sorted.length - 1))]!;
  });
  return { form: fitForm(data, options, known), calibration, quantiles };
}

const betterOf = ({ row, better }: Prepared, margin: number) =>
  better ?? (row.strong - row.weak >= margin ? 1 : 0);

/** The scores of a form without calibration: partly by hand, or known, partly learned, both in deviations of the training prompts. */
export function fitForm(
  data: readonly Prepared[],
  options: TrainingOptions,
  known: LinearForm | null = null,
): LinearForm {
  const weights = setWeights(data, options.setPower);
  const means = taskMeans(data);
  const examples = data.map(({ row, features }, at) => ({
    features,
    target: row.strong - row.weak - options.centring * means.get(taskOf(row))!,
    weight: weights[at]!,
  }));
  const learned = fitRidge(examples, options, known?.spread);
  const fixed = known ?? heuristicForm(learned.spread);
  return blend(data, [fixed, 1 - options.learnedShare], [learned, options.learnedShare]);
}

/** For each outcome the score by a form that was learned without its fold; equal prompts are in the same fold. */
export function crossValidated(
  data: readonly Prepared[],
  options: TrainingOptions,
  known: LinearForm | null = null,
): Float64Array {
  return apart(data, options, ({ row }) => hashOfText(row.prompt) % FOLDS, known);
}

/** For each outcome the score by a form that was learned without its whole data set. */
export function leftOut(data: readonly Prepared[], options: TrainingOptions): Float64Array {
  return apart(data, options, ({ row }) => row.set, null);
}

function apart(
  data: readonly Prepared[],
  options: TrainingOptions,
  groupOf: (each: Prepared) => unknown,
  known: LinearForm | null,
) {
  const groups = data.map(groupOf);
  const scores = new Float64Array(data.length);
  for (const group of new Set(groups)) {
    const rest = data.filter((_, at) => groups[at] !== group);
    if (rest.length === 0)
      throw new RangeError("All outcomes are of one group; there is nothing to learn from.");
    const form = fitForm(rest, options, known);
    data.forEach(({ features }, at) => {
      if (groups[at] === group) scores[at] = linearValue(form, features);
    });
  }
  return scores;
}

function setWeights(data: readonly Prepared[], power: number): Float64Array {
  const sizes = new Map<string, number>();
  for (const { row } of data) sizes.set(row.set, (sizes.get(row.set) ?? 0) + 1);
  return Float64Array.from(data, ({ row, weight = 1 }) => weight * sizes.get(row.set)! ** power);
}

/** A large set of many small subjects is centred as a whole: a subject's mean of ten prompts is mostly chance. */
const SMALL_TASK = 100;

const taskOf = ({ set, task }: OutcomeRow) => `${set}\n${task}`;

function taskMeans(data: readonly Prepared[]): ReadonlyMap<string, number> {
  const sums = new Map<string, { gain: number; count: number }>();
  const add = (name: string, gain: number) => {
    const sum = sums.get(name) ?? { gain: 0, count: 0 };
    sums.set(name, { gain: sum.gain + gain, count: sum.count + 1 });
  };
  for (const { row } of data) {
    add(row.set, row.strong - row.weak);
    add(taskOf(row), row.strong - row.weak);
  }
  return new Map(
    data.map(({ row }) => {
      const task = sums.get(taskOf(row))!;
      const sum = task.count < SMALL_TASK ? sums.get(row.set)! : task;
      return [taskOf(row), sum.gain / sum.count];
    }),
  );
}

type Share = readonly [form: LinearForm, share: number];

/** One form in place of two: each brought to mean 0 and deviation 1 on the data, times its share. */
function blend(data: readonly Prepared[], one: Share, other: Share): LinearForm {
  const [first, second] = [scaled(data, one), scaled(data, other)];
  return {
    spread: one[0].spread,
    statistics: first.statistics.map((weight, at) => weight + second.statistics[at]!),
    buckets: first.buckets.map((weight, at) => weight + second.buckets[at]!),
    intercept: first.intercept + second.intercept,
  };
}

function scaled(data: readonly Prepared[], [form, share]: Share): LinearForm {
  const values = data.map(({ features }) => linearValue(form, features));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const factor = variance > 0 ? share / Math.sqrt(variance) : 0;
  return {
    spread: form.spread,
    statistics: form.statistics.map((weight) => weight * factor),
    buckets: form.buckets.map((weight) => weight * factor),
    intercept: (form.intercept - mean) * factor,
  };
}
