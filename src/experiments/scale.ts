import type { Interval } from "./confidence.ts";
import type { Metric } from "./experiment.ts";

/** How a metric's values are worked with: bounded ones from 0 to 1, others as they are. */
export interface Scale {
  readonly bounded: boolean;
  /** Null where the value cannot be one of this metric: no number, or beyond its bounds. */
  to(value: number): number | null;
  from(scaled: number): number;
  /** Of a difference of two values. */
  difference(scaled: number): number;
}

/** Fourth powers of larger numbers, added up, overflow; one such value would leave nothing to say of a variant. */
const LARGEST = 1e15;

export function scaleOf(metric: Metric): Scale {
  if (metric.kind === "number") {
    const possible = (value: number) => (Math.abs(value) <= LARGEST ? value : null);
    return { bounded: false, to: possible, from: same, difference: same };
  }
  const { min, max } = metric.kind === "bounded" ? metric : { min: 0, max: 1 };
  return {
    bounded: true,
    to: (value) => (value >= min && value <= max ? (value - min) / (max - min) : null),
    from: (scaled) => min + (max - min) * scaled,
    difference: (scaled) => (max - min) * scaled,
  };
}

export function mapInterval({ low, high }: Interval, change: (scaled: number) => number): Interval {
  return { low: change(low), high: change(high) };
}

function same(value: number): number {
  return value;
}
