import { z } from "zod";
import type { NewExperiment } from "../experiments/definition.ts";
import {
  type Allocation,
  type Guardrail,
  type Metric,
  RECORDED_METRICS,
  SMALLEST_SHARE,
} from "../experiments/experiment.ts";
import { recordedMetric } from "../experiments/metrics.ts";
import { SERVED_LABEL } from "../prompts/label-name.ts";
import { oneOf } from "../records/filter.ts";
import { named } from "./shape-parts.ts";

const name = z
  .string("expected a text")
  .min(1, "expected a text")
  .max(500, "expected at most 500 characters");
const amount = z.number("expected a number");
const names = z.array(name).max(1000);

const METRIC = {
  kind: oneOf(["boolean", "number", "bounded"])
    .optional()
    .describe(
      "`bounded` with `min` and `max`, whose intervals hold for few units too. By default what records say of it, and of feedback `boolean`, or `bounded` where there is a `min`.",
    ),
  min: amount.optional(),
  max: amount.optional(),
};

const metricShape = z.strictObject({
  name: name.describe(
    `The name of feedback, or what records say: ${RECORDED_METRICS.join(", ")} or finish:REASON.`,
  ),
  ...METRIC,
});

const guardrailShape = z.strictObject({
  metric: name.describe("As of the metric."),
  ...METRIC,
  at_most: amount.optional().describe("A variant whose mean is surely above is switched off."),
  at_least: amount.optional().describe("A variant whose mean is surely below is switched off."),
});

const variantShape = z.strictObject({
  name: name.describe("Letters, digits, _ . and -."),
  version: name.describe("The version of the template."),
  weight: amount.optional().describe("Its share in a fixed allocation, in any unit; 1 where it is absent."),
  model: name.optional().describe("A model in place of the request's own."),
  route: name.optional().describe("A route in place of the request's model."),
  parameters: z
    .record(z.string(), z.unknown())
    .optional()
    .describe("Parameters of the request in place of its own, such as `temperature`."),
});

/** What people say of an experiment that is to be made. */
export const experimentWish = named(
  "ExperimentWish",
  z
    .strictObject({
      id: name
        .optional()
        .describe(
          "Letters, digits, _ and -; never used again. By default the template's name with a number.",
        ),
      description: z.string("expected a text").default(""),
      template: name.describe("The template's name."),
      variants: z.array(variantShape).min(2, "expected at least 2").max(1000).describe("2 to 20."),
      unit: name
        .default("run")
        .describe("What stays with its variant: run, thread, agent, request, or variable:NAME."),
      contexts: z
        .strictObject({
          agents: names.optional(),
          keys: names.optional().describe("Ids or names of gateway keys."),
          tags: names.optional(),
          models: names.optional(),
        })
        .default({})
        .describe("Which requests take part; `*` at the end of a name stands for anything."),
      outside: amount.default(0).describe("Share of the units that take no part, 0 to below 1."),
      allocation: oneOf(["thompson", "fixed"]).default("thompson"),
      minimum_share: amount
        .optional()
        .describe(
          `The least that Thompson sampling leaves a variant, from ${SMALLEST_SHARE} on; 0.1 where it is absent and there are few variants.`,
        ),
      metric: metricShape,
      direction: oneOf(["maximize", "minimize"])
        .optional()
        .describe("By default feedback is to be high, and what records say is to be low."),
      guardrails: z.array(guardrailShape).max(1000).default([]),
      error_rate: amount
        .default(0.05)
        .describe("Most probability of ever declaring a wrong winner, above 0 to 0.5."),
      tolerance: amount.default(0).describe("A difference in the metric's mean that matters to nobody."),
      when_decided: oneOf(["propose", "promote"])
        .default("propose")
        .describe("Whether the label is moved to the winner's version, or people do that."),
      label: name.default(SERVED_LABEL).describe("The label that a winner's version gets."),
      start: z.boolean("expected true or false").default(false).describe("Whether it runs at once."),
    })
    .refine(
      ({ allocation, variants }) =>
        allocation === "fixed" || variants.every(({ weight }) => weight === undefined),
      {
        path: ["variants"],
        message: "weights are of the allocation `fixed`",
      },
    )
    .refine(({ allocation, minimum_share }) => allocation === "thompson" || minimum_share === undefined, {
      path: ["minimum_share"],
      message: "a minimum share is of the allocation `thompson`",
    })
    .refine(
      ({ guardrails }) =>
        guardrails.every(({ at_most, at_least }) => (at_most === undefined) !== (at_least === undefined)),
      {
        path: ["guardrails"],
        message: "expected either at_most or at_least in each",
      },
    ),
);

export type ExperimentWish = z.output<typeof experimentWish>;

/** The experiment that is wished. Whether it can run is for the desk to say. */
export function toExperiment(wish: ExperimentWish): NewExperiment {
  const metric = metricOf(wish.metric.name, wish.metric);
  return {
    id: wish.id ?? null,
    description: wish.description,
    template: wish.template,
    variants: wish.variants.map(({ name: variant, version, model, route, parameters }) => ({
      name: variant,
      version,
      ...(model === undefined ? {} : { model }),
      ...(route === undefined ? {} : { route }),
      ...(parameters === undefined ? {} : { parameters }),
    })),
    // The desk refuses others.
    unit: wish.unit as NewExperiment["unit"],
    contexts: present(wish.contexts),
    outside: wish.outside,
    allocation: allocationOf(wish),
    metric,
    direction: wish.direction ?? (recordedMetric(metric.name) === null ? "maximize" : "minimize"),
    guardrails: wish.guardrails.map(guardrailOf),
    errorRate: wish.error_rate,
    tolerance: wish.tolerance,
    whenDecided: wish.when_decided,
    label: wish.label,
  };
}

const DEFAULT_SHARE = 0.1;

function allocationOf({ allocation, minimum_share, variants }: ExperimentWish): Allocation {
  if (allocation === "fixed") return { kind: "fixed", weights: variants.map(({ weight }) => weight ?? 1) };
  // With many variants there has to be something left to give out.
  return { kind: "thompson", minimumShare: minimum_share ?? Math.min(DEFAULT_SHARE, 0.5 / variants.length) };
}

type MetricFields = Pick<z.output<typeof metricShape>, keyof typeof METRIC>;

function metricOf(of: string, { kind, min, max }: MetricFields): Metric {
  const bounds = min !== undefined || max !== undefined;
  const natural = recordedMetric(of)?.nature === "amount" ? "number" : "boolean";
  const meant = kind ?? (bounds ? "bounded" : natural);
  // Bounds that are missing are no numbers, which the desk refuses.
  return meant === "bounded"
    ? { name: of, kind: meant, min: min ?? Number.NaN, max: max ?? Number.NaN }
    : { name: of, kind: meant };
}

function guardrailOf(wish: z.output<typeof guardrailShape>): Guardrail {
  const { at_most, at_least } = wish;
  const bound = at_least === undefined ? "at_most" : "at_least";
  // It has one of the two.
  return { metric: metricOf(wish.metric, wish), bound, limit: at_most ?? at_least ?? Number.NaN };
}

function present(contexts: ExperimentWish["contexts"]): NewExperiment["contexts"] {
  return Object.fromEntries(Object.entries(contexts).filter(([, list]) => list !== undefined));
}
