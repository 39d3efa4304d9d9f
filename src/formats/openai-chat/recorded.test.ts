import { describe, expect, test } from "bun:test";
import type { ChatCompletion } from "openai/resources/chat/completions";
import { validateStream } from "../../../test/support/chat-stream.ts";
import { type RecordedExchange, recordedExchanges } from "../../../test/support/exchanges.ts";
import { isRecord } from "../../exchange/read.ts";
import { eventsOf } from "../../exchange/split.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { SseSplitter } from "../../lib/sse.ts";
import { openaiChatCodec } from "./codec.ts";
import { answerContext, assembled, readStream, requestContext, sseEvents } from "./testing.ts";

const EXCHANGES = recordedExchanges("openai-chat");
const ANSWERS = EXCHANGES.filter(({ status }) => status === 200);
const WHOLE = ANSWERS.filter(({ stream }) => !stream);
const STREAMS = ANSWERS.filter(({ stream }) => stream);
const named = (exchanges: readonly RecordedExchange[]) => exchanges.map((one) => [one.id, one] as const);
const path = { model: null, stream: false };

function providerOf({ url }: RecordedExchange): string {
  return (
    ["openrouter", "mistral", "groq", "openai", "deepseek"].find((name) => url.includes(name)) ?? "other"
  );
}

/** The differences that do not matter: a default that is told, and words that say the same. */
function normalRequest(request: Record<string, unknown>, provider: string): unknown {
  const { max_tokens: limit, stream, ...rest } = structuredClone(request);
  for (const message of rest.messages as Record<string, unknown>[])
    if (message.role === "assistant") message.content ??= null;
  if (rest.tool_choice === "any") rest.tool_choice = "required";
  const member = provider === "openai" ? "max_completion_tokens" : "max_tokens";
  return {
    ...rest,
    ...(limit === undefined ? {} : { [member]: limit }),
    ...(stream === true ? { stream } : {}),
    // The usage is asked for, for the record, whether the client does or not.
    ...(stream === true && provider !== "mistral" ? { stream_options: { include_usage: true } } : {}),
  };
}

describe("a recorded request", () => {
  test.each(named(EXCHANGES))("%s is written as it was read", (_, exchange) => {
    const { request } = exchange;
    const provider = providerOf(exchange);
    const context = { ...requestContext(provider), model: request.model as string };
    const written = openaiChatCodec.writeRequest(openaiChatCodec.readRequest(request, path), context);
    expect(JSON.parse(JSON.stringify(written))).toEqual(normalRequest(request, provider) as object);
    expect(context.losses.items).toEqual([]);
  });
});

describe("a recorded answer", () => {
  test.each(named(WHOLE))("%s is written as OpenAI would have written it", (_, { body, request }) => {
    const answer = JSON.parse(body) as ChatCompletion;
    const read = openaiChatCodec.readResponse(answer);
    const context = {
      ...answerContext(openaiChatCodec.readRequest(request, path)),
      model: answer.model,
    };
    const written = JSON.parse(
      JSON.stringify(openaiChatCodec.writeResponse(read, context)),
    ) as ChatCompletion;
    expect(written.choices.map(facts)).toEqual(answer.choices.map(facts));
    expect(written).toMatchObject({
      object: "chat.completion",
      model: answer.model,
      created: answer.created,
    });
    expect(written.usage?.prompt_tokens).toBe(answer.usage!.prompt_tokens);
    expect(written.usage?.total_tokens).toBe(answer.usage!.total_tokens);
    // Read again it says the same, but for the members that were made.
    const again = openaiChatCodec.readResponse(written);
    expect(JSON.parse(JSON.stringify(again, withoutIds))).toEqual(
      JSON.parse(JSON.stringify(read, withoutIds)),
    );
  });
});

/** The answer's id is made anew, and so is that of a call of before there were tools. */
function withoutIds(key: string, value: unknown): unknown {
  return key === "id" && !String(value).startsWith("call_REDACTED") ? undefined : value;
}

/** What is told of a choice, by OpenAI's words for it. */
function facts({ index, message, finish_reason: finish }: ChatCompletion.Choice): unknown {
  const { content, refusal, tool_calls: calls, function_call: call } = message;
  const { reasoning, reasoning_content: told } = message as {
    reasoning?: string;
    reasoning_content?: string;
  };
  return {
    index,
    finish,
    content: content || null,
    refusal: refusal || null,
    thoughts: told || reasoning || null,
    call: call ?? null,
    calls: (calls ?? []).map((one) => {
      if (one.type !== "function") return [one.id, one.custom];
      return [one.id, one.function.name, one.function.arguments || "{}"];
    }),
  };
}

