import { type Assembled, Assembler } from "../../exchange/assemble.ts";
import { Losses } from "../../exchange/losses.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { type SseEvent, SseSplitter } from "../../lib/sse.ts";
import type { AnswerContext, RequestContext } from "../codec.ts";
import { openaiResponsesCodec as codec } from "./codec.ts";

/** What tests of this format share. */

export const NOW = 1_700_000_000;

/** For answers; its ids are numbers in a row, and losses are errors unless it is told otherwise. */
export function answerContext(request: GenerateRequest, losses = new Losses(true)): AnswerContext {
  let ids = 0;
  return {
    request,
    model: request.model,
    losses,
    newId: () => String(ids++).padStart(24, "0"),
    now: () => NOW,
  };
}

export function requestContext(losses = new Losses(true), provider = "openai"): RequestContext {
  return { model: "model-1", losses, provider };
}

export const read = (body: unknown): GenerateRequest =>
  codec.readRequest(body, { model: null, stream: false });

/** A client's request that says nothing but what it must. */
export const asked: GenerateRequest = read({ model: "model-1", input: "Hi" });

/** Bodies as the events of a stream. */
export function eventsOf(bodies: readonly object[]): SseEvent[] {
  return bodies.map((body) => ({ event: null, data: JSON.stringify(body) }));
}

export function eventsIn(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  const splitter = new SseSplitter();
  splitter.push(new TextEncoder().encode(text), (event) => events.push(event));
  splitter.end((event) => events.push(event));
  return events;
}

/** What the events say in the neutral form. */
export function neutral(events: readonly SseEvent[]): StreamEvent[] {
  const reader = codec.createStreamReader();
  return [...events.flatMap((event) => [...reader.push(event)]), ...reader.end()];
}

export function assembled(events: readonly StreamEvent[]): Assembled {
  const assembler = new Assembler();
  for (const event of events) assembler.take(event);
  return assembler.result();
}

/** The stream that tells the events to a client. */
export function written(events: readonly StreamEvent[], context: AnswerContext): string {
  const writer = codec.createStreamWriter(context);
  return events.map((event) => writer.write(event)).join("");
}

/** The value without members of some names, wherever they are. */
export function without<T>(value: T, ...names: string[]): T {
  const omit = (key: string, member: unknown) => (names.includes(key) ? undefined : member);
  return JSON.parse(JSON.stringify(value, omit));
}
