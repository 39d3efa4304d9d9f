/** The four API formats that carry model output. A folder of the same name in `src/formats/` knows each. */
export type Format = "openai-chat" | "openai-responses" | "anthropic-messages" | "gemini";

/**
 * The shape in which errors are told to a client: its API's own, the Amp client's for its own calls, or plain JSON
 * where no provider's API was called.
 */
export type ErrorShape = "openai" | "anthropic" | "gemini" | "amp" | "plain";

/** What a request asks of a provider. `other` is a call that the gateway passes on without reading. */
export type Operation = "generate" | "count-tokens" | "embeddings" | "completions" | "models" | "other";
