/**
 * What a unit of an experiment is: whatever has one variant from its first request to its last, and counts once.
 * `variable:NAME` is the value of a template's variable.
 */
export type Unit = "run" | "thread" | "agent" | "request" | `variable:${string}`;

/** Metrics that every record has; any other name is feedback of that name. `finish:REASON` is one too. */
export const RECORDED_METRICS = [
  "cost",
  "latency",
  "first_token",
  "output_tokens",
  "failure",
  "refusal",
] as const;

/**
 * What is measured. A `boolean` is 0 or 1. A `bounded` number never leaves `min` to `max`, as a rating of 1 to 5; its
 * statistics hold for any number of units. A `number` has no bounds, as costs; its statistics hold for many units.
 */
export type Metric =
  | { readonly name: string; readonly kind: "boolean" }
  | { readonly name: string; readonly kind: "bounded"; readonly min: number; readonly max: number }
  | { readonly name: string; readonly kind: "number" };

export type Direction = "maximize" | "minimize";

/** One of the alternatives. Where model, route or parameters are absent, the request's own stay. */
export interface Variant {
  readonly name: string;
  /** The version of the experiment's template. */
  readonly version: string;
  readonly model?: string;
  readonly route?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  /** Why it gets no more units; absent while it takes part. */
  readonly switchedOff?: string;
}

/** A variant whose mean is surely beyond a limit is switched off. */
export interface Guardrail {
  readonly metric: Metric;
  readonly bound: "at_most" | "at_least";
  readonly limit: number;
}

export type Allocation =
  /** One weight a variant, in any unit. */
  | { readonly kind: "fixed"; readonly weights: readonly number[] }
  /** A variant gets the probability that it is the best, but no less than `minimumShare`. */
  | { readonly kind: "thompson"; readonly minimumShare: number };

/** Which requests take part; an absent list does not narrow. */
export interface Contexts {
  readonly agents?: readonly string[];
  readonly keys?: readonly string[];
  readonly tags?: readonly string[];
  readonly models?: readonly string[];
}

export type ExperimentStatus = "draft" | "running" | "paused" | "ended";

export interface Experiment {
  /** Never used again for another: units are assigned by it. */
  readonly id: string;
  readonly template: string;
  /** In an order that never changes: everything else refers to a variant by its place here. */
  readonly variants: readonly Variant[];
  readonly unit: Unit;
  readonly contexts: Contexts;
  /** Share of units that take no part, 0 to below 1. */
  readonly outside: number;
  readonly allocation: Allocation;
  readonly metric: Metric;
  readonly direction: Direction;
  readonly guardrails: readonly Guardrail[];
  /** Most probability of ever declaring a wrong winner, as 0.05. */
  readonly errorRate: number;
  /** A difference in the metric's mean that matters to nobody; 0 where every difference counts. */
  readonly tolerance: number;
  readonly status: ExperimentStatus;
}

/**
 * A time of one allocation. All of it is settled before its first unit and kept with the experiment, so that every
 * process assigns alike and estimates can be corrected by what each unit's chance really was.
 */
export interface Epoch {
  readonly number: number;
  /** Unix milliseconds. */
  readonly startedAt: number;
  /** Of each variant, in the experiment's order; 0 for those switched off. Sum 1. */
  readonly probabilities: readonly number[];
  /** What the metric's mean was thought to be as the epoch began; the closer, the narrower the estimates. */
  readonly centre: number;
}

/** One unit's outcome, or `count` units alike. */
export interface Observation {
  readonly variant: number;
  /** The number of the epoch that decided its variant. */
  readonly epoch: number;
  /** A boolean as 0 or 1. */
  readonly value: number;
  readonly count: number;
}

/** The smallest share that Thompson sampling may leave a variant: below it, nothing can be learnt of it any more. */
export const SMALLEST_SHARE = 0.01;
const MAX_VARIANTS = 20;

/** What is wrong with an experiment, one sentence each; none when it can run. */
export function experimentProblems(experiment: Experiment): string[] {
  const { variants, allocation, outside, errorRate, tolerance, metric } = experiment;
  const problems: string[] = [];
  const need = (holds: boolean, problem: string) => {
    if (!holds) problems.push(problem);
  };
  need(experiment.id !== "", "An experiment needs an id.");
  need(
    variants.length >= 2 && variants.length <= MAX_VARIANTS,
    `An experiment has 2 to ${MAX_VARIANTS} variants.`,
  );
  need(new Set(variants.map(({ name }) => name)).size === variants.length, "Two variants have one name.");
  need(outside >= 0 && outside < 1, "The share outside is from 0 to below 1.");
  need(errorRate > 0 && errorRate <= 0.5, "The error rate is above 0 and at most 0.5.");
  need(tolerance >= 0 && Number.isFinite(tolerance), "The tolerance is 0 or more.");
  for (const one of [metric, ...experiment.guardrails.map((guardrail) => guardrail.metric)])
    need(
      one.kind !== "bounded" ||
        (one.min < one.max && Number.isFinite(one.min) && Number.isFinite(one.max - one.min)),
      `The metric ${one.name} needs a min below its max.`,
    );
  for (const { metric: guarded, limit } of experiment.guardrails)
    need(Number.isFinite(limit), `The limit of ${guarded.name} is not a number.`);
  return [...problems, ...allocationProblems(allocation, variants.length)];
}

function allocationProblems(allocation: Allocation, variants: number): string[] {
  if (allocation.kind === "thompson") {
    const { minimumShare } = allocation;
    const fits = minimumShare >= SMALLEST_SHARE && minimumShare * variants <= 1;
    return fits ? [] : [`The minimum share is at least ${SMALLEST_SHARE} and at most 1 / variants.`];
  }
  const { weights } = allocation;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const valid = weights.length === variants && weights.every((weight) => weight > 0) && Number.isFinite(sum);
  return valid ? [] : ["Fixed weights are one number above 0 for each variant."];
}
