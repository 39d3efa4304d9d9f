import { anthropicError } from "../errors.ts";
import type { DemoFormat } from "../format.ts";
import { sseFrame } from "../frames.ts";
import { MESSAGES_PAST } from "./past.ts";
import { readMessages } from "./read.ts";
import { streamMessage } from "./stream.ts";
import { writeMessage } from "./write.ts";

/** Anthropic's Messages API. */
export const MESSAGES: DemoFormat = {
  shape: "anthropic",
  read: readMessages,
  past: MESSAGES_PAST,
  whole: (answered) => JSON.stringify(writeMessage(answered)),
  streamType: "text/event-stream; charset=utf-8",
  stream: streamMessage,
  failure: (_answered, error) => sseFrame(anthropicError(error), false, "error"),
};
