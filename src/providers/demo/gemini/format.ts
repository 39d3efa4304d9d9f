import { geminiError } from "../errors.ts";
import type { DemoFormat } from "../format.ts";
import type { Frame } from "../frames.ts";
import type { JsonObject } from "../json.ts";
import type { Answered } from "../plan.ts";
import { CONTENTS_PAST } from "./past.ts";
import { readContents } from "./read.ts";
import { streamContent } from "./stream.ts";
import { writeContent } from "./write.ts";

const BASE = {
  shape: "gemini",
  read: readContents,
  past: CONTENTS_PAST,
  whole: (answered: Answered) => JSON.stringify(writeContent(answered), null, 2),
} as const;

/** Gemini's API, streamed as server-sent events (`alt=sse`). */
export const GEMINI_SSE: DemoFormat = {
  ...BASE,
  streamType: "text/event-stream",
  *stream(answered) {
    for (const chunk of streamContent(answered)) yield sse(chunk, true);
  },
  failure: (_answered, error) => sse({ error: geminiError(error) }, false),
};

/** Gemini's API, streamed as one JSON array that grows: what a client gets without `alt=sse`. */
export const GEMINI_ARRAY: DemoFormat = {
  ...BASE,
  streamType: "application/json; charset=UTF-8",
  *stream(answered) {
    let opening = "[";
    for (const chunk of streamContent(answered)) {
      yield { text: `${opening}${JSON.stringify(chunk, null, 2)}\n`, delta: true };
      opening = ",\r\n";
    }
    yield { text: "]", delta: false };
  },
  failure: (_answered, error, sent) => ({
    text: `${sent === 0 ? "[" : ",\r\n"}${JSON.stringify({ error: geminiError(error) }, null, 2)}\n]`,
    delta: false,
  }),
};

function sse(payload: JsonObject, delta: boolean): Frame {
  return { text: `data: ${JSON.stringify(payload)}\r\n\r\n`, delta };
}
