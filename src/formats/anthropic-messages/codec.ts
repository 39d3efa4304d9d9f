import type { Codec } from "../codec.ts";
import { readError } from "./errors.ts";
import { readRequest } from "./read-request.ts";
import { readResponse } from "./read-response.ts";
import { createStreamReader } from "./read-stream.ts";
import { writeRequest } from "./write-request.ts";
import { writeResponse } from "./write-response.ts";
import { createStreamWriter, keepAlive } from "./write-stream.ts";

/** Anthropic's Messages API; its SDK's types and platform.claude.com/docs describe it. */
export const anthropicCodec: Codec = {
  readRequest: (body) => readRequest(body),
  writeRequest,
  readResponse,
  writeResponse,
  createStreamReader,
  createStreamWriter,
  readError,
  keepAlive,
};
