import type { FormatModule } from "../format.ts";
import { renderError, renderStreamError, streamErrorOf } from "./errors.ts";

/** OpenAI Chat Completions, with the legacy completions and the embeddings that share its errors. */
export const openaiChat: FormatModule = {
  name: "openai-chat",
  errorShape: "openai",
  templatePlaces: { messages: { content: {} } },
  renderError,
  renderStreamError,
  streamErrorOf,
};
