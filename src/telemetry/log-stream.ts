import type { LineDestination } from "./line-queue.ts";

/** What is needed of `process.stdout`: a write that calls back, and the `error` event. */
export interface OutputStream {
  write(chunk: Uint8Array, done: (error?: Error | null) => void): boolean;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/**
 * Lines to a stream such as standard output. One write at a time, so that a reader who stalls holds back the queue,
 * which is bounded, and not the stream's own buffer, which is not. A failed write is offered again, whole.
 */
export function createStreamDestination(stream: OutputStream): LineDestination {
  // Without a listener a closed pipe or a full disk behind standard output would end the process; the same failure
  // also reaches the write's callback.
  stream.on("error", () => {});
  return {
    write: (lines) =>
      new Promise((resolve) => {
        try {
          stream.write(lines, (error) => resolve(error ? 0 : lines.length));
        } catch {
          resolve(0);
        }
      }),
    close: async () => {},
  };
}
