import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Usage } from "../../../src/exchange/usage.ts";
import type { UsageSource } from "../../../src/records/record.ts";
import type { RecordedExchange } from "../../support/exchanges.ts";
import { type RecordedFormat, UsageRoom } from "../../support/recorded-usage.ts";

/** How providers tell usage, and how they should not: an answer, what the record is to say of it. */
interface Case {
  readonly format: RecordedFormat;
  readonly name: string;
  readonly body: string;
  /** Exactly; counts that a function takes are estimated. */
  readonly usage: Usage | null | ((usage: Usage) => void);
  readonly source: UsageSource | null;
  readonly status?: number;
}

const sse = (events: readonly unknown[], end = "") =>
  `${events.map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`).join("")}${end}`;
const DONE = "data: [DONE]\n\n";

/** Chunks of a Chat stream: two words, with `usage` beside each of them and in the last, as given. */
function chat(during: readonly unknown[], last: unknown, more: object = {}): string {
  const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
  const words = ["Hello", " there"].map((content, i) => ({
    ...head,
    choices: [{ index: 0, delta: { content }, finish_reason: null }],
    ...(during[i] === undefined ? {} : { usage: during[i] }),
  }));
  const end = { ...head, choices: [{ index: 0, delta: {}, finish_reason: "stop" }], ...more };
  return sse([...words, last === undefined ? end : { ...end, usage: last }], DONE);
}

function wholeChat(usage: unknown): string {
  const message = { role: "assistant", content: "Hello there" };
  const choices = [{ index: 0, message, finish_reason: "stop" }];
  const rest = usage === undefined ? {} : { usage };
  return JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "m", choices, ...rest });
}

const counts = (prompt: unknown, completion: unknown, more: object = {}) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  ...more,
});

const estimated = (usage: Usage) => {
  expect(usage.input).toBeWithin(1, 60);
  expect(usage.output).toBeWithin(1, 10);
};

const CHAT: Omit<Case, "format">[] = [
  {
    name: "xAI: in every chunk, of all so far, thinking apart",
    body: chat(
      [counts(9, 1, { total_tokens: 10 }), counts(9, 2, { total_tokens: 14 })],
      counts(9, 3, { total_tokens: 30, completion_tokens_details: { reasoning_tokens: 18 } }),
    ),
    usage: { input: 9, output: 21, reasoning: 18 },
    source: "provider",
  },
  {
    name: "DeepSeek: null, then beside the end, with the cache's hits in a member of its own",
    body: chat(
      [null, null],
      counts(30, 5, { total_tokens: 35, prompt_cache_hit_tokens: 20, prompt_cache_miss_tokens: 10 }),
    ),
    usage: { input: 30, cachedInput: 20, output: 5 },
    source: "provider",
  },
  {
    name: "Mistral: beside the end alone",
    body: chat([], counts(4, 2, { total_tokens: 6 })),
    usage: { input: 4, output: 2 },
    source: "provider",
  },
  {
    name: "Groq: in a member of its own",
    body: chat([], undefined, { x_groq: { id: "r", usage: counts(7, 3) } }),
    usage: { input: 7, output: 3 },
    source: "provider",
  },
  {
    name: "Moonshot: in the choice",
    body: chat([], undefined).replace(
      '"finish_reason":"stop"',
      '"finish_reason":"stop","usage":{"prompt_tokens":8,"completion_tokens":2}',
    ),
    usage: { input: 8, output: 2 },
    source: "provider",
  },
  {
    name: "sound and thinking, in a chunk of its own",
    body: `${chat([], undefined).replace(DONE, "")}${sse([{ id: "c", object: "chat.completion.chunk", created: 1, model: "m", choices: [], usage: counts(100, 50, { total_tokens: 150, prompt_tokens_details: { cached_tokens: 10, audio_tokens: 60 }, completion_tokens_details: { reasoning_tokens: 5, audio_tokens: 30 } }) }], DONE)}`,
    usage: { input: 100, cachedInput: 10, audioInput: 60, output: 50, reasoning: 5, audioOutput: 30 },
    source: "provider",
  },
  { name: "nowhere", body: chat([], undefined), usage: estimated, source: "estimated" },
  { name: "null", body: chat([null, null], null), usage: estimated, source: "estimated" },
  { name: "nothing in it", body: chat([], {}), usage: estimated, source: "estimated" },
  { name: "no object", body: chat([3, "x"], [1]), usage: estimated, source: "estimated" },
  {
    name: "texts, negative numbers, fractions, more than a number can count",
    body: chat([counts("12", -3), counts(1.5, true)], counts(2 ** 60, "7")).replace('"7"', "1e999"),
    usage: estimated,
    source: "estimated",
  },
  {
    name: "one count that is none",
    body: chat([], counts(12, -1)),
    usage: ({ input, output }) => {
      expect(input).toBe(12);
      expect(output).toBeWithin(1, 10);
    },
    source: "estimated",
  },
  {
    name: "members of the prototype",
    body: chat([], {}).replace(
      '"usage":{}',
      '"usage":{"__proto__":{"prompt_tokens":5},"constructor":1,"prompt_tokens":6,"completion_tokens":1}',
    ),
    usage: { input: 6, output: 1 },
    source: "provider",
  },
  { name: "whole, nowhere", body: wholeChat(undefined), usage: estimated, source: "estimated" },
  { name: "whole, null", body: wholeChat(null), usage: estimated, source: "estimated" },
  { name: "whole, a text", body: wholeChat("12"), usage: estimated, source: "estimated" },
  { name: "whole, wrong types", body: wholeChat(counts("1", [2])), usage: estimated, source: "estimated" },
  {
    name: "whole, beside an error",
    body: JSON.stringify({ error: { message: "no", type: "x" }, usage: counts(5, 5) }),
    status: 400,
    usage: null,
    source: null,
  },
  {
    name: "before an error in the stream",
    body: `${chat([counts(9, 1), counts(9, 2)], undefined)
      .split("data:")
      .slice(0, 3)
      .join("data:")}${sse([{ error: { message: "gone", type: "server_error" } }])}`,
    usage: { input: 9, output: 2 },
    source: "partial",
  },
];

/** A stream of Messages: its beginning with `start`, two words, and a `message_delta` for each of `deltas`. */
function messages(start: unknown, deltas: readonly unknown[]): string {
  const message = { id: "m", type: "message", role: "assistant", model: "m", content: [], usage: start };
  return [
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello there" } },
    { type: "content_block_stop", index: 0 },
    ...deltas.map((usage) => ({
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      ...(usage === undefined ? {} : { usage }),
    })),
    { type: "message_stop" },
  ]
    .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    .join("");
}

const MESSAGES: Omit<Case, "format">[] = [
  {
    name: "cached, and written for minutes and for an hour",
    body: messages(
      {
        input_tokens: 10,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 200 },
        output_tokens: 1,
        service_tier: "standard",
      },
      [{ output_tokens: 7 }],
    ),
    usage: { input: 1310, cachedInput: 1000, cacheWriteInput: 300, cacheWrite1hInput: 200, output: 7 },
    source: "provider",
  },
  {
    name: "several times, each of all so far; a later 0 takes nothing back",
    body: messages({ input_tokens: 10, output_tokens: 1 }, [
      { output_tokens: 3 },
      { input_tokens: 0, output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } },
    ]),
    usage: { input: 10, output: 9, reasoning: 4 },
    source: "provider",
  },
  {
    name: "only at the end",
    body: messages(undefined, [{ input_tokens: 12, cache_read_input_tokens: 3, output_tokens: 5 }]),
    usage: { input: 15, cachedInput: 3, output: 5 },
    source: "provider",
  },
  { name: "nowhere", body: messages(undefined, [undefined]), usage: estimated, source: "estimated" },
  {
    name: "wrong types",
    body: messages({ input_tokens: "10", output_tokens: null }, [{ output_tokens: -1 }]),
    usage: estimated,
    source: "estimated",
  },
];

const chunkOf = (text: string, usageMetadata?: unknown, finishReason?: string) => ({
  candidates: [
    { index: 0, content: { role: "model", parts: [{ text }] }, ...(finishReason && { finishReason }) },
  ],
  ...(usageMetadata === undefined ? {} : { usageMetadata }),
  modelVersion: "m",
});

const GEMINI: Omit<Case, "format">[] = [
  {
    name: "in every chunk, of all so far: thoughts, what tools found, cached, sound",
    body: sse([
      chunkOf("Hello", { promptTokenCount: 50, totalTokenCount: 50 }),
      chunkOf(" there", { promptTokenCount: 50, candidatesTokenCount: 1, thoughtsTokenCount: 6 }),
      chunkOf(
        "",
        {
          promptTokenCount: 50,
          cachedContentTokenCount: 20,
          toolUsePromptTokenCount: 30,
          candidatesTokenCount: 4,
          thoughtsTokenCount: 6,
          promptTokensDetails: [
            { modality: "TEXT", tokenCount: 35 },
            { modality: "AUDIO", tokenCount: 15 },
          ],
          cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 5 }],
          candidatesTokensDetails: [
            { modality: "TEXT", tokenCount: 1 },
            { modality: "IMAGE", tokenCount: 3 },
          ],
        },
        "STOP",
      ),
    ]),
    usage: {
      input: 80,
      cachedInput: 20,
      audioInput: 15,
      cachedAudioInput: 5,
      output: 10,
      reasoning: 6,
      imageOutput: 3,
    },
    source: "provider",
  },
  {
    name: "wrong types",
    body: sse([chunkOf("Hello there", { promptTokenCount: "5", candidatesTokenCount: -2 }, "STOP")]),
    usage: estimated,
    source: "estimated",
  },
  {
    name: "a prompt that was blocked",
    body: JSON.stringify({
      promptFeedback: { blockReason: "SAFETY" },
      usageMetadata: { promptTokenCount: 11, totalTokenCount: 11 },
      modelVersion: "m",
    }),
    usage: ({ input, output }) => expect([input, output ?? 0]).toEqual([11, 0]),
    source: "estimated",
  },
];

function responses(end: string, usage: unknown): string {
  const head = { id: "resp_1", object: "response", created_at: 1, model: "m", output: [] };
  const item = { id: "msg_1", type: "message", role: "assistant", status: "completed" };
  const content = [{ type: "output_text", text: "Hello there", annotations: [] }];
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  return [
    { type: "response.created", response: { ...head, status: "in_progress", usage: null } },
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.content_part.added", ...at, part: { type: "output_text", text: "", annotations: [] } },
    { type: "response.output_text.delta", ...at, delta: "Hello there" },
    { type: "response.output_text.done", ...at, text: "Hello there" },
    { type: "response.output_item.done", output_index: 0, item: { ...item, content } },
    {
      type: `response.${end}`,
      response: {
        ...head,
        status: end,
        output: [{ ...item, content }],
        usage,
        ...(end === "incomplete" ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
        ...(end === "failed" ? { error: { code: "server_error", message: "no" } } : {}),
      },
    },
  ]
    .map((event, i) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: i })}\n\n`)
    .join("");
}

