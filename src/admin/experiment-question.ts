import { z } from "zod";
import type { PolicyQuestion } from "../experiments/what-if.ts";
import { FILTER_FIELDS } from "../records/filter.ts";

const text = z.string().min(1).max(500, "expected at most 500 characters");
const MOST = 100;
const WEIGHTS = "expected variants with their weights, such as plain=0.7,warm=0.3";

/** `plain=0.7,warm=0.3`. */
const weights = z
  .string()
  .max(10_000, WEIGHTS)
  .transform((written, context): Record<string, number> => {
    const pairs = written.split(",").map((pair) => /^\s*([\w.-]+)\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(pair));
    const names = new Set(pairs.map((pair) => pair?.[1]));
    if (pairs.length <= MOST && pairs.every((pair) => pair !== null) && names.size === pairs.length)
      return Object.fromEntries(pairs.map((pair) => [pair[1], Number(pair[2])]));
    context.addIssue({ code: "custom", message: WEIGHTS });
    return z.NEVER;
  });

/** Which allocation is asked about, as people write it: in the query, and with hyphens on the command line. */
export const QUESTION_FIELDS = {
  weights: weights.optional().describe("Shares by variant, in any unit: `plain=0.7,warm=0.3`."),
  variant: text.optional().describe("All units to this variant."),
  new_version: text.optional().describe("All units to this version of the template."),
  metric: text.optional().describe("What is asked about; the experiment's own metric where it is absent."),
  since: FILTER_FIELDS.since.describe("Units that began then or later; written as of requests."),
};

const questionSchema = z.object(QUESTION_FIELDS);

export function toQuestion(fields: z.output<typeof questionSchema>): PolicyQuestion {
  const question = {
    weights: fields.weights,
    variant: fields.variant,
    newVersion: fields.new_version,
    metric: fields.metric,
    since: fields.since,
  };
  return Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined));
}
