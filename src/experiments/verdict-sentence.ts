import type { Experiment } from "./experiment.ts";
import type { Verdict } from "./verdict.ts";

/** The verdict in words for people. */
export function verdictSentence(
  experiment: Pick<Experiment, "variants" | "metric" | "direction" | "errorRate" | "tolerance">,
  verdict: Verdict,
): string {
  const { metric, errorRate, tolerance } = experiment;
  const units = verdict.variants.reduce((sum, { count }) => sum + count, 0);
  const counted = `${units} unit${units === 1 ? "" : "s"} with a value of ${metric.name}`;
  switch (verdict.status) {
    case "decided":
      return decided(experiment, verdict, counted);
    case "equivalent":
      return `No difference in ${metric.name} is beyond ${tolerance}, after ${counted} (error rate ${percent(errorRate)}).`;
    case "unreliable":
      return `Nothing can be concluded: the ${counted} are not shared out as they were assigned. Feedback comes more often from some variants than from others, or records are missing.`;
    case "gathering":
      return gathering(experiment, verdict, counted);
  }
}

type Parts = Pick<Experiment, "variants" | "metric" | "direction" | "errorRate">;

function decided(
  { variants, metric, direction, errorRate }: Parts,
  verdict: Verdict,
  counted: string,
): string {
  const { winner } = verdict;
  if (winner === null) return "";
  const better = direction === "maximize" ? "higher" : "lower";
  const differences = verdict.differences.flatMap(({ variant, other, interval }) => {
    if (interval === null || (variant !== winner && other !== winner)) return [];
    const loser = variants[variant === winner ? other : variant];
    const [least, most] = [Math.abs(interval.low), Math.abs(interval.high)].sort((a, b) => a - b);
    return [`than that of ${loser?.name} by ${figure(least!)} to ${figure(most!)}`];
  });
  return `${variants[winner]?.name} is the best: its mean of ${metric.name} is ${better} ${differences.join(", ")} (error rate ${percent(errorRate)}, ${counted}).`;
}

function gathering({ variants }: Parts, { variants: reports }: Verdict, counted: string): string {
  const active = variants.filter(({ switchedOff }) => switchedOff === undefined);
  if (active.length === 1)
    return `Only ${active[0]!.name} takes part; nothing is left to compare (${counted}).`;
  if (active.length === 0) return `No variant takes part any more (${counted}).`;
  const [first] = reports.toSorted((a, b) => b.best - a.best);
  const leads =
    first !== undefined && first.count > 0
      ? ` ${variants[first.variant]?.name} leads: it is the best with a probability of ${percent(first.best)}.`
      : "";
  return `Nothing is decided yet, after ${counted}.${leads}`;
}

/** Four digits that say something. */
function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
