import type { Trace } from "../records/trace.ts";
import { gatewayHeaders } from "./headers.ts";

/** The answer of a count of tokens that the gateway made itself, marked as what it is. */
export function estimated(body: object, trace: Trace): Response {
  const bytes = Buffer.from(JSON.stringify(body));
  trace.status = 200;
  trace.responseBytes = bytes.length;
  trace.capture?.answered(bytes);
  return new Response(bytes, {
    headers: {
      ...gatewayHeaders(trace),
      "content-type": "application/json",
      "x-amsterdam-warning": "the token count is an estimate",
    },
  });
}
