import { z } from "zod";
import { FEEDBACK_TARGETS, type Feedback } from "../storage/feedback-store.ts";
import { iso, named, time } from "./shape-parts.ts";

export const feedbackShape = named(
  "Feedback",
  z
    .object({
      id: z.string(),
      target: z.enum(FEEDBACK_TARGETS),
      target_id: z.string(),
      name: z.string(),
      value: z.union([z.boolean(), z.number(), z.string(), z.object({ correction: z.string() })]),
      comment: z.string().nullable(),
      source: z.string().nullable().describe("Who or what judged."),
      key_id: z.string().nullable(),
      received_at: time,
    })
    .describe("A judgement on a request, a run or a thread."),
);

export type FeedbackJson = z.output<typeof feedbackShape>;

export function feedbackJson(feedback: Feedback): FeedbackJson {
  return {
    id: feedback.id,
    target: feedback.target,
    target_id: feedback.targetId,
    name: feedback.name,
    value: feedback.value,
    comment: feedback.comment,
    source: feedback.source,
    key_id: feedback.keyId,
    received_at: iso(feedback.receivedAt),
  };
}
