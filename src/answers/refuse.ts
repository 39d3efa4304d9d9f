import type { ErrorCategory, GatewayError } from "../exchange/errors.ts";
import type { ErrorShape } from "../exchange/formats.ts";
import { renderError } from "../formats/registry.ts";
import type { Trace } from "../records/trace.ts";
import type { HeaderFilter } from "../upstream/http/forward-headers.ts";
import type { Failure } from "../upstream/outcome.ts";
import { addUpstreamHeaders, gatewayHeaders, withCookies } from "./headers.ts";

/** Puts an error down in the trace. */
export function noteError(trace: Trace, error: GatewayError): void {
  trace.error = error.code;
  trace.errorCategory = error.category;
  trace.cause = causeText(error.cause);
}

/** A cause with what caused it, for the operator. */
function causeText(cause: unknown): string | null {
  if (cause === undefined || cause === null) return null;
  if (!(cause instanceof Error)) return String(cause);
  const inner = causeText(cause.cause);
  return inner === null
    ? (cause.stack ?? cause.message)
    : `${cause.stack ?? cause.message}\ncaused by ${inner}`;
}

/** Errors that the same request meets again, whenever it comes. */
const FINAL: ReadonlySet<ErrorCategory> = new Set(["client", "authentication", "gateway"]);

/** The answer to a request that ends in an error, in the shape of the API that was called. */
export function refuse(error: GatewayError, shape: ErrorShape, trace: Trace): Response {
  noteError(trace, error);
  trace.status = error.status;
  const body = Buffer.from(renderError(shape, error, trace.requestId));
  trace.responseBytes = body.length;
  trace.capture?.answered(body);
  const headers: Record<string, string> = {
    ...gatewayHeaders(trace),
    "content-type": "application/json",
    ...error.headers,
  };
  if (error.retryAfter !== undefined) headers["retry-after"] = String(error.retryAfter);
  // Agents try again for minutes what looks as if it could pass; a mistake in a request or a configuration does not.
  if (FINAL.has(error.category)) headers["x-should-retry"] = "false";
  return new Response(trace.method === "HEAD" ? null : body, { status: error.status, headers });
}

/**
 * The answer when no target could serve the request. What the upstream itself said is handed on as it said it, where
 * that is JSON, for same-format calls are all there is; anything else is told in the client's shape.
 */
export function refuseWith(
  failure: Failure,
  filter: HeaderFilter,
  shape: ErrorShape,
  trace: Trace,
): Response {
  const { answer, error } = failure;
  if (answer === null || (!answer.isJson && shape !== "plain")) return refuse(error, shape, trace);
  noteError(trace, error);
  trace.cause = failure.message;
  trace.status = answer.status;
  trace.responseBytes = answer.body.length;
  if (trace.capture !== null) {
    trace.capture.contentEncoding = answer.headers.get("content-encoding");
    trace.capture.answered(answer.body);
  }
  const headers = gatewayHeaders(trace);
  addUpstreamHeaders(headers, answer.headers, filter);
  if (error.retryAfter !== undefined) headers["retry-after"] ??= String(error.retryAfter);
  return new Response(trace.method === "HEAD" ? null : Buffer.from(answer.body), {
    status: answer.status,
    headers: withCookies(headers, answer.headers, filter),
  });
}
