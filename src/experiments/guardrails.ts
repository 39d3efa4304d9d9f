import { asymptoticInterval, boundedInterval, ENOUGH, momentsOf } from "./confidence.ts";
import type { Guardrail, Observation } from "./experiment.ts";
import { mapInterval, scaleOf } from "./scale.ts";

/** A variant that is beyond a guardrail's limit. */
export interface Breach {
  readonly variant: number;
  readonly guardrail: Guardrail;
  readonly mean: number;
  /** What the mean is at least (where the limit is the most) or at most (where it is the least). */
  readonly surely: number;
  readonly units: number;
  /** A sentence for people. */
  readonly reason: string;
}

/**
 * The variants whose mean is surely beyond a limit. It may be asked after every unit: the probability that it ever
 * switches off any variant that keeps all limits is at most `errorRate`.
 * @param observations of each guardrail's metric, in the order of `guardrails`
 */
export function breaches(
  guardrails: readonly Guardrail[],
  observations: readonly (readonly Observation[])[],
  variants: number,
  errorRate: number,
): Breach[] {
  const error = errorRate / Math.max(1, guardrails.length * variants);
  return guardrails.flatMap((guardrail, index) =>
    Array.from({ length: variants }, (_, variant) =>
      breachOf(guardrail, variant, observations[index] ?? [], error),
    ).flatMap((breach) => breach ?? []),
  );
}

function breachOf(
  guardrail: Guardrail,
  variant: number,
  observations: readonly Observation[],
  errorRate: number,
): Breach | null {
  const { metric, bound, limit } = guardrail;
  const scale = scaleOf(metric);
  const values = observations.flatMap((observation) => {
    const value = scale.to(observation.value);
    const counts = observation.variant === variant && observation.count > 0 && value !== null;
    return counts ? [{ value, floor: 0, ceiling: 1, count: observation.count }] : [];
  });
  const moments = momentsOf(values);
  if (moments.count === 0 || (!scale.bounded && moments.count < ENOUGH)) return null;
  const interval = scale.bounded
    ? mapInterval(boundedInterval(values, errorRate, { low: 0, high: 1 }), scale.from)
    : asymptoticInterval(moments, errorRate);
  const surely = bound === "at_most" ? interval.low : interval.high;
  const beyond = bound === "at_most" ? surely > limit : surely < limit;
  if (!beyond) return null;
  const words = bound === "at_most" ? ["at least", "at most"] : ["at most", "at least"];
  const reason = `${metric.name} is ${words[0]} ${Number(surely.toPrecision(4))}, and may be ${words[1]} ${limit} (${moments.count} units)`;
  return { variant, guardrail, mean: scale.from(moments.mean), surely, units: moments.count, reason };
}
