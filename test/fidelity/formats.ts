import type { Format } from "../../src/exchange/formats.ts";

export type { Format };

/** The four formats, in the order of the report. */
export const FORMATS: readonly Format[] = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"];

/** What each is called in the report. */
export const TITLES: Readonly<Record<Format, string>> = {
  "openai-chat": "Chat",
  "openai-responses": "Responses",
  "anthropic-messages": "Anthropic",
  gemini: "Gemini",
};
