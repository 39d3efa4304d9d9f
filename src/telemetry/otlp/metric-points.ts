import type { HistogramPoint, MetricFamily, NumberPoint } from "../metric-family.ts";
import { attributesOf, nanos } from "./attributes.ts";

/** Everything is counted from the start of the process, as Prometheus does. */
const CUMULATIVE = 2;

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/** One metric as the text of OTLP's JSON. `startedAt` and `now` are Unix milliseconds. */
export function metricJson(family: MetricFamily, startedAt: number, now: number): string {
  const { name, help: description, unit } = family;
  const times = { startTimeUnixNano: nanos(startedAt), timeUnixNano: nanos(now) };
  return JSON.stringify({ name, description, unit, ...dataOf(family, times) });
}

function dataOf(family: MetricFamily, times: Times): object {
  const aggregationTemporality = CUMULATIVE;
  if (family.type === "histogram") {
    const dataPoints = family.points.map((point) => histogramPoint(point, times));
    return { histogram: { aggregationTemporality, dataPoints } };
  }
  const dataPoints = family.points.map((point) => numberPoint(point, times));
  if (family.type === "gauge") return { gauge: { dataPoints } };
  return { sum: { aggregationTemporality, isMonotonic: true, dataPoints } };
}

function numberPoint({ labels = {}, value }: NumberPoint, times: Times): object {
  return { attributes: attributesOf(labels), ...times, asDouble: value };
}

function histogramPoint({ labels, histogram }: HistogramPoint, times: Times): object {
  const { count, sum, counts, bounds } = histogram;
  return {
    attributes: attributesOf(labels),
    ...times,
    count: String(count),
    sum,
    bucketCounts: counts.map(String),
    explicitBounds: bounds,
  };
}
