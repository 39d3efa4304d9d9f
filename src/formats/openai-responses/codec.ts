import type { Codec } from "../codec.ts";
import { readError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { readResponse } from "./read-response.ts";
import { ResponsesStreamReader } from "./read-stream.ts";
import { writeRequest } from "./write-request.ts";
import { writeResponse } from "./write-response.ts";
import { ResponsesStreamWriter } from "./write-stream.ts";

/** OpenAI's Responses API, and others' that follow it or Open Responses. */
export const openaiResponsesCodec: Codec = {
  readRequest,
  writeRequest,
  readResponse,
  writeResponse,
  createStreamReader: () => new ResponsesStreamReader(),
  createStreamWriter: (context) => new ResponsesStreamWriter(context),
  readError,
  keepAlive: ": keep-alive\n\n",
};
