import { GatewayError } from "../../exchange/errors.ts";
import { numberOf, recordOf } from "../../exchange/read.ts";
import type { CountCodec } from "../codec.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

/** What the call takes of a request's members (OpenAI's API reference). */
const MEMBERS: ReadonlySet<string> = new Set([
  "conversation",
  "input",
  "instructions",
  "model",
  "parallel_tool_calls",
  "personality",
  "previous_response_id",
  "reasoning",
  "text",
  "tool_choice",
  "tools",
  "truncation",
]);

/** `POST /v1/responses/input_tokens`. */
export const openaiResponsesCount: CountCodec = {
  readRequest,
  writeRequest(request, context) {
    const body = Object.entries(writeRequest(request, context));
    return Object.fromEntries(body.filter(([key]) => MEMBERS.has(key)));
  },
  readResponse(value) {
    const tokens = numberOf(recordOf(value)?.input_tokens);
    if (tokens !== undefined) return tokens;
    throw new GatewayError("upstream_invalid", "The upstream's answer does not tell the input's tokens.");
  },
  writeResponse: (inputTokens) => ({ object: "response.input_tokens", input_tokens: inputTokens }),
};
