import type { Caller } from "../auth/authenticate.ts";
import { GatewayError } from "../exchange/errors.ts";
import { parseFeedback } from "../records/feedback.ts";
import type { FeedbackWriter } from "../records/feedback-writer.ts";
import type { Trace } from "../records/trace.ts";

/** Takes feedback in; it is stored a moment later. Throws malformed_body, invalid_request or server_overloaded. */
export function takeFeedback(body: unknown, caller: Caller, writer: FeedbackWriter, trace: Trace): Response {
  const parsed = parseFeedback(readJson(body), { keyId: caller.identity.id, receivedAt: Date.now() });
  if ("error" in parsed) {
    const { message, param } = parsed.error;
    throw new GatewayError("invalid_request", message, param === null ? {} : { param });
  }
  if (!writer.add(parsed.items)) {
    throw new GatewayError("server_overloaded", "Too much feedback is waiting to be stored.", {
      retryAfter: 5,
    });
  }
  trace.status = 202;
  const accepted = { accepted: parsed.items.length, ids: parsed.items.map((item) => item.id) };
  return Response.json(accepted, { status: 202, headers: { "x-request-id": trace.requestId } });
}

function readJson(body: unknown): unknown {
  try {
    return JSON.parse(body instanceof Buffer ? body.toString("utf8") : "");
  } catch {
    throw new GatewayError("malformed_body", "The request body is not valid JSON.");
  }
}
