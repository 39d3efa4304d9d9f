import { openaiError } from "../errors.ts";
import type { DemoFormat } from "../format.ts";
import { sseFrame } from "../frames.ts";
import { readChat } from "./read.ts";
import { streamChat } from "./stream.ts";
import { writeChat } from "./write.ts";

/** OpenAI's Chat Completions API. */
export const CHAT: DemoFormat = {
  shape: "openai",
  read: readChat,
  whole: (answered) => JSON.stringify(writeChat(answered)),
  streamType: "text/event-stream; charset=utf-8",
  stream: streamChat,
  failure: (_answered, error) => sseFrame({ error: openaiError(error) }),
};
