import type { FormatModule } from "../format.ts";
import { renderError, renderStreamError, streamErrorOf } from "./errors.ts";

/** OpenAI Responses. */
export const openaiResponses: FormatModule = {
  name: "openai-responses",
  errorShape: "openai",
  templatePlaces: { input: { content: {} }, instructions: {} },
  renderError,
  renderStreamError,
  streamErrorOf(data) {
    const told = streamErrorOf(data);
    return told === null ? null : { status: told.status, message: told.message };
  },
};
