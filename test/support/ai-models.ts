import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModel } from "ai";
import type { Format } from "../../src/exchange/formats.ts";

export interface ModelPlace {
  /** The gateway's origin. */
  readonly url: string;
  readonly key: string;
  /** As `provider/model`. */
  readonly model: string;
}

interface AiClient {
  readonly client: string;
  readonly format: Format;
  model(place: ModelPlace): LanguageModel;
}

/** The AI SDK's provider of each format, pointed at a gateway. */
export const AI_CLIENTS: readonly AiClient[] = [
  {
    client: "ai with openai-compatible",
    format: "openai-chat",
    model: ({ url, key, model }) =>
      createOpenAICompatible({
        name: "gateway",
        baseURL: `${url}/v1`,
        apiKey: key,
        includeUsage: true,
        supportsStructuredOutputs: true,
      })(model),
  },
  {
    client: "ai with openai",
    format: "openai-responses",
    model: ({ url, key, model }) => createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses(model),
  },
  {
    client: "ai with anthropic",
    format: "anthropic-messages",
    model: ({ url, key, model }) => createAnthropic({ baseURL: `${url}/v1`, apiKey: key })(model),
  },
  {
    client: "ai with google",
    format: "gemini",
    // This SDK takes a name with a slash for a whole resource path.
    model: ({ url, key, model }) =>
      createGoogle({ baseURL: `${url}/v1beta`, apiKey: key })(`models/${model}`),
  },
];
