import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import { type Turn, turnOf } from "../records/conversation.ts";
import { feedbackJson, feedbackShape } from "./feedback-shape.ts";
import { cursorShape, listPage, pageFields } from "./list-page.ts";
import { messageShape } from "./message-shape.ts";
import { requestJson, requestShape } from "./request-shape.ts";
import { jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

const turnShape = named(
  "Turn",
  z
    .object({
      request: requestShape,
      kept: z
        .boolean()
        .describe("Whether bodies were kept that can be read; otherwise there are no messages."),
      repeated: z
        .int()
        .min(0)
        .describe("Messages at the beginning that the turn before it had too; they are not told again."),
      messages: z.array(messageShape).describe("What was asked, beyond what is repeated."),
      answer: messageShape.nullable(),
    })
    .describe("A request of a conversation."),
);

const threadShape = named(
  "Thread",
  z.object({
    thread_id: z.string(),
    turns: z.array(turnShape).describe("As they began."),
    cursor: cursorShape,
    feedback: z.array(feedbackShape).describe("On the thread as a whole."),
  }),
);

export const showThread = jsonRoute({
  method: "GET",
  path: "/admin/threads/{id}",
  id: "showThread",
  summary: "A conversation: the requests of a thread, oldest first, with what was said.",
  params: z.strictObject({ id: z.string().min(1).max(500).describe("The thread's id.") }),
  query: z.strictObject({
    ...pageFields({ of: "Requests", limit: 20, most: 100 }),
  }),
  body: null,
  answer: threadShape,
  async handle({ params, query }, { storage }) {
    const page = await listPage(storage.records, { threadId: params.id }, { ...query, order: "oldest" });
    const turns: Turn[] = [];
    for (const record of page.records) {
      const bodies = await fromStorage(storage.records.bodies(record.id));
      turns.push(turnOf(record, bodies, turns.at(-1) ?? null));
    }
    const feedback = await fromStorage(storage.feedback.forTarget("thread", params.id));
    // Feedback may come before what it is about.
    if (turns.length === 0 && feedback.length === 0 && query.cursor === undefined)
      throw new GatewayError("not_found", `No thread is recorded under "${params.id.slice(0, 100)}".`);
    return {
      thread_id: params.id,
      turns: turns.map(({ record, said, repeated }) => ({
        request: requestJson(record),
        kept: said !== null,
        repeated,
        messages: said?.messages.slice(repeated) ?? [],
        answer: said?.answer ?? null,
      })),
      cursor: page.cursor,
      feedback: feedback.map(feedbackJson),
    };
  },
});
