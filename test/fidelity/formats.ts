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

/** The version that stands first in each API's paths. */
export const VERSIONS: Readonly<Record<Format, string>> = {
  "openai-chat": "v1",
  "openai-responses": "v1",
  "anthropic-messages": "v1",
  gemini: "v1beta",
};
