import { CONNECTION_HEADERS } from "../config/reserved.ts";

/** What belongs to a connection or to the bytes of a body, and the ids of the request that it stood in. */
const NOT_TAKEN_OVER: ReadonlySet<string> = new Set([
  ...CONNECTION_HEADERS,
  "content-encoding",
  "content-type",
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "x-amsterdam-request-id",
  "x-request-id",
]);

/**
 * The header fields of a request that the gateway makes of another one: with a JSON body of so many bytes, without what was
 * the other one's alone. `without` names more of that, in lower case.
 */
export function innerHeaders(asked: Headers, bodyBytes: number, without?: ReadonlySet<string>): Headers {
  const headers = new Headers();
  asked.forEach((value, name) => {
    if (!NOT_TAKEN_OVER.has(name) && without?.has(name) !== true) headers.append(name, value);
  });
  headers.set("content-type", "application/json");
  // A request without it, and not cut into chunks, has no body.
  headers.set("content-length", String(bodyBytes));
  return headers;
}
