import { firstEventEnd, parseEvent } from "../lib/sse.ts";
import { isObject, type JsonObject, textOf } from "./json.ts";

/** An event with a whole response object in it ends the stream. */
const FINAL = ["response.completed", "response.incomplete", "response.failed"];

export function isFinal(type: unknown): type is string {
  return typeof type === "string" && FINAL.includes(type);
}

/**
 * The JSON texts that the events of an SSE body carry, in order; comments and `[DONE]` carry none. Rejects as the body
 * does. Leaving the loop gives the body up, and so does the signal, which ends it.
 */
export async function* eventTexts(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const reader = body.getReader();
  const giveUp = () => void reader.cancel();
  signal.addEventListener("abort", giveUp, { once: true });
  let rest: Uint8Array = new Uint8Array();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) break;
      let bytes = rest.length === 0 ? value : Buffer.concat([rest, value]);
      // A blank line that was cut in two is found from the last bytes before the cut.
      let from = Math.max(0, rest.length - 3);
      for (let end = firstEventEnd(bytes, from); end >= 0; end = firstEventEnd(bytes, from)) {
        yield* dataOf(bytes.subarray(0, end));
        bytes = bytes.subarray(end);
        from = 0;
      }
      rest = bytes;
    }
    if (!signal.aborted && rest.length > 0) yield* dataOf(rest);
  } finally {
    signal.removeEventListener("abort", giveUp);
    await reader.cancel();
  }
}

function* dataOf(bytes: Uint8Array): Generator<string> {
  yield* dataIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8"));
}

function* dataIn(event: string): Generator<string> {
  const { data } = parseEvent(event);
  if (data.startsWith("{")) yield data;
}

/** The JSON texts of the events in whole SSE text, as `eventTexts` gives them. */
export function textsIn(sse: string): string[] {
  return sse.split(/\r?\n\r?\n/).flatMap((event) => [...dataIn(event)]);
}

/** Whether a JSON text may be one that ends a stream; quick, and wrong only where words of the model say so too. */
function mayEnd(text: string): boolean {
  return text.includes('"response"') && FINAL.some((type) => text.includes(type));
}

/** The response object that an event's JSON text ends its stream with, or null. */
export function finalResponse(text: string): JsonObject | null {
  if (!mayEnd(text)) return null;
  const event: unknown = JSON.parse(text);
  if (!isObject(event) || !isFinal(event.type)) return null;
  return isObject(event.response) ? event.response : null;
}

/** The id of the response that a JSON text tells: a response itself, or an event with one. Null where it is neither. */
export function responseIdOf(text: string): string | null {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(data)) return null;
  return textOf(isObject(data.response) ? data.response.id : data.object === "response" ? data.id : null);
}
