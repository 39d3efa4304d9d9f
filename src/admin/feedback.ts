import { z } from "zod";
import { FILTER_FIELDS, oneOf } from "../records/filter.ts";
import { FEEDBACK_TARGETS, type FeedbackFilter } from "../storage/feedback-store.ts";
import { feedbackJson, feedbackShape } from "./feedback-shape.ts";
import { cursorShape, pageFields, pageOf } from "./list-page.ts";
import { jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const listShape = named("FeedbackPage", z.object({ feedback: z.array(feedbackShape), cursor: cursorShape }));

/** Which feedback is meant, as people write it. */
export const FEEDBACK_FIELDS = {
  target: oneOf(FEEDBACK_TARGETS).optional().describe("What kind of thing it is about."),
  target_id: z
    .string()
    .min(1)
    .max(500)
    .optional()
    .describe("What it is about: the request's `request_id`, the run's or the thread's id."),
  name: z.string().min(1).max(128).optional().describe("Its name."),
  since: FILTER_FIELDS.since.describe("Received then or later."),
  until: FILTER_FIELDS.until.describe("Received before."),
};

const filterSchema = z.object(FEEDBACK_FIELDS);

export const listFeedback = jsonRoute({
  method: "GET",
  path: "/admin/feedback",
  id: "listFeedback",
  summary: "Feedback as it came, the newest first.",
  params: z.strictObject({}),
  query: z.strictObject({ ...FEEDBACK_FIELDS, ...pageFields({ of: "Pieces", limit: 100, most: 1000 }) }),
  body: null,
  answer: listShape,
  async handle({ query }, { storage }) {
    const filter = feedbackFilter(query);
    const { feedback, cursor } = await pageOf(query, (place) => storage.feedback.list(filter, place));
    return { feedback: feedback.map(feedbackJson), cursor };
  },
});

/** The filter that the fields mean once they are read; what else stands beside them is passed over. */
export function feedbackFilter(fields: z.output<typeof filterSchema>): FeedbackFilter {
  const { target, target_id: targetId, name, since, until } = fields;
  const filter = { target, targetId, name, since, until };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}
