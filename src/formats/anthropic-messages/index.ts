import type { FormatModule } from "../format.ts";
import { errorType, readErrorEvent } from "./errors.ts";

/** Anthropic Messages. */
export const anthropicMessages: FormatModule = {
  name: "anthropic-messages",
  errorShape: "anthropic",
  templatePlaces: { messages: { content: {} }, system: {} },
  renderError: (error, requestId) =>
    JSON.stringify({
      type: "error",
      error: { type: errorType(error.status), message: error.message },
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
