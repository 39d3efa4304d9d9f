import { type Ask, MOST_ANSWERS, wholeNumber } from "./ask.ts";
import { wantsUsage } from "./chat/stream.ts";
import { chatHead, chatUsage } from "./chat/write.ts";
import { openaiError } from "./errors.ts";
import type { DemoFormat } from "./format.ts";
import { DONE_FRAME, type Frame, sseFrame, toPieces } from "./frames.ts";
import { type JsonObject, stringsOf } from "./json.ts";
import { openaiModel, refuseField, requireField } from "./openai-body.ts";
import type { Answered, PlannedAnswer } from "./plan.ts";
import { countInput, splitTokens } from "./tokens.ts";

/** OpenAI's older Completions API, with one prompt a request. */
export const COMPLETIONS: DemoFormat = {
  shape: "openai",
  past: undefined,
  read: readCompletion,
  whole: (answered) => JSON.stringify(writeCompletion(answered)),
  streamType: "text/event-stream; charset=utf-8",
  stream: streamCompletion,
  failure: (_answered, error) => sseFrame({ error: openaiError(error) }),
};

function readCompletion(body: JsonObject): Ask {
  const model = openaiModel(body);
  const prompt = readPrompt(body);
  return {
    model,
    prompt: prompt.text,
    toolResults: [],
    attachments: [],
    tools: [],
    toolChoice: "none",
    parallelCalls: false,
    reasoning: "none",
    output: { kind: "text" },
    maxTokens: wholeNumber(body, "max_tokens", 1),
    stop: stringsOf(body.stop),
    count: wholeNumber(body, "n", 1, MOST_ANSWERS) ?? 1,
    input: { total: prompt.tokens, cached: 0, cacheWritten: 0 },
  };
}

/** A string, an array with one string, or token numbers, which the demo cannot read back as text. */
function readPrompt(body: JsonObject): { text: string; tokens: number } {
  requireField(body, "prompt");
  const texts = stringsOf(body.prompt);
  if (texts.length > 1) refuseField("prompt", "one prompt: the demo takes no batches here");
  const [text] = texts;
  if (text !== undefined) return { text, tokens: countInput(text) };
  if (!Array.isArray(body.prompt)) refuseField("prompt", "a string or an array");
  const tokens = body.prompt.flat().length;
  return { text: `${tokens} token numbers`, tokens };
}

function finish(answer: PlannedAnswer): string {
  if (answer.finish === "refusal") return "content_filter";
  return answer.finish === "length" ? "length" : "stop";
}

function writeCompletion(answered: Answered): JsonObject {
  return {
    ...chatHead(answered, "text_completion", "cmpl-"),
    choices: answered.plan.answers.map((answer, index) => ({
      text: answer.text,
      index,
      logprobs: null,
      finish_reason: finish(answer),
    })),
    usage: chatUsage(answered),
  };
}

function* streamCompletion(answered: Answered): Generator<Frame> {
  const usage = wantsUsage(answered.body);
  const head = chatHead(answered, "text_completion", "cmpl-");
  const tail = usage ? { usage: null } : {};
  for (const [index, answer] of answered.plan.answers.entries()) {
    const chunk = (text: string, generated: boolean, reason: string | null = null) =>
      sseFrame(
        { ...head, choices: [{ text, index, logprobs: null, finish_reason: reason }], ...tail },
        generated,
      );
    for (const piece of toPieces(splitTokens(answer.text))) yield chunk(piece, true);
    yield chunk("", false, finish(answer));
  }
  if (usage) yield sseFrame({ ...head, choices: [], usage: chatUsage(answered) });
  yield DONE_FRAME;
}
