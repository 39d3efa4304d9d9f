import type { FormatModule } from "../format.ts";

/** Anthropic Messages. Error types and statuses: docs.anthropic.com, "Errors". */
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
    const event = data as { type?: unknown; error?: { type?: unknown; message?: unknown } } | null;
    if (event?.type !== "error") return null;
    const type = String(event.error?.type ?? "error in the stream");
    return { status: STATUS_OF.get(type) ?? 502, message: String(event.error?.message ?? type) };
  },
};

const TYPE_OF: Record<number, string> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  408: "timeout_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

const STATUS_OF: ReadonlyMap<string, number> = new Map([
  ["invalid_request_error", 400],
  ["authentication_error", 401],
  ["permission_error", 403],
  ["not_found_error", 404],
  ["request_too_large", 413],
  ["rate_limit_error", 429],
  ["api_error", 500],
  ["timeout_error", 504],
  ["overloaded_error", 529],
]);

function errorType(status: number): string {
  return TYPE_OF[status] ?? (status >= 500 ? "api_error" : "invalid_request_error");
}
