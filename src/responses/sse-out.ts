import type { LoggedEvent } from "./event-log.ts";

/** A response that tells events as they come, with a comment into each silence of `keepAlive` milliseconds (0: none). */
export function eventStream(events: AsyncGenerator<LoggedEvent>, keepAlive: number): Response {
  const encoder = new TextEncoder();
  let next: Promise<IteratorResult<LoggedEvent>> | null = null;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      next ??= events.next();
      const result = await withinSilence(next, keepAlive);
      if (result === null) return controller.enqueue(encoder.encode(": keep-alive\n\n"));
      next = null;
      if (result.done === true) return controller.close();
      const { type, text } = result.value;
      controller.enqueue(encoder.encode(`event: ${type}\ndata: ${text}\n\n`));
    },
    async cancel() {
      // A generator that waits is not ended by this; it is dropped with its log.
      void events.return(undefined);
    },
  });
  return new Response(body, {
    headers: { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" },
  });
}

/** What comes, or null when nothing came in time. */
async function withinSilence<T>(work: Promise<T>, ms: number): Promise<T | null> {
  if (ms <= 0) return work;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, ms, null);
  });
  const first = await Promise.race([work, silence]);
  clearTimeout(timer);
  return first;
}
