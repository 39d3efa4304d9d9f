import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Evaluation, Obstacle } from "./evaluate.ts";

/** What is told about. */
export interface AskedPolicy {
  readonly experiment: Pick<KeptExperiment, "id" | "template" | "variants">;
  readonly metric: string;
  readonly name: string;
  /** The version that no variant has, where it is about one. */
  readonly unknownVersion: string | null;
}

/** What an allocation would have earned in words for people, or why the log cannot say it and what helps. */
export function estimateSentence(asked: AskedPolicy, evaluation: Evaluation): string {
  const { experiment, metric, name, unknownVersion } = asked;
  if (unknownVersion !== null)
    return `No request of ${experiment.id} had version ${unknownVersion} of ${experiment.template}, so its log cannot tell what it would earn. Give it a small share of an experiment: amsterdam experiments create --template ${experiment.template} --variant ${experiment.variants[0]?.name}=${experiment.variants[0]?.version} --variant new=${unknownVersion}`;
  if (evaluation.obstacles.length > 0)
    return `The log cannot tell what ${name} would earn. ${evaluation.obstacles.map(obstacleText).join(" ")}`;
  const { doublyRobust, units, effectiveUnits } = evaluation;
  const { mean, interval } = doublyRobust;
  const range = interval === null ? "" : `, surely ${figure(interval.low)} to ${figure(interval.high)}`;
  return `With ${name}, the mean of ${metric} would have been ${figure(mean)}${range} (${units} units, worth ${Math.floor(effectiveUnits)} of its own).`;
}

function obstacleText(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "no_units":
      return "No unit has a value of the metric.";
    case "no_overlap":
      return `For ${percent(obstacle.share)} of the units it wants what was never done for units of their kind (their model and agent); an experiment has to try it there.`;
    case "few_effective_units":
      return `The units that speak for it are worth ${Math.floor(obstacle.units)}, and 50 are needed. More traffic helps, or a larger share of what it wants.`;
    case "wrong_probabilities":
      return `The recorded probabilities do not fit what was done (weights have a mean of ${figure(obstacle.meanWeight)}, not of 1): feedback comes more often from some variants, or records are missing.`;
  }
}

function figure(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}
