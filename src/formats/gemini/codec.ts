import type { Codec } from "../codec.ts";
import { readError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { readResponse } from "./read-response.ts";
import { createStreamReader } from "./read-stream.ts";
import { writeRequest } from "./write-request.ts";
import { writeResponse } from "./write-response.ts";
import { createArrayStreamWriter, createStreamWriter } from "./write-stream.ts";

/** Gemini's generateContent and streamGenerateContent. */
export const geminiCodec: Codec = {
  readRequest,
  writeResponse,
  createStreamWriter,
  createArrayStreamWriter,
  keepAlive: ": keep-alive\n\n",
  writeRequest,
  readResponse,
  createStreamReader,
  readError,
};
