import { asymptoticInterval, ENOUGH, type Interval, momentsOf } from "./confidence.ts";

/** One unit of the log. */
export interface LoggedDecision {
  readonly variant: number;
  /** Of that variant, as it was decided. */
  readonly probability: number;
  /** What came of it; a boolean as 0 or 1. */
  readonly value: number;
  /** What kind of unit it was, known before it was decided, such as its model or agent; "" where there is one kind. */
  readonly kind: string;
}

/** The probabilities that another allocation gives the variants, for units of a kind; sum 1. */
export type Policy = (kind: string) => readonly number[];

export interface Estimate {
  readonly mean: number;
  /** 95 %, and however often one looks; null with too few units. */
  readonly interval: Interval | null;
}

/** Why the log does not answer. */
export type Obstacle =
  | { readonly kind: "no_units" }
  /** The policy wants what was never done: for `share` of the units, in expectation. */
  | { readonly kind: "no_overlap"; readonly share: number }
  /** The units that speak for the policy are worth no more than so many. */
  | { readonly kind: "few_effective_units"; readonly units: number }
  /** The recorded probabilities do not fit what was done: the weights' mean should be 1. */
  | { readonly kind: "wrong_probabilities"; readonly meanWeight: number };

export interface Evaluation {
  /** None: the estimates may be relied upon, `doublyRobust` first. */
  readonly obstacles: readonly Obstacle[];
  readonly units: number;
  /** Units left out: no probability of 1e-9 to 1, no value within 1e15 of 0, or no variant. */
  readonly ignored: number;
  /** (sum of weights)^2 / sum of squared weights: how many units of the policy's own would say as much. */
  readonly effectiveUnits: number;
  /** Inverse propensity scores: no bias, most variance. */
  readonly ips: Estimate;
  /** Self-normalised: a little bias, less variance. */
  readonly snips: Estimate;
  /** From a model alone, the mean of each variant by kind; its interval knows nothing of the model's own error. */
  readonly direct: Estimate;
  /** The model, corrected by what it misses: no bias, and little variance where the model is good. */
  readonly doublyRobust: Estimate;
}

const ERROR_RATE = 0.05;
const FEW = 50;
/** Of what is less probable or larger, weighted squares may overflow; no allocation gives so little. */
const LEAST_PROBABILITY = 1e-9;
const LARGEST = 1e15;
/** Share of a policy that may rest on nothing. */
const UNSUPPORTED = 0.001;
/** Standard errors that the mean weight may be off. */
const OFF = 4;

/**
 * What another allocation would have earned with the units of the log (off-policy evaluation), and what stands against
 * believing it. Dudík, Erhan, Langford and Li, "Doubly robust policy evaluation and optimization", Statistical Science
 * 2014; Swaminathan and Joachims, "The self-normalized estimator for counterfactual learning", NIPS 2015; intervals by
 * the asymptotic confidence sequence of confidence.ts.
 */
export function evaluatePolicy(log: readonly LoggedDecision[], policy: Policy): Evaluation {
  const usable = log.filter(isUsable);
  const plans = new Map(usable.map(({ kind }) => [kind, plannedFor(policy, kind)]));
  const rows = usable.map((decision) => {
    const planned = plans.get(decision.kind) ?? [];
    return { ...decision, planned, weight: (planned[decision.variant] ?? 0) / decision.probability };
  });
  const weights = momentsOf(rows.map(({ weight }) => ({ value: weight, count: 1 })));
  const effectiveUnits = effective(rows.map(({ weight }) => weight));
  const models = modelsOf(rows);
  const ips = rows.map(({ weight, value }) => weight * value);
  return {
    obstacles: obstaclesOf(rows, weights, effectiveUnits),
    units: rows.length,
    ignored: log.length - rows.length,
    effectiveUnits,
    ips: estimate(ips),
    snips: selfNormalised(rows),
    direct: estimate(rows.map((row) => expected(row, models.whole))),
    doublyRobust: estimate(
      rows.map((row, index) => {
        const model = models.without[index % 2]!;
        return expected(row, model) + row.weight * (row.value - model(row.kind, row.variant));
      }),
    ),
  };
}

interface Row extends LoggedDecision {
  readonly planned: readonly number[];
  readonly weight: number;
}

type Model = (kind: string, variant: number) => number;

