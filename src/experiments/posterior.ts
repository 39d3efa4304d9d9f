import type JStat from "jstat";
import type { Direction } from "./experiment.ts";

let loaded: typeof JStat | undefined;

/** Loading takes 6 ms, which no start is to wait for: most gateways compute none of this. */
function jStat(): typeof JStat {
  loaded ??= require("jstat") as typeof JStat;
  return loaded;
}

/** What is known of a variant's mean, as a distribution. */
export interface Posterior {
  readonly mean: number;
  /** Probability that the mean is at most `x`. */
  cdf(x: number): number;
  /** The mean that it is at most with this probability, which is neither 0 nor 1. */
  quantile(probability: number): number;
}

/** Count, mean and spread of a variant's values. */
export interface Summary {
  readonly count: number;
  /** 0 without values. */
  readonly mean: number;
  /** Standard deviation of the values; 0 with fewer than two. */
  readonly spread: number;
}

/** What is believed before the first value: as much as this many values would say. */
const PRIOR_COUNT = 1;
/** Beyond these the normal distribution is as exact, and jstat's continued fraction ends too soon: 2 % off at 10^6. */
const NORMAL_COUNT = 20_000;
const NORMAL_FREEDOM = 1_000;

/** Of values that are 0 or 1, or between: Beta, from a uniform prior. */
export function sharePosterior({ count, mean }: Summary): Posterior {
  const a = 1 + count * mean;
  const b = 1 + count * (1 - mean);
  const middle = a / (a + b);
  if (Math.min(a, b) > NORMAL_COUNT) return normal(middle, Math.sqrt((middle * (1 - middle)) / (a + b + 1)));
  return {
    mean: middle,
    cdf: (x) => (x <= 0 ? 0 : x >= 1 ? 1 : jStat().beta.cdf(x, a, b)),
    quantile: (probability) => jStat().beta.inv(probability, a, b),
  };
}

/**
 * Of any numbers: the mean's Student t distribution under a normal-inverse-gamma prior, which is as weak as one value
 * and centred at what all variants together show (`pooled`).
 * Murphy, "Conjugate Bayesian analysis of the Gaussian distribution", 2007, section 6.
 */
export function numberPosterior({ count, mean, spread }: Summary, pooled: Summary): Posterior {
  const strength = PRIOR_COUNT + count;
  const shape = 1 + count / 2;
  const priorSquares = Math.max(pooled.spread ** 2, Number.MIN_VALUE);
  const squares =
    priorSquares +
    (Math.max(count - 1, 0) * spread ** 2) / 2 +
    (PRIOR_COUNT * count * (mean - pooled.mean) ** 2) / (2 * strength);
  const location = (PRIOR_COUNT * pooled.mean + count * mean) / strength;
  const scale = Math.sqrt(squares / (shape * strength));
  const freedom = 2 * shape;
  if (!(scale > 0)) return point(location);
  if (freedom > NORMAL_FREEDOM) return normal(location, scale);
  return {
    mean: location,
    cdf: (x) => jStat().studentt.cdf(within((x - location) / scale), freedom),
    quantile: (probability) => location + scale * jStat().studentt.inv(probability, freedom),
  };
}

/** Its square does not overflow, which jstat would answer with NaN. */
function within(deviations: number): number {
  return Math.max(-1e100, Math.min(1e100, deviations));
}

function normal(mean: number, deviation: number): Posterior {
  return {
    mean,
    cdf: (x) => jStat().normal.cdf(x, mean, deviation),
    quantile: (probability) => jStat().normal.inv(probability, mean, deviation),
  };
}

function point(mean: number): Posterior {
  return { mean, cdf: (x) => (x < mean ? 0 : x > mean ? 1 : 0.5), quantile: () => mean };
}

export interface Standing {
  /** Probability that this one's mean is the best of all. */
  readonly best: number;
  /** How much worse than the best it is in expectation, in the metric's unit. */
  readonly loss: number;
}

/** Steps in the log odds of a quantile: from 6 in a million to as much below 1. */
const NODES = Array.from({ length: 65 }, (_, index) => {
  const probability = 1 / (1 + Math.exp(-(index - 32) * 0.375));
  return { probability, weight: 0.375 * probability * (1 - probability) };
});

/**
 * Each one's probability to be the best and its expected loss, by the trapezoid rule over its own quantiles. There is
 * no chance in it: the same posteriors give the same answer everywhere.
 */
export function standings(posteriors: readonly Posterior[], direction: Direction): Standing[] {
  const sign = direction === "maximize" ? 1 : -1;
  const shares = posteriors.map((posterior, index) => {
    const others = posteriors.filter((_, other) => other !== index);
    let share = 0;
    let gain = 0;
    for (const { probability, weight } of NODES) {
      const x = posterior.quantile(probability);
      const beaten = others.reduce((product, other) => {
        const below = other.cdf(x);
        return product * (sign > 0 ? below : 1 - below);
      }, weight);
      share += beaten;
      gain += beaten * sign * x;
    }
    return { share, gain };
  });
  const whole = shares.reduce((sum, { share }) => sum + share, 0);
  const most = shares.reduce((sum, { gain }) => sum + gain, 0) / whole;
  return shares.map(({ share }, index) => ({
    best: share / whole,
    loss: Math.max(0, most - sign * (posteriors[index]?.mean ?? 0)),
  }));
}
