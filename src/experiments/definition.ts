import { draftFault } from "../prompts/draft-fault.ts";
import { labelFault } from "../prompts/label-name.ts";
import type { Json } from "../prompts/template.ts";
import { nameFault, versionFault } from "../prompts/template-id.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import { type Experiment, experimentProblems, type Variant } from "./experiment.ts";
import { metricProblem } from "./metrics.ts";

/** What people say of an experiment before it is kept. */
export interface NewExperiment
  extends Omit<Experiment, "id" | "status">,
    Pick<KeptExperiment, "description" | "whenDecided" | "label"> {
  /** Null for `<template>-<n>`. */
  readonly id: string | null;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const VARIANT_NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const VARIABLE = /^variable:[\p{L}\p{N}_.-]{1,100}$/u;
const UNITS: ReadonlySet<string> = new Set(["run", "thread", "agent", "request"]);
/** A variant with less would never be chosen, as probabilities are rounded. */
const SMALLEST_WEIGHT = 0.001;
const MOST_GUARDRAILS = 20;
const MOST_NAMES = 100;
const MAX_NAME = 500;
const MAX_DESCRIPTION = 2_000;
/** No more are looked at one by one. */
const MOST_PROBLEMS = 10;

/** What is wrong with a definition in itself, one sentence each. Whether its versions exist is another question. */
export function definitionProblems(experiment: Omit<KeptExperiment, "revision">): string[] {
  const general = experimentProblems(experiment);
  const own = [
    ...idProblems(experiment),
    ...experiment.variants.slice(0, MOST_NAMES).flatMap((variant) => variantProblems(experiment, variant)),
    ...metricProblems(experiment),
    ...contextProblems(experiment),
    ...weightProblems(experiment),
  ];
  return [...new Set([...general, ...own])].slice(0, MOST_PROBLEMS);
}

function idProblems({ id, description, template, label, unit }: Omit<KeptExperiment, "revision">): string[] {
  const isUnit = UNITS.has(unit) || VARIABLE.test(unit);
  return [
    ...unless(ID.test(id), "An experiment's id is 1 to 64 letters, digits, _ and -."),
    ...fault(nameFault(template)),
    ...fault(labelFault(label)),
    ...unless(isUnit, "A unit is run, thread, agent, request, or variable: with a variable's name."),
    ...unless(
      description.length <= MAX_DESCRIPTION,
      `A description has at most ${MAX_DESCRIPTION} characters.`,
    ),
  ];
}

function variantProblems({ template }: Pick<Experiment, "template">, variant: Variant): string[] {
  const { name, version, model, route, parameters } = variant;
  if (!VARIANT_NAME.test(name)) return ["A variant's name is 1 to 64 letters, digits, _ . and -."];
  const versionProblem = versionFault(version);
  if (versionProblem !== null) return [`The variant ${name}: ${versionProblem}.`];
  if (model !== undefined && route !== undefined)
    return [`The variant ${name} has a model or a route, not both.`];
  if (route !== undefined && (route === "" || route.length > MAX_NAME || /\p{C}/u.test(route)))
    return [`The variant ${name} needs a route's name of at most ${MAX_NAME} printable characters.`];
  // They are of the same kind as those that a version suggests.
  const draft = { template, version, messages: [{ role: null, text: "" }], model: model ?? null };
  const problem = draftFault({
    ...draft,
    parameters: (parameters ?? {}) as { readonly [name: string]: Json },
  });
  return problem === null ? [] : [`The variant ${name}: ${problem}.`];
}

function metricProblems({ metric, guardrails }: Pick<Experiment, "metric" | "guardrails">): string[] {
  if (guardrails.length > MOST_GUARDRAILS)
    return [`An experiment has at most ${MOST_GUARDRAILS} guardrails.`];
  return [metric, ...guardrails.map((guardrail) => guardrail.metric)].flatMap((one) => {
    const problem = metricProblem(one);
    return problem === null ? [] : [problem];
  });
}

function contextProblems({ contexts }: Pick<Experiment, "contexts">): string[] {
  return Object.entries(contexts).flatMap(([name, list]: [string, readonly string[]]) =>
    unless(
      list.length > 0 &&
        list.length <= MOST_NAMES &&
        list.every((entry) => entry !== "" && entry.length <= MAX_NAME),
      `The context ${name} is a list of 1 to ${MOST_NAMES} texts of 1 to ${MAX_NAME} characters; without it, nothing is narrowed.`,
    ),
  );
}

function weightProblems({ allocation }: Pick<Experiment, "allocation">): string[] {
  if (allocation.kind !== "fixed") return [];
  const sum = allocation.weights.reduce((total, weight) => total + weight, 0);
  const isSmall = allocation.weights.some((weight) => weight > 0 && weight / sum < SMALLEST_WEIGHT);
  return unless(
    !isSmall,
    `Each variant gets a share of at least ${SMALLEST_WEIGHT}, or nothing can be learnt of it.`,
  );
}

function unless(holds: boolean, problem: string): string[] {
  return holds ? [] : [problem];
}

/** The prompts' faults begin with a small letter and end without a full stop. */
function fault(text: string | null): string[] {
  return text === null ? [] : [`${text[0]!.toUpperCase()}${text.slice(1)}.`];
}
