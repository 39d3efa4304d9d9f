import type { GatewayError } from "../../exchange/errors.ts";
import type { FormatModule } from "../format.ts";
import { errorType, readErrorEvent } from "./errors.ts";
import { parameters } from "./parameters.ts";
import { messageForms, templatePlaces } from "./templates.ts";

/** By these details the SDK's tool runner knows that it is to go on without a thread, and sends the whole conversation. */
function detailsOf({ code, param }: GatewayError): object {
  if (code !== "conversion_refused" || param !== "thread") return {};
  return { details: { error_code: "thread_unsupported_request", unsupported: ["thread"] } };
}

/** Anthropic Messages. */
export const anthropicMessages: FormatModule = {
  name: "anthropic-messages",
  errorShape: "anthropic",
  templatePlaces,
  messageForms,
  parameters,
  renderError: (error, requestId) =>
    JSON.stringify({
      type: "error",
      error: { type: errorType(error.status), message: error.message, ...detailsOf(error) },
      request_id: requestId,
    }),
  renderStreamError(error, requestId) {
    return `event: error\ndata: ${anthropicMessages.renderError(error, requestId)}\n\n`;
  },
  streamErrorOf(data) {
    const told = readErrorEvent(data);
    return told === null ? null : { status: told.status, message: told.message };
  },
};
