import { codingsOf } from "../lib/decompress.ts";
import type { HttpResponse } from "./http/exchange.ts";
import type { Delivery } from "./outcome.ts";
import type { Target } from "./target.ts";

/** What the target's settings say, else the answer's content type. */
export function deliveryOf(target: Target, response: HttpResponse): Delivery {
  const { responseType } = target;
  if (responseType === "stream") return "bytes";
  const contentType = response.headers.get("content-type");
  if (responseType === null && contentType === "application/json") return "whole";
  // Nothing can be put between the events of a compressed stream.
  if (contentType?.toLowerCase().startsWith("text/event-stream"))
    return isCompressed(response) ? "bytes" : "events";
  if (responseType === "json" || responseType === "html") return "whole";
  if (responseType === "sse") return "bytes";
  return isJsonType(contentType) ? "whole" : "bytes";
}

/** Not "application/json-seq" and the like, whose parts come one by one. */
export function isJsonType(contentType: string | null): boolean {
  if (contentType === "application/json") return true;
  return contentType !== null && /^application\/json\s*(;|$)/i.test(contentType);
}

export function isCompressed(response: HttpResponse): boolean {
  const encoding = response.headers.get("content-encoding");
  return encoding !== null && codingsOf(encoding).length > 0;
}
