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

/** What is wrong, in a sentence, and the setting that it is about. */
export interface StrategyProblem {
  readonly about: "strategy" | "targets" | "weights" | "thresholds" | "strong_share" | "learn" | "mirror";
  readonly message: string;
}

const HEAVIEST = 1_000_000;
/** How probable each is to be the best takes a time that grows with the square of how many there are. */
const MOST_LEARNED = 16;

/** What is wrong with a route; empty where nothing is. */
export function strategyProblems(route: RouteSettings): StrategyProblem[] {
  return [
    ...optionProblems(route),
    ...qualityProblems(route),
    ...learnProblems(route),
    ...mirrorProblems(route),
  ];
}

function about(setting: StrategyProblem["about"], ...messages: readonly string[]): StrategyProblem[] {
  return messages.map((message) => ({ about: setting, message }));
}

function optionProblems({ options }: RouteSettings): StrategyProblem[] {
  if (options.length === 0) return about("targets", "A route needs a target.");
  const problems: StrategyProblem[] = [];
  const names = new Set<string>();
  for (const { name, weight } of options) {
    if (names.has(name)) problems.push(...about("targets", `The target ${name} is named twice.`));
    names.add(name);
    if (!isWeight(weight)) problems.push(...about("weights", wrongWeight(name, weight)));
  }
  if (problems.length === 0 && options.every(({ weight }) => weight === 0))
    return about("weights", "All weights are 0: at least one target needs a weight above it.");
  return problems;
}

function qualityProblems({ strategy, options, thresholds, strongShare }: RouteSettings): StrategyProblem[] {
  const given = thresholds === undefined ? "strong_share" : "thresholds";
  if (strategy !== "quality") {
    return thresholds === undefined && strongShare === undefined
      ? []
      : about(given, `Thresholds and a strong share are for the strategy quality, not ${strategy}.`);
  }
  if (options.length < 2)
    return about("targets", "The strategy quality needs a strong target and a weak one.");
  if (thresholds === undefined && strongShare === undefined)
    return about("strategy", "The strategy quality needs thresholds or a strong share.");
  if (thresholds !== undefined && strongShare !== undefined)
    return about("strong_share", "The strategy quality needs thresholds or a strong share, and not both.");
  if (thresholds !== undefined) return about("thresholds", ...thresholdProblems(thresholds, options.length));
  return isShare(strongShare!)
    ? []
    : about("strong_share", `The strong share is ${strongShare}: it is a number from 0 to 1.`);
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

function learnProblems({ strategy, options, weights }: RouteSettings): StrategyProblem[] {
  if (strategy !== "learn")
    return weights === undefined
      ? []
      : about("learn", `Weights of cost and latency are for the strategy learn, not ${strategy}.`);
  const problems: StrategyProblem[] = [];
  if (options.length > MOST_LEARNED)
    problems.push(
      ...about("targets", `The strategy learn takes at most ${MOST_LEARNED} targets, not ${options.length}.`),
    );
  for (const [name, weight] of Object.entries(weights ?? {}))
    if (!isWeight(weight)) problems.push(...about("learn", wrongWeight(name, weight)));
  return problems;
}

function mirrorProblems({ mirror, options }: RouteSettings): StrategyProblem[] {
  if (mirror === undefined) return [];
  const problems: string[] = [];
  if (!isShare(mirror.share))
    problems.push(`The mirror's share is ${mirror.share}: it is a number from 0 to 1.`);
  if (options.length === 1 && options[0]!.name === mirror.to)
    problems.push(`The mirror ${mirror.to} is the route's only target.`);
  return about("mirror", ...problems);
}

function isWeight(value: number): boolean {
  return value >= 0 && value <= HEAVIEST;
}

function wrongWeight(name: string, weight: number): string {
  return `The weight of ${name} is ${weight}: it is a number from 0 to ${HEAVIEST}.`;
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}
