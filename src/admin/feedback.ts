import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { FEEDBACK_TARGETS } from "../storage/interface.ts";
import { feedbackJson, feedbackShape } from "./feedback-shape.ts";
import { jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const listShape = named("FeedbackList", z.object({ feedback: z.array(feedbackShape) }));

export const listFeedback = jsonRoute({
  method: "GET",
  path: "/admin/feedback",
  id: "listFeedback",
  summary: "The feedback on a request, a run or a thread: the newest 1,000, oldest first.",
  params: z.strictObject({}),
  query: z.strictObject({
    target: z.enum(FEEDBACK_TARGETS).describe("What it is about."),
    target_id: z
      .string()
      .min(1)
      .max(500)
      .describe("The request's `request_id`, the run's or the thread's id."),
  }),
  body: null,
  answer: listShape,
  async handle({ query }, { storage }) {
    const found = await fromStorage(storage.feedback.forTarget(query.target, query.target_id));
    return { feedback: found.map(feedbackJson) };
  },
});