const told = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8, cache_write_tokens: 4 },
  output_tokens: 6,
  output_tokens_details: { reasoning_tokens: 3 },
  total_tokens: 26,
};
const read = { input: 20, cachedInput: 8, cacheWriteInput: 4, output: 6, reasoning: 3 };

const RESPONSES: Omit<Case, "format">[] = [
  { name: "of a whole answer", body: responses("completed", told), usage: read, source: "provider" },
  { name: "of one at its limit", body: responses("incomplete", told), usage: read, source: "provider" },
  { name: "of one that failed", body: responses("failed", told), usage: read, source: "partial" },
  { name: "null", body: responses("completed", null), usage: estimated, source: "estimated" },
  {
    name: "wrong types",
    body: responses("completed", { input_tokens: "20", output_tokens: 2 ** 60 }),
    usage: estimated,
    source: "estimated",
  },
];

const CASES: Case[] = [
  ...CHAT.map((one) => ({ ...one, format: "openai-chat" as const })),
  ...MESSAGES.map((one) => ({ ...one, format: "anthropic-messages" as const })),
  ...GEMINI.map((one) => ({ ...one, format: "gemini" as const })),
  ...RESPONSES.map((one) => ({ ...one, format: "openai-responses" as const })),
];

const REQUESTS: Record<RecordedFormat, object> = {
  "openai-chat": { model: "m", messages: [{ role: "user", content: "Hello" }] },
  "openai-responses": { model: "m", input: "Hello" },
  "anthropic-messages": { model: "m", max_tokens: 9, messages: [{ role: "user", content: "Hello" }] },
  gemini: { contents: [{ role: "user", parts: [{ text: "Hello" }] }] },
};

