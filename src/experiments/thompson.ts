import type { Epoch, Experiment, Metric } from "./experiment.ts";
import {
  numberPosterior,
  type Posterior,
  type Standing,
  type Summary,
  sharePosterior,
  standings,
} from "./posterior.ts";

/** Probabilities are multiples of this, so that a last bit that processors disagree on changes none. */
const GRAIN = 2 ** -20;

/**
 * The next epoch of an experiment. `summaries` are of the primary metric, one a variant, of all units so far, as a
 * verdict's reports are; one with a figure that is no number says nothing. A variant that is switched off gets nothing;
 * when all are, all probabilities are 0.
 */
export function nextEpoch(
  experiment: Pick<Experiment, "variants" | "allocation" | "metric" | "direction">,
  summaries: readonly Summary[],
  previous: Pick<Epoch, "number"> | null,
  now: number,
): Epoch {
  const { variants, allocation, metric, direction } = experiment;
  const known = variants.map((_, index) => soundOf(summaries[index]));
  const takesPart = variants.map(({ switchedOff }) => switchedOff === undefined);
  const shares =
    allocation.kind === "fixed"
      ? allocation.weights.map((weight, index) => (takesPart[index] ? weight : 0))
      : thompsonShares(known, takesPart, allocation.minimumShare, metric, direction);
  return {
    number: previous === null ? 0 : previous.number + 1,
    startedAt: now,
    probabilities: toProbabilities(shares),
    centre: centreOf(metric, known),
  };
}

/** How each variant stands by what is known of it, in order. */
export function standingsOf(
  metric: Metric,
  direction: Experiment["direction"],
  summaries: readonly Summary[],
): Standing[] {
  return standings(posteriorsOf(metric, summaries), direction);
}

/**
 * Thompson sampling by its probabilities in place of draws: each variant's chance is that of being the best, raised so
 * that none has less than the minimum.
 */
function thompsonShares(
  summaries: readonly Summary[],
  takesPart: readonly boolean[],
  minimumShare: number,
  metric: Metric,
  direction: Experiment["direction"],
): number[] {
  const places = takesPart.flatMap((part, index) => (part ? [index] : []));
  const stand = standingsOf(
    metric,
    direction,
    places.map((place) => summaries[place] ?? NOTHING),
  );
  const minimum = Math.min(minimumShare, 1 / Math.max(1, places.length));
  const shares = takesPart.map(() => 0);
  for (const [index, place] of places.entries())
    shares[place] = minimum + (1 - minimum * places.length) * (stand[index]?.best ?? 0);
  return shares;
}

const NOTHING: Summary = { count: 0, mean: 0, spread: 0 };

function soundOf(summary: Summary = NOTHING): Summary {
  const { count, mean, spread } = summary;
  return count > 0 && [count, mean, spread].every(Number.isFinite) ? summary : NOTHING;
}

function posteriorsOf(metric: Metric, summaries: readonly Summary[]): Posterior[] {
  if (metric.kind === "number") {
    const together = pooled(summaries);
    return summaries.map((summary) => numberPosterior(summary, together));
  }
  if (metric.kind === "boolean") return summaries.map(sharePosterior);
  const { min, max } = metric;
  const width = max - min;
  return summaries.map(({ count, mean, spread }) => {
    const scaled = { count, mean: count === 0 ? 0 : (mean - min) / width, spread: spread / width };
    const { mean: middle, cdf, quantile } = sharePosterior(scaled);
    return {
      mean: min + width * middle,
      cdf: (x) => cdf((x - min) / width),
      quantile: (probability) => min + width * quantile(probability),
    };
  });
}

/** All variants together, each as much as it has values. */
export function pooled(summaries: readonly Summary[]): Summary {
  const count = summaries.reduce((sum, summary) => sum + summary.count, 0);
  if (count === 0) return NOTHING;
  const mean = summaries.reduce((sum, summary) => sum + (summary.count / count) * summary.mean, 0);
  const squares = summaries.reduce(
    (sum, summary) =>
      sum + Math.max(summary.count - 1, 0) * summary.spread ** 2 + summary.count * (summary.mean - mean) ** 2,
    0,
  );
  return { count, mean, spread: count > 1 ? Math.sqrt(squares / (count - 1)) : 0 };
}

/** The mean of all so far, drawn to the middle of the scale as two more units there would. */
function centreOf(metric: Metric, summaries: readonly Summary[]): number {
  const { count, mean } = pooled(summaries);
  if (metric.kind === "number") return mean;
  const [min, max] = metric.kind === "bounded" ? [metric.min, metric.max] : [0, 1];
  return (count * mean + min + max) / (count + 2);
}

function toProbabilities(shares: readonly number[]): number[] {
  const sum = shares.reduce((total, share) => total + share, 0);
  if (!(sum > 0)) return shares.map(() => 0);
  const rounded = shares.map((share) => Math.round(share / sum / GRAIN) * GRAIN);
  const largest = rounded.indexOf(Math.max(...rounded));
  const rest = rounded.reduce((total, share, index) => (index === largest ? total : total + share), 0);
  return rounded.map((share, index) => (index === largest ? 1 - rest : share));
}
