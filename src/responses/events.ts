import { firstEventEnd, parseEvent, SseSplitter } from "../lib/sse.ts";
import { isObject, type JsonObject } from "./json.ts";

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

/**
 * The response objects that whole events of SSE text end their streams with; nearly always none, which is found out by
 * the events' names.
 */
export function finalResponses(sse: Uint8Array): JsonObject[] {
  const bytes = Buffer.from(sse.buffer, sse.byteOffset, sse.length);
  if (!FINAL.some((type) => bytes.includes(`event: ${type}\n`))) return [];
  return bytes
    .toString("utf8")
    .split("\n\n")
    .flatMap((event) => [...dataIn(event)].map(finalResponse))
    .filter((response) => response !== null);
}

/** Bytes of a stream in which its first event is looked for. */
const MAX_FIRST = 1024 * 1024;

/** Sees the chunks of an SSE body, and tells the JSON text of its first event once. */
export function firstEvent(tell: (text: string) => void): (chunk: Uint8Array) => void {
  let held: Uint8Array | null = new Uint8Array();
  return (chunk) => {
    if (held === null) return;
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    for (let end = firstEventEnd(held); end >= 0; end = firstEventEnd(held)) {
      const [text] = dataOf(held.subarray(0, end));
      held = held.subarray(end);
      if (text === undefined) continue;
      held = null;
      tell(text);
      return;
    }
    if (held.length > MAX_FIRST) held = null;
  };
}

/** Sees the chunks of an SSE body, and tells the JSON text of each event. What is no event is not looked at further. */
export function eachEvent(tell: (text: string) => void): (chunk: Uint8Array) => void {
  const splitter = new SseSplitter();
  let isBroken = false;
  return (chunk) => {
    if (isBroken) return;
    try {
      splitter.push(chunk, ({ data }) => tell(data));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      isBroken = true;
    }
  };
}

/** Whether a JSON text may be one that ends a stream; quick, and wrong only where words of the model say so too. */
function mayEnd(text: string): boolean {
  return text.includes('"response"') && FINAL.some((type) => text.includes(type));
}

/** The response object that an event's JSON text ends its stream with, or null. */
export function finalResponse(text: string): JsonObject | null {
  const event = mayEnd(text) ? parsed(text) : null;
  return isObject(event) && isFinal(event.type) && isObject(event.response) ? event.response : null;
}

/** The response that a JSON text tells: itself, or an event with one. Null where it is neither. */
export function responseIn(text: string): JsonObject | null {
  const data = parsed(text);
  if (!isObject(data)) return null;
  if (isObject(data.response)) return data.response;
  return data.object === "response" ? data : null;
}

/** What an upstream wrote; null where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
