import type { Deadlines } from "../lib/deadlines.ts";
import { firstEventEnd, parseEvent, type SseEvent } from "../lib/sse.ts";
import type { HttpResponse } from "./http/exchange.ts";

const MAX_FIRST_EVENT = 64 * 1024;

/**
 * The stream's first whole event that `tells` says is enough, comments passed over; null when that is far behind or does
 * not come in `milliseconds`. What was read is given back, so the stream begins at its beginning for whoever consumes it
 * next.
 */
export function firstEvent(
  response: HttpResponse,
  deadlines: Deadlines,
  milliseconds: number,
  tells: (event: SseEvent) => boolean,
): Promise<SseEvent | null> {
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = [];
    let held = 0;
    /** What came after the last whole event, and how much of it holds no end. */
    let text: Uint8Array = new Uint8Array();
    let searched = 0;
    const finish = (event: SseEvent | null) => {
      deadlines.remove(patience);
      // Nobody consumes it until the server is ready for the answer's body.
      response.pause();
      response.unread(chunks);
      resolve(event);
    };
    const patience = { at: performance.now() + milliseconds, expire: () => finish(null) };
    deadlines.add(patience);
    response.consume({
      data(chunk) {
        chunks.push(chunk);
        held += chunk.length;
        text = text.length === 0 ? chunk : Buffer.concat([text, chunk]);
        for (let end = firstEventEnd(text, searched); end >= 0; end = firstEventEnd(text, searched)) {
          const event = parseEvent(Buffer.from(text.subarray(0, end)).toString("utf8"));
          if (event.data !== "" && tells(event)) return finish(event);
          text = text.subarray(end);
          searched = 0;
        }
        // A blank line may be cut in two: the last bytes are looked at again.
        searched = Math.max(0, text.length - 2);
        if (held > MAX_FIRST_EVENT) finish(null);
      },
      end: () => finish(null),
      failed(error) {
        deadlines.remove(patience);
        reject(error);
      },
    });
  });
}
