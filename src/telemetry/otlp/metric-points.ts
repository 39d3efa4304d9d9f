import type { HistogramPoint, MetricFamily, NumberPoint } from "../metric-family.ts";
import { Attributes, jsonText, nanos } from "./attributes.ts";

/** Everything is counted from the start of the process, as Prometheus does. */
const CUMULATIVE = 2;

/** One metric as the text of OTLP's JSON. `startedAt` and `now` are Unix milliseconds. */
export function metricJson(family: MetricFamily, startedAt: number, now: number): string {
  const times = `"startTimeUnixNano":"${nanos(startedAt)}","timeUnixNano":"${nanos(now)}"`;
  const described = `"name":${jsonText(family.name)},"description":${jsonText(family.help)},"unit":${jsonText(family.unit)}`;
  return `{${described},${dataOf(family, times)}}`;
}

function dataOf(family: MetricFamily, times: string): string {
  if (family.type === "histogram") {
    const points = family.points.map((point) => histogramPoint(point, times)).join(",");
    return `"histogram":{"aggregationTemporality":${CUMULATIVE},"dataPoints":[${points}]}`;
  }
  const points = family.points.map((point) => numberPoint(point, times)).join(",");
  if (family.type === "gauge") return `"gauge":{"dataPoints":[${points}]}`;
  return `"sum":{"aggregationTemporality":${CUMULATIVE},"isMonotonic":true,"dataPoints":[${points}]}`;
}

function numberPoint({ labels, value }: NumberPoint, times: string): string {
  return `{${attributesOf(labels)},${times},"asDouble":${value}}`;
}

function histogramPoint({ labels, histogram }: HistogramPoint, times: string): string {
  const { count, sum, counts, bounds } = histogram;
  const buckets = counts.map((bucket) => `"${bucket}"`).join(",");
  return (
    `{${attributesOf(labels)},${times},"count":"${count}","sum":${sum},` +
    `"bucketCounts":[${buckets}],"explicitBounds":[${bounds.join(",")}]}`
  );
}

function attributesOf(labels: NumberPoint["labels"]): string {
  return `"attributes":${new Attributes().texts(labels ?? {}).json()}`;
}
