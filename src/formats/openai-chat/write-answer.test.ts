import { describe, expect, test } from "bun:test";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import { validateStream } from "../../../test/support/chat-stream.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { FinishReason, GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import type { AnswerContext } from "../codec.ts";
import { openaiChatCodec } from "./codec.ts";
import { answerContext, sseEvents } from "./testing.ts";

const text: Part = { kind: "text", text: "hi" };
const call = (id: string): Part => ({ kind: "tool-call", id, name: "f", arguments: '{"x":1}' });

function answer(parts: readonly Part[], members: Partial<GenerateResponse> = {}): GenerateResponse {
  const finish: FinishReason = parts.some(({ kind }) => kind === "tool-call") ? "tool-calls" : "stop";
  return { id: "resp_1", model: "m", choices: [{ index: 0, parts, finish }], ...members };
}

function whole(response: GenerateResponse, request?: Partial<GenerateRequest>): ChatCompletion {
  return JSON.parse(JSON.stringify(openaiChatCodec.writeResponse(response, answerContext(request))));
}

function stream(response: GenerateResponse, context: AnswerContext = answerContext()): string {
  const writer = openaiChatCodec.createStreamWriter(context);
  return [...eventsOf(response)].map((event) => writer.write(event)).join("");
}

function chunks(response: GenerateResponse, context?: AnswerContext): ChatCompletionChunk[] {
  const events = sseEvents(stream(response, context));
  expect(events.pop()?.data).toBe("[DONE]");
  return events.map(({ data }) => JSON.parse(data));
}

describe("a whole answer", () => {
  test("is what OpenAI's would be", () => {
    const usage = { input: 9, cachedInput: 3, output: 5, reasoning: 2 };
    expect(whole(answer([text], { usage, serviceTier: "standard", createdAt: 7 }))).toEqual({
      id: "chatcmpl-000000000000000000000001",
      object: "chat.completion",
      created: 7,
      model: "model-1",
      service_tier: "default",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "hi", refusal: null },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 9,
        completion_tokens: 5,
        total_tokens: 14,
        prompt_tokens_details: { cached_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    } satisfies ChatCompletion);
  });

  test("keeps an id of the API's own kind", () => {
    expect(whole(answer([text], { id: "chatcmpl-x" })).id).toBe("chatcmpl-x");
  });

  test.each<[FinishReason, Part, string]>([
    ["length", text, "length"],
    ["context", text, "length"],
    ["refusal", text, "content_filter"],
    ["pause", text, "stop"],
    ["stop", call("a"), "tool_calls"],
    ["tool-calls", text, "stop"],
    ["length", call("a"), "length"],
  ])("that ends for %s with %j says %s", (finish, part, expected) => {
    const { choices } = whole({ id: "", model: "", choices: [{ index: 0, parts: [part], finish }] });
    expect(choices[0]!.finish_reason).toBe(expected as never);
  });

  test("tells thoughts as text and, with what is sealed, as entries", () => {
    const seal = { origin: "anthropic-messages", value: "sig" } as const;
    const { message } = whole(
      answer([
        { kind: "reasoning", text: "a", seal },
        { kind: "reasoning", text: "", redacted: true, seal },
        {
          kind: "reasoning",
          text: "b",
          summary: true,
          itemId: "rs_1",
          seal: { origin: "openai-responses", value: "e" },
        },
        text,
      ]),
    ).choices[0]!;
    expect(message).toMatchObject({
      reasoning_content: "a\n\nb",
      reasoning_details: [
        {
          type: "reasoning.text",
          text: "a",
          signature: "amsterdam.seal.a.sig",
          format: "anthropic-claude-v1",
          index: 0,
        },
        {
          type: "reasoning.encrypted",
          data: "amsterdam.seal.a.sig",
          format: "anthropic-claude-v1",
          index: 1,
        },
        { type: "reasoning.summary", summary: "b", id: "rs_1", format: "openai-responses-v1", index: 2 },
        {
          type: "reasoning.encrypted",
          data: "amsterdam.seal.r.e",
          id: "rs_1",
          format: "openai-responses-v1",
          index: 2,
        },
      ],
    } as never);
  });

  test("counts the sources of a later text from where it begins", () => {
    const citations = [{ url: "https://x.example", start: 1, end: 2 }, { title: "a book" }];
    const context = answerContext();
    const written = openaiChatCodec.writeResponse(
      answer([text, { kind: "text", text: "there", citations }]),
      context,
    );
    expect(written).toMatchObject({
      choices: [
        {
          message: {
            content: "hithere",
            annotations: [
              {
                type: "url_citation",
                url_citation: {
                  url: "https://x.example",
                  title: "https://x.example",
                  start_index: 3,
                  end_index: 4,
                },
              },
            ],
          },
        },
      ],
    });
    expect(context.losses.items).toEqual(["citation: a source without a URL"]);
  });

  test("names what it cannot say", () => {
    const context = answerContext();
    const film: Part = { kind: "media", media: "video", source: { kind: "url", url: "u" } };
    const native: Part = { kind: "native", format: "anthropic-messages", type: "server_tool_use", value: {} };
    openaiChatCodec.writeResponse(answer([film, native, text]), context);
    expect(context.losses.items).toEqual(["answer: server_tool_use", "answer: video"]);
  });

  test("to a client that has functions calls a function", () => {
    const legacy = { extensions: { "openai-chat": { functions: [] } } };
    expect(whole(answer([call("a"), call("b")]), legacy).choices[0]).toMatchObject({
      message: { content: null, function_call: { name: "f", arguments: '{"x":1}' } },
      finish_reason: "function_call",
    });
  });
});

