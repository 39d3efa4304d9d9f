import { openaiError } from "../errors.ts";
import type { DemoFormat } from "../format.ts";
import { sseFrame } from "../frames.ts";
import { CHAT_PAST } from "./past.ts";
import { readChat } from "./read.ts";
import { streamChat } from "./stream.ts";
import { writeChat } from "./write.ts";

/** OpenAI's Chat Completions API. */
export const CHAT: DemoFormat = {
  shape: "openai",
  read: readChat,
  past: CHAT_PAST,
  whole: (answered) => JSON.stringify(writeChat(answered)),
  streamType: "text/event-stream; charset=utf-8",
  stream: streamChat,
  failure: (_answered, error) => sseFrame({ error: openaiError(error) }),
};
