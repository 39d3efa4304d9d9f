import type { Format } from "../exchange/formats.ts";
import type { RequestFacts } from "./request-facts.ts";

const needles = (...names: string[]) => names.map((name) => Buffer.from(`"${name}"`));

/** What stands in a request where a model's answer was sealed by its provider, by the request's format. */
const SEALS: Readonly<Record<Format, readonly Buffer[]>> = {
  "openai-chat": [],
  "openai-responses": needles("encrypted_content"),
  "anthropic-messages": needles("signature", "redacted_thinking"),
  gemini: needles("thoughtSignature", "thought_signature"),
};

/** Whether a request may hold seals of whoever has served its conversation. */
export function mayHoldSeals({ body }: Pick<RequestFacts, "body">, format: Format): boolean {
  return Buffer.isBuffer(body) && SEALS[format].some((seal) => body.includes(seal));
}
