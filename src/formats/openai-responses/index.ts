import type { FormatModule } from "../format.ts";
import { openaiError, openaiStreamError } from "../openai-error.ts";

/** OpenAI Responses. */
export const openaiResponses: FormatModule = {
  name: "openai-responses",
  errorShape: "openai",
  templatePlaces: { input: { content: {} }, instructions: {} },
  renderError: (error) => JSON.stringify({ error: openaiError(error) }),
  renderStreamError(error) {
    // The published description has the fields flat, recorded traffic has them nested: clients exist for both.
    const fields = openaiError(error);
    const data = {
      type: "error",
      code: fields.code,
      message: fields.message,
      param: fields.param,
      error: fields,
    };
    return `event: error\ndata: ${JSON.stringify(data)}\n\n`;
  },
  streamErrorOf(data) {
    const event = data as { type?: unknown; error?: unknown; response?: { error?: unknown } } | null;
    if (event?.type === "error") return openaiStreamError(event.error ?? event);
    if (event?.type === "response.failed") return openaiStreamError(event.response?.error);
    return null;
  },
};
