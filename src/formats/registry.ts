import type { GatewayError } from "../exchange/errors.ts";
import type { ErrorShape, Format } from "../exchange/formats.ts";
import type { SseEvent } from "../lib/sse.ts";
import { anthropicMessages } from "./anthropic-messages/index.ts";
import type { FormatModule, StreamError } from "./format.ts";
import { gemini } from "./gemini/index.ts";
import { openaiChat } from "./openai-chat/index.ts";
import { openaiResponses } from "./openai-responses/index.ts";

/** Every format the gateway speaks. Adding one is a folder and a line here. */
export const FORMAT_MODULES: Record<Format, FormatModule> = {
  "openai-chat": openaiChat,
  "openai-responses": openaiResponses,
  "anthropic-messages": anthropicMessages,
  gemini,
};

/** The body of an error response in the shape that the client's API has. */
export function renderError(shape: ErrorShape, error: GatewayError, requestId: string): string {
  switch (shape) {
    case "openai":
      return openaiChat.renderError(error, requestId);
    case "anthropic":
      return anthropicMessages.renderError(error, requestId);
    case "gemini":
      return gemini.renderError(error, requestId);
    case "amp":
      return JSON.stringify({ ok: false, error: { code: error.code, message: error.message } });
    case "plain":
      return JSON.stringify({ error: { code: error.code, message: error.message, request_id: requestId } });
  }
}

/** The error that an event of a stream tells in this format; null when it tells none, or the format is not known. */
export function streamErrorIn(format: Format | null, event: SseEvent): StreamError | null {
  if (format === null || !event.data.startsWith("{")) return null;
  // Only an error's event has one of these words so early; parsing every stream's first event would cost more.
  if (!event.data.includes('"error"') && !event.data.includes("response.failed")) return null;
  try {
    return FORMAT_MODULES[format].streamErrorOf(JSON.parse(event.data));
  } catch {
    // Not JSON: whatever it is, it is no error in this format, and passes on as it came.
    return null;
  }
}
