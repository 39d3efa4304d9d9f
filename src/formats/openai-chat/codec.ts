import type { Codec } from "../codec.ts";
import { readError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { readResponse } from "./read-response.ts";
import { createStreamReader } from "./read-stream.ts";
import { writeRequest } from "./write-request.ts";
import { writeResponse } from "./write-response.ts";
import { createStreamWriter } from "./write-stream.ts";

/** OpenAI Chat Completions, as OpenAI and the many who took it over have it. */
export const openaiChatCodec: Codec = {
  readRequest,
  writeResponse,
  createStreamWriter,
  keepAlive: ": keep-alive\n\n",
  writeRequest,
  readResponse,
  createStreamReader,
  readError,
};
