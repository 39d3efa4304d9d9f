import { type InnerFacts, noteInner } from "../arrival/inner-facts.ts";
import { innerHeaders } from "../arrival/inner-headers.ts";
import type { JsonObject } from "./json.ts";

/** Who asks, and how: the header fields and the query string of a request that came from outside. */
export interface Asker {
  readonly headers: Headers;
  readonly search: string;
  /** Of a request that has been answered and is recorded by itself: its id, under which this one is then recorded. */
  readonly parentId?: string;
  /** What was made of its templates, which is then recorded with this one. */
  readonly filled?: InnerFacts["filled"];
}

/**
 * The request that makes a response of the Responses API, streamed, as its client could have sent it itself: the gateway
 * puts it to its own handler.
 */
export function innerRequest(asker: Asker, body: JsonObject, signal: AbortSignal): Request {
  const { background: _background, ...rest } = body;
  const ids = asker.parentId === undefined ? {} : { request_id: null, request_parent_id: asker.parentId };
  const text = Buffer.from(JSON.stringify({ ...rest, ...ids, stream: true }));
  const headers = innerHeaders(asker.headers, text.length);
  headers.set("accept", "text/event-stream");
  const request = new Request(`http://localhost/v1/responses${asker.search}`, {
    method: "POST",
    headers,
    body: text,
    signal,
  });
  if (asker.filled !== undefined) {
    const { templates, decisions } = asker.filled;
    noteInner(request, { filled: { templates, decisions } });
  }
  return request;
}

/**
 * The body of a request whose answer is kept here and not by whoever serves it: with the seals of thoughts, without which
 * a later turn could not hand them back.
 */
export function selfContained(body: JsonObject): JsonObject {
  const include = Array.isArray(body.include) ? body.include : [];
  return { ...body, store: false, include: [...new Set([...include, "reasoning.encrypted_content"])] };
}
