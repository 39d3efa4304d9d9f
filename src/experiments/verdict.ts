import {
  asymptoticInterval,
  boundedInterval,
  evidenceAbove,
  type Increment,
  type Interval,
  momentsOf,
} from "./confidence.ts";
import {
  differenceIncrements,
  meanIncrements,
  ownIncrements,
  shareIncrements,
  type Weighing,
} from "./corrected.ts";
import type { Epoch, Experiment, Metric, Observation } from "./experiment.ts";
import type { Summary } from "./posterior.ts";
import { mapInterval, type Scale, scaleOf } from "./scale.ts";
import { standingsOf } from "./thompson.ts";

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

/** How much higher the mean of `variant` is than that of `other`, corrected. */
export interface Difference {
  readonly variant: number;
  readonly other: number;
  readonly mean: number;
  readonly interval: Interval | null;
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

/** Units of a variant before anything is concluded from values without bounds. */
const ENOUGH = 100;
/** Of finding units shared out wrongly when they are not. */
const SHARE_ERROR = 0.001;

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
  const inUnits = summaries.map((summary) => inUnit(summary, scale));
  const stand = standingsOf(
    metric,
    direction,
    active.map((variant) => inUnits[variant]!),
  );
  const reports = variants.map((_, variant) => {
    const error = errorRate / variants.length;
    const own = ownIncrements(usable, variant);
    const place = active.indexOf(variant);
    return {
      variant,
      ...inUnits[variant]!,
      interval: intervalOf(own, error, scale, UNIT_RANGE, summaries[variant]!.count),
      corrected: correctedOf(
        meanIncrements(usable, variant, weighing),
        error,
        scale,
        summaries[variant]!.count,
      ),
      best: stand[place]?.best ?? 0,
      loss: stand[place]?.loss ?? null,
    };
  });
  const differences = differencesOf(usable, active, weighing, summaries, errorRate, scale);
  const reliable = sharedAsAssigned(usable, variants.length, byNumber);
  const winner = reliable ? winnerOf(differences, active, direction) : null;
  const status = statusOf(reliable, winner, differences, tolerance);
  return { status, winner, variants: reports, differences, ignored };
}

const UNIT_RANGE: Interval = { low: 0, high: 1 };
const DIFFERENCE_RANGE: Interval = { low: -1, high: 1 };

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

/** Scaled, and without what cannot be. */
function usableOf(
  observations: readonly Observation[],
  variants: number,
  epochs: ReadonlyMap<number, Epoch>,
  scale: Scale,
): { usable: Observation[]; ignored: number } {
  const usable: Observation[] = [];
  let ignored = 0;
  for (const observation of observations) {
    const { variant, epoch, count } = observation;
    if (!(count > 0 && Number.isFinite(count))) continue;
    const value = scale.to(observation.value);
    const known = variant < variants && (epochs.get(epoch)?.probabilities[variant] ?? 0) > 0;
    if (known && value !== null) usable.push({ variant, epoch, value, count });
    else ignored += count;
  }
  return { usable, ignored };
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
  range: Interval,
  enough: number,
): Interval | null {
  if (scale.bounded) return mapInterval(boundedInterval(increments, errorRate, range), scale.from);
  return enough < ENOUGH ? null : asymptoticInterval(momentsOf(increments), errorRate);
}

function correctedOf(
  increments: readonly Increment[],
  errorRate: number,
  scale: Scale,
  own: number,
): VariantReport["corrected"] {
  if (own === 0) return null;
  return {
    mean: scale.from(momentsOf(increments).mean),
    interval: intervalOf(increments, errorRate, scale, UNIT_RANGE, own),
  };
}

/** All of them hold together: the error rate is divided among the pairs. */
function differencesOf(
  usable: readonly Observation[],
  active: readonly number[],
  weighing: Weighing,
  summaries: readonly Summary[],
  errorRate: number,
  scale: Scale,
): Difference[] {
  const pairs = active.flatMap((variant, index) =>
    active.slice(index + 1).map((other) => ({ variant, other })),
  );
  return pairs.map(({ variant, other }) => {
    const increments = differenceIncrements(usable, variant, other, weighing);
    const error = errorRate / pairs.length;
    const fewest = Math.min(summaries[variant]!.count, summaries[other]!.count);
    const bounds = scale.bounded
      ? boundedInterval(increments, error, DIFFERENCE_RANGE)
      : fewest < ENOUGH
        ? null
        : asymptoticInterval(momentsOf(increments), error);
    return {
      variant,
      other,
      mean: scale.difference(momentsOf(increments).mean),
      interval: bounds && mapInterval(bounds, scale.difference),
    };
  });
}

/** The one that is surely better than all others. A difference that may be 0 is none. */
function winnerOf(
  differences: readonly Difference[],
  active: readonly number[],
  direction: Experiment["direction"],
): number | null {
  const beats = new Map<number, number>(active.map((variant) => [variant, 0]));
  for (const { variant, other, interval } of differences) {
    if (interval === null || (interval.low <= 0 && interval.high >= 0)) continue;
    const better = interval.low > 0 === (direction === "maximize") ? variant : other;
    beats.set(better, (beats.get(better) ?? 0) + 1);
  }
  if (active.length < 2) return null;
  return active.find((variant) => beats.get(variant) === active.length - 1) ?? null;
}

/** Whether units with a value are spread over the variants as their chances say. */
function sharedAsAssigned(
  usable: readonly Observation[],
  variants: number,
  epochs: ReadonlyMap<number, Epoch>,
): boolean {
  const needed = Math.log((2 * variants) / SHARE_ERROR);
  return Array.from({ length: variants }, (_, variant) => shareIncrements(usable, variant, epochs)).every(
    (increments) =>
      evidenceAbove(increments, 1) < needed &&
      evidenceAbove(
        increments.map(({ value, ceiling, ...rest }) => ({
          ...rest,
          value: -value,
          floor: -ceiling,
          ceiling: 0,
        })),
        -1,
      ) < needed,
  );
}
