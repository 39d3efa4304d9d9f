import {
  asymptoticInterval,
  boundedInterval,
  ENOUGH,
  type Increment,
  type Interval,
  momentsOf,
} from "./confidence.ts";
import { meanIncrements, ownIncrements, type Weighing } from "./corrected.ts";
import { type Difference, differencesOf, winnerOf } from "./differences.ts";
import type { Epoch, Experiment, Metric, Observation } from "./experiment.ts";
import type { Summary } from "./posterior.ts";
import { mapInterval, type Scale, scaleOf } from "./scale.ts";
import { standingsOf } from "./thompson.ts";
import { sharedAsAssigned, usableOf } from "./usable.ts";

/** A variant by what is known of it, in the metric's unit. */
export interface VariantReport extends Summary {
  readonly variant: number;
  /** Of the variant's own units; null while there are too few to say. Holds however often it is looked at. */
  readonly interval: Interval | null;
  /** Corrected for changing allocation; null without units. */
  readonly corrected: { readonly mean: number; readonly interval: Interval | null } | null;
  /** Probability to be the best of those that take part; 0 for the others. */
  readonly best: number;
  /** What would be lost in expectation by choosing it; null where it does not take part. */
  readonly loss: number | null;
}

/**
 * `decided`: one variant is better than every other. `equivalent`: no difference is beyond the tolerance. `unreliable`:
 * the units with a value are not shared out as they were assigned (feedback comes more often from some variants, or
 * records are missing), so that nothing can be concluded.
 */
export type VerdictStatus = "gathering" | "decided" | "equivalent" | "unreliable";

export interface Verdict {
  readonly status: VerdictStatus;
  /** Its place among the variants; null unless decided. */
  readonly winner: number | null;
  readonly variants: readonly VariantReport[];
  /** Of every two that take part, each once. */
  readonly differences: readonly Difference[];
  /** Units left out: of unknown variants or epochs, or with values that cannot be. */
  readonly ignored: number;
}

/**
 * What can be said of an experiment now. It may be asked at any time and as often as one likes: the probability that it
 * ever declares a wrong winner, or any difference where there is none, is at most `errorRate`. For each variant's
 * intervals it is the probability that any of them ever misses, apart from that of the differences.
 */
export function verdictOf(
  experiment: Pick<Experiment, "variants" | "metric" | "direction" | "errorRate" | "tolerance">,
  epochs: readonly Epoch[],
  observations: readonly Observation[],
): Verdict {
  const { variants, metric, direction, errorRate, tolerance } = experiment;
  const scale = scaleOf(metric);
  const byNumber = new Map(epochs.map((epoch) => [epoch.number, epoch]));
  const { usable, ignored } = usableOf(observations, variants.length, byNumber, scale);
  const summaries = variants.map((_, variant) => summaryOf(ownIncrements(usable, variant)));
  const weighing = weighingOf(byNumber, metric, scale, summaries);
  const active = variants.flatMap(({ switchedOff }, variant) => (switchedOff === undefined ? [variant] : []));
  const reports = reportsOf(experiment, usable, active, weighing, summaries, scale);
  const differences = differencesOf(usable, active, weighing, summaries, errorRate, scale);
  const reliable = sharedAsAssigned(usable, variants.length, byNumber);
  const winner = reliable ? winnerOf(differences, active, direction) : null;
  const status = statusOf(reliable, winner, differences, tolerance);
  return { status, winner, variants: reports, differences, ignored };
}

const UNIT_RANGE: Interval = { low: 0, high: 1 };

function reportsOf(
  { metric, direction, errorRate }: Pick<Experiment, "metric" | "direction" | "errorRate">,
  usable: readonly Observation[],
  active: readonly number[],
  weighing: Weighing,
  summaries: readonly Summary[],
  scale: Scale,
): VariantReport[] {
  const inUnits = summaries.map((summary) => inUnit(summary, scale));
  const takingPart = active.map((variant) => inUnits[variant]!);
  const stand = standingsOf(metric, direction, takingPart);
  const error = errorRate / summaries.length;
  return inUnits.map((summary, variant) => {
    const standing = stand[active.indexOf(variant)];
    const increments = meanIncrements(usable, variant, weighing);
    return {
      variant,
      ...summary,
      interval: intervalOf(ownIncrements(usable, variant), error, scale, summary.count),
      corrected: correctedOf(increments, error, scale, summary.count),
      best: standing?.best ?? 0,
      loss: standing?.loss ?? null,
    };
  });
}

function statusOf(
  reliable: boolean,
  winner: number | null,
  differences: readonly Difference[],
  tolerance: number,
): VerdictStatus {
  if (!reliable) return "unreliable";
  if (winner !== null) return "decided";
  const small = ({ interval }: Difference) =>
    interval !== null && interval.low >= -tolerance && interval.high <= tolerance;
  return tolerance > 0 && differences.length > 0 && differences.every(small) ? "equivalent" : "gathering";
}

function summaryOf(own: readonly Increment[]): Summary {
  const { count, mean, variance } = momentsOf(own);
  return { count, mean, spread: count > 1 ? Math.sqrt((variance * count) / (count - 1)) : 0 };
}

function inUnit({ count, mean, spread }: Summary, scale: Scale): Summary {
  return { count, mean: count === 0 ? 0 : scale.from(mean), spread: scale.difference(spread) };
}

/**
 * Bounded values are weighed against what the epoch began with, which keeps their error rate exact. Others need what is
 * close to the truth, and their error rate is asymptotic in any case.
 */
function weighingOf(
  epochs: ReadonlyMap<number, Epoch>,
  metric: Metric,
  scale: Scale,
  summaries: readonly Summary[],
): Weighing {
  if (metric.kind === "number") return { epochs, centre: (_, variant) => summaries[variant]?.mean ?? 0 };
  return { epochs, centre: ({ centre }) => scale.to(centre) ?? 0.5 };
}

function intervalOf(
  increments: readonly Increment[],
  errorRate: number,
  scale: Scale,
  own: number,
): Interval | null {
  if (scale.bounded) return mapInterval(boundedInterval(increments, errorRate, UNIT_RANGE), scale.from);
  return own < ENOUGH ? null : asymptoticInterval(momentsOf(increments), errorRate);
}

function correctedOf(
  increments: readonly Increment[],
  errorRate: number,
  scale: Scale,
  own: number,
): VariantReport["corrected"] {
  if (own === 0) return null;
  const { mean } = momentsOf(increments);
  return {
    // With few units the correction may leave the scale, which the truth never does.
    mean: scale.from(scale.bounded ? Math.min(1, Math.max(0, mean)) : mean),
    interval: intervalOf(increments, errorRate, scale, own),
  };
}
