import { type Assembled, Assembler } from "../../exchange/assemble.ts";
import { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { parseEvent, type SseEvent } from "../../lib/sse.ts";
import type { AnswerContext, RequestContext, StreamReader } from "../codec.ts";

/** What the tests of this format share. */

const REQUEST: GenerateRequest = {
  model: "m",
  stream: true,
  streamUsage: true,
  messages: [{ role: "user", parts: [{ kind: "text", text: "hi" }] }],
  tools: [],
};

export function answerContext(request: Partial<GenerateRequest> = {}): AnswerContext {
  let ids = 0;
  return {
    request: { ...REQUEST, ...request },
    model: "model-1",
    losses: new Losses(),
    newId: () => `${++ids}`.padStart(24, "0"),
    now: () => 1_700_000_000,
  };
}

export function requestContext(provider = "openai", strict = false): RequestContext {
  return { model: "model-1", losses: new Losses(strict), provider };
}

/** The events of a stream's text. */
export function sseEvents(text: string): SseEvent[] {
  return text
    .split(/\r?\n\r?\n/)
    .map(parseEvent)
    .filter((event) => event.data !== "");
}

export function readStream(text: string, reader: StreamReader): StreamEvent[] {
  return [...sseEvents(text).flatMap((event) => reader.push(event)), ...reader.end()];
}

export function assembled(events: readonly StreamEvent[]): Assembled {
  const assembler = new Assembler();
  for (const event of events) assembler.take(event);
  return assembler.result();
}

/** The text of a stream of such chunks, each with the members that every chunk has. */
export function streamOf(...chunks: object[]): string {
  const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
  const told = chunks.map((chunk) => `data: ${JSON.stringify({ ...head, ...chunk })}\n\n`);
  return `${told.join("")}data: [DONE]\n\n`;
}

/** A chunk whose first choice has this delta. */
export function delta(members: object, finish: string | null = null, index = 0): object {
  return { choices: [{ index, delta: members, finish_reason: finish }] };
}