function isUsable({ variant, probability, value }: LoggedDecision): boolean {
  return (
    Number.isInteger(variant) &&
    variant >= 0 &&
    probability >= LEAST_PROBABILITY &&
    probability <= 1 &&
    Math.abs(value) <= LARGEST
  );
}

/** Throws a RangeError where the policy's probabilities are none: that is the caller's mistake, not the log's. */
function plannedFor(policy: Policy, kind: string): readonly number[] {
  const planned = policy(kind);
  const sum = planned.reduce((total, probability) => total + probability, 0);
  if (planned.every((probability) => probability >= 0) && Math.abs(sum - 1) < 1e-6) return planned;
  throw new RangeError("A policy's probabilities are 0 or more, and their sum is 1.");
}

function effective(weights: readonly number[]): number {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const squares = weights.reduce((total, weight) => total + weight * weight, 0);
  return squares > 0 ? (sum * sum) / squares : 0;
}

function obstaclesOf(
  rows: readonly Row[],
  weights: { readonly mean: number; readonly variance: number },
  effectiveUnits: number,
): Obstacle[] {
  if (rows.length === 0) return [{ kind: "no_units" }];
  const obstacles: Obstacle[] = [];
  const share = unsupportedShare(rows);
  if (share > UNSUPPORTED) obstacles.push({ kind: "no_overlap", share });
  if (effectiveUnits < FEW) obstacles.push({ kind: "few_effective_units", units: effectiveUnits });
  const error = Math.sqrt(weights.variance / rows.length);
  if (Math.abs(weights.mean - 1 + share) > OFF * error + 1e-9)
    obstacles.push({ kind: "wrong_probabilities", meanWeight: weights.mean });
  return obstacles;
}

/** How much of what the policy would do was never done for that kind of unit. */
function unsupportedShare(rows: readonly Row[]): number {
  const done = new Set(rows.map(({ kind, variant }) => `${variant} ${kind}`));
  const missing = rows.reduce(
    (sum, { kind, planned }) =>
      sum +
      planned.reduce((lost, chance, variant) => (done.has(`${variant} ${kind}`) ? lost : lost + chance), 0),
    0,
  );
  return missing / rows.length;
}

/** The model of all units, and for the even and the odd ones the model of the others: none judges itself. */
function modelsOf(rows: readonly Row[]): { whole: Model; without: readonly [Model, Model] } {
  return {
    whole: modelOf(rows),
    without: [
      modelOf(rows.filter((_, index) => index % 2 === 1)),
      modelOf(rows.filter((_, index) => index % 2 === 0)),
    ],
  };
}

/** Mean by kind and variant, drawn to the variant's mean as by one unit of it, and that to the mean of all. */
function modelOf(rows: readonly Row[]): Model {
  const sums = new Map<string, { sum: number; count: number }>();
  const add = (key: string, value: number) => {
    const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 };
    sums.set(key, { sum: sum + value, count: count + 1 });
  };
  for (const { kind, variant, value } of rows) {
    add("", value);
    add(`${variant}`, value);
    add(`${variant} ${kind}`, value);
  }
  const drawn = (key: string, toward: number) => {
    const { sum, count } = sums.get(key) ?? { sum: 0, count: 0 };
    return (sum + toward) / (count + 1);
  };
  return (kind, variant) => drawn(`${variant} ${kind}`, drawn(`${variant}`, drawn("", 0)));
}

function expected({ kind, planned }: Row, model: Model): number {
  return planned.reduce(
    (sum, chance, variant) => (chance > 0 ? sum + chance * model(kind, variant) : sum),
    0,
  );
}

/** A ratio of two means: its spread is that of the values' distance to it, weighted (the delta method). */
function selfNormalised(rows: readonly Row[]): Estimate {
  const total = rows.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0)) return { mean: 0, interval: null };
  const mean = rows.reduce((sum, { weight, value }) => sum + weight * value, 0) / total;
  const scale = rows.length / total;
  return estimate(rows.map(({ weight, value }) => mean + scale * weight * (value - mean)));
}

function estimate(values: readonly number[]): Estimate {
  const moments = momentsOf(values.map((value) => ({ value, count: 1 })));
  return {
    mean: moments.mean,
    interval: moments.count < ENOUGH ? null : asymptoticInterval(moments, ERROR_RATE),
  };
}
