import type { DemoFormat } from "../format.ts";
import { RESPONSES_PAST } from "./past.ts";
import { readResponses } from "./read.ts";
import { failResponses, streamResponses } from "./stream.ts";
import { finalStatus, outputItems, writeResponse } from "./write.ts";

/** OpenAI's Responses API. Nothing is stored: `previous_response_id` is repeated but brings nothing back. */
export const RESPONSES: DemoFormat = {
  shape: "openai",
  read: readResponses,
  past: RESPONSES_PAST,
  whole: (answered) =>
    JSON.stringify(writeResponse(answered, finalStatus(answered), outputItems(answered)), null, 2),
  streamType: "text/event-stream; charset=utf-8",
  stream: streamResponses,
  failure: failResponses,
};
