import type { ClientCodec } from "../codec.ts";
import { chatRequest } from "./read-request.ts";
import { writeResponse } from "./write-response.ts";
import { CompletionsStreamWriter } from "./write-stream.ts";

/**
 * OpenAI's legacy completions, for clients: a request is read as `chat` reads the same request with the prompt as the
 * user's message, and answered in this API's own shape.
 */
export function completionsOver(chat: ClientCodec): ClientCodec {
  return {
    readRequest: (body, path) => chat.readRequest(chatRequest(body), path),
    writeResponse,
    createStreamWriter: (context) => new CompletionsStreamWriter(context, chat),
    keepAlive: chat.keepAlive,
  };
}
