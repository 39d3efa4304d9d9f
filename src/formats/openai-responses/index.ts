import type { FormatModule } from "../format.ts";
import { renderError, renderStreamError, streamErrorOf } from "./errors.ts";
import { parameters } from "./parameters.ts";
import { messageForms, templatePlaces } from "./templates.ts";

/** OpenAI Responses. */
export const openaiResponses: FormatModule = {
  name: "openai-responses",
  errorShape: "openai",
  templatePlaces,
  messageForms,
  parameters,
  renderError,
  renderStreamError,
  streamErrorOf(data) {
    const told = streamErrorOf(data);
    return told === null ? null : { status: told.status, message: told.message };
  },
};
