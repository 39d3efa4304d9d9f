import type { Pace } from "./behaviours.ts";
import type { Frame } from "./frames.ts";

/** Deltas that a stream with a fault sends before it fails. */
const DELTAS_BEFORE_FAULT = 5;
/** Time for what was sent to leave before the connection is reset. */
const FLUSH_MS = 20;

/** Resolves after `ms`, or at once when the signal aborts; no timer is left behind. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener("abort", finish, { once: true });
  });
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

export interface StreamOptions {
  readonly pace: Pace;
  /** How the stream ends after its frames: in order, or by a reset of the connection. */
  readonly end: "close" | "reset";
}

/**
 * The frames as a response body, each made only when the client has taken the ones before it. When the client
 * leaves, the timer stops and the frames' generator is closed.
 */
export function streamFrames(frames: Iterable<Frame>, options: StreamOptions): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const iterator = frames[Symbol.iterator]();
  const left = new AbortController();
  let deltas = 0;
  let wait = 0;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      await pause(wait, left.signal);
      if (left.signal.aborted) return;
      const next = iterator.next();
      if (next.done) return finishStream(controller, options.end, left.signal);
      controller.enqueue(encoder.encode(next.value.text));
      wait = 0;
      if (next.value.delta) wait = options.pace.gap + (deltas++ === 0 ? options.pace.pause : 0);
    },
    cancel() {
      left.abort();
      iterator.return?.();
    },
  });
}

async function finishStream(
  controller: ReadableStreamDefaultController,
  end: StreamOptions["end"],
  left: AbortSignal,
): Promise<void> {
  if (end === "close") {
    controller.close();
    return;
  }
  await pause(FLUSH_MS, left);
  // Bun resets the connection of a body that fails; without a reason it prints nothing on stderr.
  if (!left.aborted) controller.error(undefined);
}

/** A response whose connection is reset before the status line is sent. */
export function resetResponse(): Response {
  return new Response(new ReadableStream({ start: (controller) => controller.error(undefined) }));
}

/** The beginning of a stream, up to its fifth delta, or its last one when it has fewer. */
export function cutFrames(frames: Iterable<Frame>): Frame[] {
  const all = [...frames];
  let deltas = 0;
  let end = 0;
  for (const [index, frame] of all.entries()) {
    if (!frame.delta || deltas >= DELTAS_BEFORE_FAULT) continue;
    deltas++;
    end = index + 1;
  }
  return all.slice(0, end);
}