describe("a stream", () => {
  test("begins with the role, ends with usage alone, and says nothing in between twice", () => {
    const told = chunks(
      answer([text, call("a"), call("b")], { usage: { input: 1, output: 2 }, createdAt: 7 }),
    );
    expect(told.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: "assistant", content: "", refusal: null },
      { content: "hi" },
      { tool_calls: [{ index: 0, id: "a", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"x":1}' } }] },
      { tool_calls: [{ index: 1, id: "b", type: "function", function: { name: "f", arguments: "" } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{"x":1}' } }] },
      {},
      undefined,
    ]);
    expect(told.map(({ usage }) => usage)).toEqual([
      ...Array(7).fill(null),
      { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    ]);
    expect(new Set(told.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1);
  });

  test("tells no usage to a client that did not ask", () => {
    const context = answerContext({ streamUsage: false });
    const told = stream(answer([text], { usage: { input: 1 } }), context);
    expect(told).not.toContain("usage");
    expect(validateStream(sseEvents(told))).toEqual([]);
  });

  test("of a call without arguments has an empty object", () => {
    const writer = openaiChatCodec.createStreamWriter(answerContext({ streamUsage: false }));
    const written = [
      { type: "start", id: "", model: "" },
      { type: "part-start", choice: 0, part: { kind: "tool-call", id: "a", name: "f" } },
      { type: "part-end", choice: 0 },
      { type: "finish", choice: 0, reason: "tool-calls" },
      { type: "end" },
    ] as const;
    const told = written.map((event) => writer.write(event)).join("");
    expect(validateStream(sseEvents(told))).toEqual([]);
    expect(told).toContain('"arguments":"{}"');
  });

  test("of a custom tool, of functions, and of signed calls has the client's own form", () => {
    const seal = { origin: "gemini", value: "s" } as const;
    const custom: Part = { kind: "tool-call", id: "a", name: "g", arguments: "free", custom: true };
    expect(chunks(answer([custom])).map(({ choices }) => choices[0]!.delta.tool_calls?.[0])).toMatchObject([
      { id: "a", type: "custom", custom: { name: "g", input: "" } },
      { index: 0, custom: { input: "free" } },
      undefined as never,
    ] as never);
    const legacy = answerContext({ extensions: { "openai-chat": { functions: [] } } });
    const functions = chunks(answer([call("a"), call("b")]), legacy);
    expect(functions.map(({ choices }) => choices[0]!.delta.function_call?.arguments)).toEqual([
      "",
      '{"x":1}',
      undefined,
    ]);
    expect(functions.at(-1)!.choices[0]!.finish_reason).toBe("function_call");
    expect(legacy.losses.items).toEqual(["answer: calls after the first"]);
    const signed = chunks(answer([{ ...call("a"), seal } as Part, { ...text, seal } as Part]));
    expect(JSON.stringify(signed)).toContain('"thought_signature":"amsterdam.seal.g.s"');
  });

  test("of several answers begins each with its role", () => {
    const choices = [0, 1].map((index) => ({ index, parts: [text], finish: "stop" as const }));
    const told = stream({ id: "", model: "", choices, usage: {} });
    expect(validateStream(sseEvents(told), { includeUsage: true })).toEqual([]);
  });

  test("of nothing is whole too", () => {
    const told = stream(answer([], { usage: {} }));
    expect(validateStream(sseEvents(told), { includeUsage: true })).toEqual([]);
  });

  test("that fails tells the error and ends, before its beginning too", () => {
    const error = { status: 429, message: "Slow down", code: "rate_limit_exceeded" };
    for (const before of [[], [{ type: "start", id: "", model: "" } as const]]) {
      const writer = openaiChatCodec.createStreamWriter(answerContext());
      const told = [...before, { type: "error", error } as const]
        .map((event) => writer.write(event))
        .join("");
      expect(told).toBe(
        'data: {"error":{"message":"Slow down","type":"rate_limit_error","param":null,"code":"rate_limit_exceeded"}}\n\ndata: [DONE]\n\n',
      );
      expect(validateStream(sseEvents(told), { error: true })).toEqual([]);
    }
  });
});
