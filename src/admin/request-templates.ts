import { z } from "zod";
import type { UsedTemplate } from "../prompts/used-template.ts";
import type { RecordedDecision } from "../records/decision.ts";
import { named } from "./shape-parts.ts";

export const usedTemplateShape = named(
  "UsedTemplate",
  z
    .object({
      path: z.string().describe("Where it stood in the request, as `messages[0].content[1]`."),
      template_id: z
        .string()
        .nullable()
        .describe("As the client named it, a name or `name-vVERSION`; null where it named none."),
      version: z
        .string()
        .nullable()
        .describe("The version whose text went out; null where that is none that has a name."),
      revision: z.string().nullable().describe("Of the version."),
      source: z
        .enum(["client", "rendered", "named", "pin", "label", "experiment", "none"])
        .describe(
          "Why this text went out: the client's own content, or its template `rendered`; or the version that the client `named`, that of a `pin`, a `label` or an `experiment`; `none` where there was no text and the request was refused.",
        ),
      label: z.string().nullable().describe("The label, where it was one's version."),
      drift: z
        .boolean()
        .describe("Whether the client's own content is another text than its template and variables give."),
      problem: z.string().nullable().describe("Why a text could not be rendered; null where it could."),
    })
    .describe("What became of one place of a request that has template fields."),
);

export const decisionShape = named(
  "Decision",
  z
    .object({
      experiment: z.string().describe("Its id."),
      variant: z.string().describe("The variant's name."),
      epoch: z.int().min(0).describe("The time of one allocation that decided."),
      probability: z.number().describe("That the variant had in it, not rounded: estimates divide by it."),
      unit: z
        .string()
        .describe(
          "What stays with its variant: the id of a run, thread, agent or request, or a hash of a variable's value.",
        ),
    })
    .describe("What an experiment decided for a request."),
);

/** As `requestJson` shows it. */
export function usedTemplateJson(used: UsedTemplate): z.output<typeof usedTemplateShape> {
  const { path, templateId, version, revision, source, label, drift, problem } = used;
  return { path, template_id: templateId, version, revision, source, label, drift, problem };
}

/** As `requestJson` shows it. */
export function decisionJson(decision: RecordedDecision): z.output<typeof decisionShape> {
  const { experiment, variantName, epoch, probability, unit } = decision;
  return { experiment, variant: variantName, epoch, probability: probability, unit };
}
