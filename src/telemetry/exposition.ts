import type { Histogram } from "./histogram.ts";
import { type Labels, type MetricFamily, prometheusLabel, prometheusName } from "./metric-family.ts";

/** One metric in the Prometheus text format, version 0.0.4: help, type, samples. Nothing when it has no points. */
export function exposition(family: MetricFamily): string {
  if (family.points.length === 0) return "";
  const name = prometheusName(family);
  let text = `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`;
  if (family.type === "histogram") {
    for (const { labels, histogram } of family.points) text += buckets(name, labelPairs(labels), histogram);
    return text;
  }
  for (const { labels, value } of family.points)
    text += `${name}${inBraces(labels === undefined ? "" : labelPairs(labels))} ${number(value)}\n`;
  return text;
}

/** The cumulative buckets, the sum and the count. */
function buckets(name: string, labels: string, { bounds, counts, sum, count }: Histogram): string {
  const before = labels === "" ? "" : `${labels},`;
  let text = "";
  let cumulative = 0;
  for (const [index, bucket] of counts.entries()) {
    cumulative += bucket;
    const bound = bounds[index] ?? Number.POSITIVE_INFINITY;
    text += `${name}_bucket{${before}le="${number(bound)}"} ${cumulative}\n`;
  }
  return `${text}${name}_sum${inBraces(labels)} ${number(sum)}\n${name}_count${inBraces(labels)} ${count}\n`;
}

function labelPairs(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${prometheusLabel(name)}="${escapeLabel(value)}"`)
    .join(",");
}

function inBraces(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}

function escapeLabel(value: string): string {
  // Half a surrogate pair has no place in UTF-8, and Prometheus refuses a page that is none.
  return escapeHelp(value.toWellFormed()).replaceAll('"', '\\"');
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function number(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
