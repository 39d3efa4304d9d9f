import type { FormatModule } from "../format.ts";
import { openaiError, openaiStreamError } from "../openai-error.ts";

/** OpenAI Chat Completions, with the legacy completions and the embeddings that share its errors. */
export const openaiChat: FormatModule = {
  name: "openai-chat",
  errorShape: "openai",
  templatePlaces: { messages: { content: {} } },
  renderError: (error) => JSON.stringify({ error: openaiError(error) }),
  renderStreamError: (error) => `data: ${JSON.stringify({ error: openaiError(error) })}\n\n`,
  streamErrorOf(data) {
    const error = (data as { error?: unknown } | null)?.error;
    return error === undefined || error === null ? null : openaiStreamError(error);
  },
};
