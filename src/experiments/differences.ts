import { asymptoticInterval, boundedInterval, ENOUGH, type Interval, momentsOf } from "./confidence.ts";
import { differenceIncrements, type Weighing } from "./corrected.ts";
import type { Experiment, Observation } from "./experiment.ts";
import type { Summary } from "./posterior.ts";
import { mapInterval, type Scale } from "./scale.ts";

/** How much higher the mean of `variant` is than that of `other`, corrected. */
export interface Difference {
  readonly variant: number;
  readonly other: number;
  readonly mean: number;
  readonly interval: Interval | null;
}

const RANGE: Interval = { low: -1, high: 1 };

/**
 * All of them hold together. The error rate is divided among the pairs of all variants, also of those that take part no
 * more: which these are follows from the data.
 */
export function differencesOf(
  usable: readonly Observation[],
  active: readonly number[],
  weighing: Weighing,
  summaries: readonly Summary[],
  errorRate: number,
  scale: Scale,
): Difference[] {
  const error = errorRate / ((summaries.length * (summaries.length - 1)) / 2);
  const pairs = active.flatMap((variant, index) =>
    active.slice(index + 1).map((other) => ({ variant, other })),
  );
  return pairs.map(({ variant, other }) => {
    const increments = differenceIncrements(usable, variant, other, weighing);
    const fewest = Math.min(summaries[variant]!.count, summaries[other]!.count);
    const bounds = scale.bounded
      ? boundedInterval(increments, error, RANGE)
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
export function winnerOf(
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
