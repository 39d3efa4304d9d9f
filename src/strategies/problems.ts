import type { StrategyName } from "./strategy.ts";

/** A route as somebody has written it. */
export interface RouteSettings {
  readonly strategy: StrategyName;
  readonly options: readonly { readonly name: string; readonly weight: number }[];
  readonly thresholds?: readonly number[];
  readonly strongShare?: number;
  /** Of `learn`: what cost and latency weigh beside feedback. */
  readonly weights?: { readonly cost: number; readonly latency: number };
  readonly mirror?: { readonly to: string; readonly share: number };
}

const HEAVIEST = 1_000_000;
/** How probable each is to be the best takes a time that grows with the square of how many there are. */
const MOST_LEARNED = 16;

/** What is wrong with a route, one sentence each; empty where nothing is. */
export function strategyProblems(route: RouteSettings): string[] {
  return [
    ...optionProblems(route),
    ...qualityProblems(route),
    ...learnProblems(route),
    ...mirrorProblems(route),
  ];
}

function optionProblems({ options }: RouteSettings): string[] {
  if (options.length === 0) return ["A route needs a target."];
  const problems: string[] = [];
  const names = new Set<string>();
  for (const { name, weight } of options) {
    if (names.has(name)) problems.push(`The target ${name} is named twice.`);
    names.add(name);
    if (!(weight >= 0 && weight <= HEAVIEST))
      problems.push(`The weight of ${name} is ${weight}: it is a number from 0 to ${HEAVIEST}.`);
  }
  if (problems.length === 0 && options.every(({ weight }) => weight === 0))
    problems.push("All weights are 0: at least one target needs a weight above it.");
  return problems;
}

function qualityProblems({ strategy, options, thresholds, strongShare }: RouteSettings): string[] {
  if (strategy !== "quality") {
    return thresholds === undefined && strongShare === undefined
      ? []
      : [`Thresholds and a strong share are for the strategy quality, not ${strategy}.`];
  }
  if (options.length < 2) return ["The strategy quality needs a strong target and a weak one."];
  if ((thresholds === undefined) === (strongShare === undefined))
    return ["The strategy quality needs thresholds or a strong share, and not both."];
  if (strongShare !== undefined)
    return isShare(strongShare) ? [] : [`The strong share is ${strongShare}: it is a number from 0 to 1.`];
  return thresholdProblems(thresholds!, options.length);
}

function thresholdProblems(thresholds: readonly number[], options: number): string[] {
  const problems: string[] = [];
  if (thresholds.length !== options - 1)
    problems.push(`${options} targets need ${options - 1} thresholds, not ${thresholds.length}.`);
  for (const [at, threshold] of thresholds.entries()) {
    if (!isShare(threshold)) problems.push(`The threshold ${threshold} is no number from 0 to 1.`);
    else if (at > 0 && !(threshold < thresholds[at - 1]!))
      problems.push(`The threshold ${threshold} is not below the one before it, ${thresholds[at - 1]}.`);
  }
  return problems;
}

function learnProblems({ strategy, options, weights }: RouteSettings): string[] {
  if (strategy !== "learn")
    return weights === undefined
      ? []
      : [`Weights of cost and latency are for the strategy learn, not ${strategy}.`];
  const problems: string[] = [];
  if (options.length > MOST_LEARNED)
    problems.push(`The strategy learn takes at most ${MOST_LEARNED} targets, not ${options.length}.`);
  for (const [name, weight] of Object.entries(weights ?? {}))
    if (!(weight >= 0 && weight <= HEAVIEST))
      problems.push(`The weight of ${name} is ${weight}: it is a number from 0 to ${HEAVIEST}.`);
  return problems;
}

function mirrorProblems({ mirror, options }: RouteSettings): string[] {
  if (mirror === undefined) return [];
  const problems: string[] = [];
  if (!isShare(mirror.share))
    problems.push(`The mirror's share is ${mirror.share}: it is a number from 0 to 1.`);
  if (options.length === 1 && options[0]!.name === mirror.to)
    problems.push(`The mirror ${mirror.to} is the route's only target.`);
  return problems;
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}
