import { z } from "zod";
import type { Interval } from "../experiments/confidence.ts";
import type { ExperimentReport } from "../experiments/report.ts";
import type { PolicyEstimate } from "../experiments/what-if.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import { guardrailFields, guardrailJson, nameOf } from "./experiment-shape.ts";
import { iso, named, time } from "./shape-parts.ts";

export const intervalShape = z
  .object({
    low: z.number().nullable().describe("Null where there is no limit."),
    high: z.number().nullable(),
  })
  .nullable()
  .describe("Holds however often it is looked at; null while too little is known.");

export const estimateShape = z.object({ mean: z.number(), interval: intervalShape });

export const reportShape = named(
  "ExperimentReport",
  z.object({
    status: z.enum(["gathering", "decided", "equivalent", "unreliable"]),
    winner: z.string().nullable(),
    verdict: z.string().describe("The verdict as a sentence."),
    requests: z.int(),
    judged: z.int().describe("Units that have a value of the metric."),
    open: z.int().describe("Units whose sum may still grow; they do not count yet."),
    crossed: z.int().describe("Units that had more than one variant; they count for their first."),
    ignored: z
      .int()
      .describe("Units of unknown variants or epochs, or with values that cannot be, and words as feedback."),
    complete: z.boolean().describe("False where there are more requests than are read."),
    epoch: z.object({ number: z.int(), started_at: time }).nullable(),
    epochs: z.int(),
    variants: z.array(
      z.object({
        name: z.string(),
        units: z.int().describe("Units that were decided, judged or not."),
        judged: z.int(),
        mean: z.number().nullable(),
        spread: z.number().nullable().describe("Standard deviation of the units' values."),
        interval: intervalShape,
        corrected: estimateShape.nullable().describe("Corrected for shares that changed."),
        best: z.number().describe("Probability to be the best of those that take part."),
        expected_loss: z.number().nullable().describe("What choosing it would lose, in expectation."),
        share: z.number().describe("Share of new units."),
        switched_off: z.string().nullable(),
      }),
    ),
    differences: z.array(
      z.object({
        variant: z.string(),
        other: z.string(),
        mean: z.number().describe("How much higher the first one's mean is, corrected."),
        interval: intervalShape,
      }),
    ),
    guardrails: z.array(
      z.object({
        ...guardrailFields,
        variants: z.array(
          z.object({
            name: z.string(),
            units: z.int(),
            mean: z.number().nullable(),
            breach: z.string().nullable().describe("Why it is surely beyond the limit."),
          }),
        ),
      }),
    ),
  }),
);

export function reportJson(
  experiment: KeptExperiment,
  report: ExperimentReport,
): z.output<typeof reportShape> {
  const { verdict, epoch } = report;
  const named = (place: number) => nameOf(experiment, place);
  return {
    status: verdict.status,
    winner: verdict.winner === null ? null : named(verdict.winner),
    verdict: report.sentence,
    requests: report.requests,
    judged: report.judged,
    open: report.open,
    crossed: report.crossed,
    ignored: report.ignored,
    complete: report.complete,
    epoch: epoch && { number: epoch.number, started_at: iso(epoch.startedAt) },
    epochs: report.epochs,
    variants: verdict.variants.map((variant) => ({
      name: named(variant.variant),
      units: report.units[variant.variant] ?? 0,
      judged: variant.count,
      mean: variant.count === 0 ? null : variant.mean,
      spread: variant.count < 2 ? null : variant.spread,
      interval: intervalJson(variant.interval),
      corrected: variant.corrected && {
        mean: variant.corrected.mean,
        interval: intervalJson(variant.corrected.interval),
      },
      best: variant.best,
      expected_loss: variant.loss,
      share: epoch?.probabilities[variant.variant] ?? 0,
      switched_off: experiment.variants[variant.variant]?.switchedOff ?? null,
    })),
    differences: verdict.differences.map(({ variant, other, mean, interval }) => ({
      variant: named(variant),
      other: named(other),
      mean,
      interval: intervalJson(interval),
    })),
    guardrails: report.guardrails.map(({ guardrail, variants }) => ({
      ...guardrailJson(guardrail),
      variants: variants.map((variant, place) => ({ name: named(place), ...variant })),
    })),
  };
}

export const evaluationShape = named(
  "ExperimentEvaluation",
  z.object({
    metric: z.string(),
    policies: z.array(
      z.object({
        policy: z.string(),
        answer: z.string().describe("What it would have earned, or why the log cannot tell, as a sentence."),
        shares: z.record(z.string(), z.number()).describe("By variant; none for a version that none has."),
        answered: z.boolean().describe("Whether the estimates may be relied upon."),
        obstacles: z.array(z.enum(["no_units", "no_overlap", "few_effective_units", "wrong_probabilities"])),
        units: z.int(),
        ignored: z.int(),
        effective_units: z.number().describe("How many units of its own would say as much."),
        doubly_robust: estimateShape,
        snips: estimateShape.describe("Self-normalised inverse propensity scores."),
        ips: estimateShape.describe("Inverse propensity scores."),
        direct: estimateShape.describe("A model alone; its interval leaves its own error out."),
      }),
    ),
  }),
);

/** `estimates` are of one question. */
export function evaluationJson(
  experiment: KeptExperiment,
  estimates: readonly PolicyEstimate[],
): z.output<typeof evaluationShape> {
  return {
    metric: estimates[0]?.metric ?? experiment.metric.name,
    policies: estimates.map(({ policy, sentence, probabilities, evaluation }) => ({
      policy,
      answer: sentence,
      shares: Object.fromEntries(probabilities.map((share, place) => [nameOf(experiment, place), share])),
      answered: evaluation.obstacles.length === 0,
      obstacles: evaluation.obstacles.map(({ kind }) => kind),
      units: evaluation.units,
      ignored: evaluation.ignored,
      effective_units: evaluation.effectiveUnits,
      doubly_robust: estimateJson(evaluation.doublyRobust),
      snips: estimateJson(evaluation.snips),
      ips: estimateJson(evaluation.ips),
      direct: estimateJson(evaluation.direct),
    })),
  };
}

function estimateJson({ mean, interval }: { mean: number; interval: Interval | null }) {
  return { mean, interval: intervalJson(interval) };
}

function intervalJson(interval: Interval | null) {
  const end = (value: number) => (Number.isFinite(value) ? value : null);
  return interval && { low: end(interval.low), high: end(interval.high) };
}