describe("a recorded stream", () => {
  test.each(named(STREAMS))("%s comes to its end with what its chunks hold", (_, { body }) => {
    const events = readStream(body, openaiChatCodec.createStreamReader());
    const { response, complete } = assembled(events);
    expect(complete).toBe(true);
    expect(brokenOrder(events)).toBeNull();
    const chunks = sseEvents(body).flatMap(({ data }) => (data === "[DONE]" ? [] : [JSON.parse(data)]));
    for (const choice of response.choices) {
      const deltas = chunks.flatMap((chunk) =>
        chunk.choices.filter((one: { index: number }) => one.index === choice.index),
      );
      const all = (member: string) => deltas.map((one) => one.delta[member] ?? "").join("");
      const ofKind = (kind: string) =>
        choice.parts.map((part) => (part.kind === kind && "text" in part ? part.text : "")).join("");
      expect(ofKind("text")).toBe(all("content"));
      expect(ofKind("refusal")).toBe(all("refusal"));
      expect(ofKind("reasoning")).toBe(all("reasoning_content") || all("reasoning"));
      const given = deltas.flatMap((one) => one.delta.tool_calls ?? []);
      const pieces = given.map((call) => call.function?.arguments ?? "").join("") || (given[0] ? "{}" : "");
      const args = choice.parts.map((part) => (part.kind === "tool-call" ? part.arguments : ""));
      expect(args.join("")).toBe(pieces);
    }
    const usage = chunks.findLast((chunk) => isRecord(chunk.usage))?.usage;
    expect(response.usage?.input).toBe(usage?.prompt_tokens);
  });

  test.each(named(STREAMS))("%s is written as OpenAI streams", (_, { body }) => {
    const writer = openaiChatCodec.createStreamWriter(answerContext());
    const events = readStream(body, openaiChatCodec.createStreamReader());
    const text = events.map((event) => writer.write(event)).join("");
    const hasUsage = events.some((event) => event.type === "usage");
    const problems = validateStream(sseEvents(text), { includeUsage: true });
    expect(problems).toEqual(hasUsage ? [] : ["no chunk with usage"]);
  });

  test.each(named(STREAMS))("%s tells the same in single bytes, with CRLF, without [DONE]", (_, { body }) => {
    const expected = readStream(body, openaiChatCodec.createStreamReader());
    for (const text of [
      body,
      body.replaceAll("\n", "\r\n"),
      `: ping\n\n${body}`,
      body.replace("data: [DONE]", ""),
    ])
      expect(inBytes(text)).toEqual(expected);
  });

  test.each(named(STREAMS))("%s that is cut off ends in an error", (_, { body }) => {
    const events = sseEvents(body);
    const reader = openaiChatCodec.createStreamReader();
    const finishes = events.findIndex(({ data }) => data.includes('"finish_reason":"'));
    const told = [...events.slice(0, finishes).flatMap((event) => reader.push(event)), ...reader.end()];
    expect(told.at(-1)).toMatchObject({
      type: "error",
      error: { status: 502, code: "upstream_disconnected" },
    });
  });
});

function inBytes(text: string): StreamEvent[] {
  const reader = openaiChatCodec.createStreamReader();
  const splitter = new SseSplitter();
  const events: StreamEvent[] = [];
  for (const byte of Buffer.from(text))
    splitter.push(Uint8Array.of(byte), (event) => events.push(...reader.push(event)));
  splitter.end((event) => events.push(...reader.push(event)));
  return [...events, ...reader.end()];
}

/** Where events do not keep the order of a stream's events, or null. */
function brokenOrder(events: readonly StreamEvent[]): string | null {
  if (events[0]?.type !== "start") return "no start";
  const open = new Map<number, boolean>();
  for (const [index, event] of events.entries()) {
    const last = index === events.length - 1;
    if ((event.type === "end" || event.type === "error") !== last) return `${event.type} at ${index}`;
    if (!("choice" in event)) continue;
    const isOpen = open.get(event.choice) === true;
    const begins = event.type === "part-start" || event.type === "part" || event.type === "finish";
    if (begins === isOpen) return `${event.type} at ${index}`;
    if (event.type === "part-start") open.set(event.choice, true);
    if (event.type === "part-end") open.set(event.choice, false);
    if (event.type === "delta" && event.text === "") return `an empty delta at ${index}`;
  }
  return null;
}

test("an answer told as a stream reads as the whole", () => {
  for (const { body } of WHOLE) {
    const whole = openaiChatCodec.readResponse(JSON.parse(body));
    const writer = openaiChatCodec.createStreamWriter(answerContext());
    const text = [...eventsOf(whole)].map((event) => writer.write(event)).join("");
    const { response } = assembled(readStream(text, openaiChatCodec.createStreamReader()));
    expect(response.choices.map(({ parts, finish }) => ({ parts, finish }))).toEqual(
      whole.choices.map(({ parts, finish }) => ({ parts, finish })),
    );
    expect(response.usage).toEqual(whole.usage!);
  }
});
