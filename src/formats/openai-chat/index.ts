import type { FormatModule } from "../format.ts";
import { renderError, renderStreamError, streamErrorOf } from "./errors.ts";
import { parameters } from "./parameters.ts";
import { messageForms, templatePlaces } from "./templates.ts";

/** OpenAI Chat Completions, with the legacy completions and the embeddings that share its errors. */
export const openaiChat: FormatModule = {
  name: "openai-chat",
  errorShape: "openai",
  templatePlaces,
  messageForms,
  parameters,
  renderError,
  renderStreamError,
  streamErrorOf,
};
