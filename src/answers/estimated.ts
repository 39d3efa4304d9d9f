import type { Trace } from "../records/trace.ts";
import { gatewayHeaders } from "./headers.ts";

/** The answer of a count of tokens that the gateway made itself, marked as what it is. */
export function estimated(body: object, trace: Trace): Response {
  const bytes = Buffer.from(JSON.stringify(body));
  trace.status = 200;
  trace.responseBytes = bytes.length;
  trace.capture?.answered(bytes);
  const headers = gatewayHeaders(trace);
  const warnings = [headers["x-amsterdam-warning"], "the token count is an estimate"];
  headers["x-amsterdam-warning"] = warnings.filter((warning) => warning !== undefined).join("; ");
  return new Response(bytes, { headers: { ...headers, "content-type": "application/json" } });
}