const EXCHANGES = CASES.map(({ format, body, status = 200 }, i): RecordedExchange => {
  const stream = !body.startsWith("{");
  return {
    id: `case-${i}`,
    url: "https://example.com/v1beta/models/m:generateContent",
    request: { ...REQUESTS[format], ...(stream && format !== "gemini" ? { stream } : {}) },
    status,
    content_type: stream ? "text/event-stream" : "application/json",
    stream,
    features: [],
    body,
  };
});

let room: UsageRoom;
beforeAll(async () => {
  room = await UsageRoom.open(EXCHANGES);
});
afterAll(() => room.close());

async function expectUsage(id: string, { usage, source }: Case): Promise<void> {
  const [record] = await room.records([id]);
  if (typeof usage === "function") usage(record!.usage!);
  else expect(record!.usage).toEqual(usage);
  expect(record!.usageSource).toBe(source);
}

describe("usage is recorded as it was told", () => {
  test.each(CASES.map((one, i) => [one.format, one.name, i] as const))("%s: %s", async (format, _, i) => {
    const exchange = EXCHANGES[i]!;
    await expectUsage(await room.send(format, exchange), CASES[i]!);
  });

  test.each(
    CASES.map((one, i) => [one.format, one.name, i] as const).filter(
      ([, name]) => !/error|failed|blocked/.test(name),
    ),
  )("%s: %s, to a client of another API", async (format, _, i) => {
    const exchange = EXCHANGES[i]!;
    await expectUsage(await room.sendConverted(format, exchange), CASES[i]!);
  });
});
