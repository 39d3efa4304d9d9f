import { z } from "zod";
import { GatewayError } from "../exchange/errors.ts";
import { FILTER_FIELDS, matches, toFilter } from "../records/filter.ts";
import type { LiveTail, TailItem, TailListener } from "./live-tail.ts";
import { requestJson } from "./request-shape.ts";
import { streamRoute } from "./route.ts";

/** Milliseconds of silence after which a comment says that the stream lives. */
const KEEP_ALIVE_MS = 15_000;

/** What is not in a record, and when it began, cannot be asked of what has just ended. */
const querySchema = z
  .strictObject(FILTER_FIELDS)
  .omit({ feedback: true, text: true, since: true, until: true });

export const tailRequests = streamRoute({
  method: "GET",
  path: "/admin/tail",
  id: "tailRequests",
  summary: "Finished requests as they end.",
  params: z.strictObject({}),
  query: querySchema,
  body: null,
  types: ["text/event-stream"],
  description:
    "Server-sent events: `request` with a Request, `dropped` with `{count}` of those that were left out because they were not read fast enough. It ends when the key is revoked or expires.",
  async handle({ query }, { tail, ring, caller }) {
    const filter = toFilter(query);
    const listener = tail.listen((record) => matches(record, filter));
    if (listener === null)
      throw new GatewayError("server_overloaded", "Too many watch the requests already.", { retryAfter: 30 });
    const isAllowed = () => ring.isUsable(caller.id, Date.now());
    return new Response(eventsOf(listener, tail, isAllowed), {
      headers: { "content-type": "text/event-stream; charset=utf-8", "x-accel-buffering": "no" },
    });
  },
});

/**
 * Asked for more only when the client has taken what there was; meanwhile the listener gathers and drops. Nothing is told
 * to a key that was revoked meanwhile.
 */
function eventsOf(
  listener: TailListener,
  tail: LiveTail,
  isAllowed: () => boolean,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        // The client sees at once that it listens.
        controller.enqueue(encoder.encode(": listening\n\n"));
      },
      async pull(controller) {
        const items = await listener.next(KEEP_ALIVE_MS);
        if (items === null || !isAllowed()) {
          tail.leave(listener);
          controller.close();
        } else controller.enqueue(encoder.encode(items.map(eventOf).join("") || ": keep-alive\n\n"));
      },
      cancel() {
        tail.leave(listener);
      },
    },
    { highWaterMark: 1 },
  );
}

function eventOf(item: TailItem): string {
  if ("dropped" in item) return `event: dropped\ndata: ${JSON.stringify({ count: item.dropped })}\n\n`;
  const { record } = item;
  return `event: request\nid: ${record.id}\ndata: ${JSON.stringify(requestJson(record))}\n\n`;
}
