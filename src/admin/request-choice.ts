import { z } from "zod";
import { STRATEGIES } from "../config/route-schema.ts";
import type { Explanation } from "../strategies/choose.ts";
import { named } from "./shape-parts.ts";

export const choiceShape = z
  .object({
    route: z.string(),
    strategy: z.enum(STRATEGIES),
    score: z
      .number()
      .optional()
      .describe(
        "Of quality: how likely a strong model's answer is better by a margin that is worth its price.",
      ),
    threshold: z
      .number()
      .optional()
      .describe("Of quality: the score from which on the next stronger target is chosen."),
    probability: z
      .number()
      .optional()
      .describe("How probable the first candidate was, where chance decided."),
    candidates: z
      .array(z.object({ target: z.string(), reason: z.string() }))
      .describe("The first choice first; those that were passed over last."),
    get within(): z.ZodOptional<typeof choiceShape> {
      return choiceShape.optional().describe("What the route decided that is the first choice.");
    },
  })
  .describe("Why a request went where it went.");
named("RouteChoice", choiceShape);

/** As `requestJson` and what explains a route show it. */
export function choiceJson({ candidates, within, ...choice }: Explanation): z.output<typeof choiceShape> {
  return {
    ...choice,
    candidates: candidates.map(({ target, reason }) => ({ target, reason })),
    ...(within === undefined ? {} : { within: choiceJson(within) }),
  };
}
