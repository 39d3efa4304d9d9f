import type { Histogram } from "./histogram.ts";

export type Labels = Readonly<Record<string, string>>;

export interface NumberPoint {
  readonly labels?: Labels;
  readonly value: number;
}

export interface HistogramPoint {
  readonly labels: Labels;
  readonly histogram: Histogram;
}

interface Described {
  /** As OpenTelemetry spells names: `gen_ai.client.token.usage`. */
  readonly name: string;
  /** In UCUM: `s`, `By`, or what is counted in braces, `{request}`. */
  readonly unit: string;
  readonly help: string;
}

/** One metric with all of its points. Counters and histograms count from the start of the process. */
export type MetricFamily = Described &
  (
    | { readonly type: "counter" | "gauge"; readonly points: readonly NumberPoint[] }
    | { readonly type: "histogram"; readonly points: readonly HistogramPoint[] }
  );

const UNIT_SUFFIXES: Readonly<Record<string, string>> = { s: "_seconds", By: "_bytes" };

/**
 * The name in Prometheus, by the rules of OpenTelemetry's compatibility specification: dots become underscores, units
 * are spelled out at the end, those in braces left out, and counters end in `_total`.
 */
export function prometheusName({ name, unit, type }: Pick<MetricFamily, "name" | "unit" | "type">): string {
  const total = type === "counter" ? "_total" : "";
  return `${prometheusLabel(name)}${UNIT_SUFFIXES[unit] ?? ""}${total}`;
}

/** `gen_ai.request.model` as Prometheus spells it. */
export function prometheusLabel(name: string): string {
  return name.replaceAll(".", "_");
}

/** A metric that only rises. */
export function counter(
  name: string,
  unit: string,
  help: string,
  points: readonly NumberPoint[],
): MetricFamily {
  return { type: "counter", name, unit, help, points };
}

/** A metric that tells how something is now. */
export function gauge(
  name: string,
  unit: string,
  help: string,
  points: readonly NumberPoint[],
): MetricFamily {
  return { type: "gauge", name, unit, help, points };
}

/** A metric of values counted in buckets. */
export function histogram(
  name: string,
  unit: string,
  help: string,
  points: readonly HistogramPoint[],
): MetricFamily {
  return { type: "histogram", name, unit, help, points: points.filter((point) => point.histogram.count > 0) };
}
