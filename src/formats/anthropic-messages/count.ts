import { GatewayError } from "../../exchange/errors.ts";
import { isRecord } from "../../exchange/read.ts";
import type { CountCodec } from "../codec.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

/** Members of a request that count_tokens takes too; what only an answer needs is refused there. */
const COUNTED: ReadonlySet<string> = new Set([
  "model",
  "messages",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "cache_control",
  "mcp_servers",
  "context_management",
  "speed",
]);

/** `/v1/messages/count_tokens`. */
export const anthropicCount: CountCodec = {
  readRequest: (body) => readRequest(body),
  writeRequest(request, context) {
    const body = Object.entries(writeRequest(request, context));
    return Object.fromEntries(body.filter(([key]) => COUNTED.has(key)));
  },
  readResponse(body) {
    if (isRecord(body) && typeof body.input_tokens === "number") return body.input_tokens;
    throw new GatewayError("upstream_invalid", "The provider's answer has no input_tokens.");
  },
  writeResponse: (inputTokens) => ({ input_tokens: inputTokens }),
};
