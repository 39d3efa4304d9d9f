import { z } from "zod";
import type { Guardrail, Metric } from "../experiments/experiment.ts";
import type { ExperimentEvent, KeptExperiment } from "../storage/experiment-store.ts";
import { iso, isoOrNull, named, time } from "./shape-parts.ts";

const metricShape = z.object({
  name: z.string(),
  kind: z.enum(["boolean", "number", "bounded"]),
  min: z.number().nullable(),
  max: z.number().nullable(),
});

export const guardrailFields = {
  metric: metricShape,
  at_most: z.number().nullable(),
  at_least: z.number().nullable(),
};

const variantShape = z.object({
  name: z.string(),
  version: z.string(),
  weight: z.number().nullable().describe("Of a fixed allocation."),
  model: z.string().nullable(),
  route: z.string().nullable(),
  parameters: z.record(z.string(), z.unknown()).nullable(),
  switched_off: z.string().nullable().describe("Why it gets no more units; null while it takes part."),
});

const names = z.array(z.string()).optional();

export const experimentShape = named(
  "Experiment",
  z.object({
    id: z.string(),
    description: z.string(),
    template: z.string(),
    status: z.enum(["draft", "running", "paused", "ended"]),
    variants: z.array(variantShape),
    unit: z.string(),
    contexts: z.object({ agents: names, keys: names, tags: names, models: names }),
    outside: z.number(),
    allocation: z.enum(["thompson", "fixed"]),
    minimum_share: z.number().nullable(),
    metric: metricShape,
    direction: z.enum(["maximize", "minimize"]),
    guardrails: z.array(z.object(guardrailFields)),
    error_rate: z.number(),
    tolerance: z.number(),
    when_decided: z.enum(["propose", "promote"]),
    label: z.string(),
    created_at: time,
    started_at: time.nullable(),
    ended_at: time.nullable(),
    promotion: z
      .object({
        variant: z.string(),
        label: z.string(),
        previous_version: z.string().nullable().describe("Where the label pointed before."),
        at: time,
        by: z.string().nullable().describe("The key; null where the experiment did so itself."),
      })
      .nullable(),
  }),
);

export function experimentJson(experiment: KeptExperiment): z.output<typeof experimentShape> {
  const { allocation, promotion, contexts } = experiment;
  return {
    id: experiment.id,
    description: experiment.description,
    template: experiment.template,
    status: experiment.status,
    variants: experiment.variants.map((variant, place) => ({
      name: variant.name,
      version: variant.version,
      weight: allocation.kind === "fixed" ? (allocation.weights[place] ?? null) : null,
      model: variant.model ?? null,
      route: variant.route ?? null,
      parameters: variant.parameters ?? null,
      switched_off: variant.switchedOff ?? null,
    })),
    unit: experiment.unit,
    contexts: Object.fromEntries(
      Object.entries(contexts).map(([name, list]: [string, readonly string[]]) => [name, [...list]]),
    ),
    outside: experiment.outside,
    allocation: allocation.kind,
    minimum_share: allocation.kind === "thompson" ? allocation.minimumShare : null,
    metric: metricJson(experiment.metric),
    direction: experiment.direction,
    guardrails: experiment.guardrails.map(guardrailJson),
    error_rate: experiment.errorRate,
    tolerance: experiment.tolerance,
    when_decided: experiment.whenDecided,
    label: experiment.label,
    created_at: iso(experiment.createdAt),
    started_at: isoOrNull(experiment.startedAt),
    ended_at: isoOrNull(experiment.endedAt),
    promotion: promotion && {
      variant: nameOf(experiment, promotion.variant),
      label: promotion.label,
      previous_version: promotion.previousVersion,
      at: iso(promotion.at),
      by: promotion.by,
    },
  };
}

export function metricJson(metric: Metric): z.output<typeof metricShape> {
  const { min, max } = metric.kind === "bounded" ? metric : { min: null, max: null };
  return { name: metric.name, kind: metric.kind, min, max };
}

export function guardrailJson({ metric, bound, limit }: Guardrail) {
  return {
    metric: metricJson(metric),
    at_most: bound === "at_most" ? limit : null,
    at_least: bound === "at_least" ? limit : null,
  };
}

export const eventShape = named(
  "ExperimentEvent",
  z.object({
    at: time,
    kind: z.enum([
      "created",
      "edited",
      "started",
      "paused",
      "resumed",
      "ended",
      "switched_off",
      "switched_on",
      "decided",
      "promoted",
      "reverted",
    ]),
    variant: z.string().nullable(),
    detail: z.string().describe("A sentence for people."),
    by: z.string().nullable().describe("The key that did it; null where the gateway did."),
  }),
);

export function eventJson(experiment: KeptExperiment, event: ExperimentEvent): z.output<typeof eventShape> {
  const variant = event.variant === null ? null : nameOf(experiment, event.variant);
  return { at: iso(event.at), kind: event.kind, variant, detail: event.detail, by: event.by };
}

/** A variant's name by its place. */
export function nameOf({ variants }: Pick<KeptExperiment, "variants">, place: number): string {
  return variants[place]?.name ?? String(place);
}
