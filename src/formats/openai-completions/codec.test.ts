import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Completion } from "openai/resources/completions";
import { responses, streams } from "../../../test/support/neutral.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { openaiChatCodec } from "../openai-chat/codec.ts";
import { answerContext, assembled, readStream, requestContext, sseEvents } from "../openai-chat/testing.ts";
import { completionsOver } from "./codec.ts";

const codec = completionsOver(openaiChatCodec);
const read = (body: unknown) => codec.readRequest(body, { model: null, stream: false });

describe("a request", () => {
  test("of Amp's tab keeps its prediction and its stops on the way to a chat model", () => {
    const request = read({
      stream: true,
      model: "m",
      temperature: 0.1,
      max_tokens: 64,
      response_format: { type: "text" },
      prediction: { type: "content", content: "const x" },
      stop: ["<|end|>"],
      prompt: "complete this",
      user: "u",
    });
    expect(openaiChatCodec.writeRequest(request, { ...requestContext(), model: "m" })).toEqual({
      model: "m",
      messages: [{ role: "user", content: "complete this" }],
      max_completion_tokens: 64,
      temperature: 0.1,
      prediction: { type: "content", content: "const x" },
      stop: ["<|end|>"],
      safety_identifier: "u",
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  test.each([
    [["a"], "a"],
    ["a", "a"],
  ])("with prompt %j asks the user's question", (prompt, text) => {
    expect(read({ model: "m", prompt }).messages).toEqual([
      { role: "user", parts: [{ kind: "text", text }] },
    ]);
  });

  test.each([
    [3, { top: 3 }],
    [0, {}],
    [null, undefined],
  ])("with logprobs %j asks for %j", (logprobs, expected) => {
    expect(read({ model: "m", prompt: "a", logprobs }).logprobs).toEqual(expected as never);
  });

  test.each([
    ["invalid_request", "prompt", { prompt: ["a", "b"] }],
    ["invalid_request", "prompt", { prompt: [] }],
    ["invalid_request", "prompt", { prompt: [1, 2] }],
    ["invalid_request", "prompt", { prompt: [[1, 2]] }],
    ["invalid_request", "prompt", {}],
    ["invalid_request", "logprobs", { prompt: "a", logprobs: "many" }],
    ["invalid_request", "temperature", { prompt: "a", temperature: "hot" }],
    ["conversion_refused", "suffix", { prompt: "a", suffix: "z" }],
    ["conversion_refused", "echo", { prompt: "a", echo: true }],
    ["conversion_refused", "best_of", { prompt: "a", best_of: 3, n: 2 }],
  ])("is refused with %s at %s: %j", (code, param, body) => {
    expect(() => read({ model: "m", ...body })).toThrow(expect.objectContaining({ code, param }));
    expect(() => read([])).toThrow(expect.objectContaining({ param: "body" }));
  });

  test("that asks for nothing by these is taken", () => {
    expect(read({ model: "m", prompt: "a", suffix: "", echo: false, best_of: 2, n: 2 })).toMatchObject({
      choices: 2,
    });
  });
});

describe("an answer", () => {
  const response: GenerateResponse = {
    id: "chatcmpl-1",
    model: "x",
    createdAt: 7,
    choices: [
      {
        index: 0,
        parts: [{ kind: "text", text: "hi" }],
        finish: "length",
        logprobs: [
          { token: "h", logprob: -1, top: [{ token: "h", logprob: -1 }] },
          { token: "i", logprob: -2 },
        ],
      },
    ],
    usage: { input: 1, output: 2 },
  };

  test("is what OpenAI's would be", () => {
    expect(codec.writeResponse(response, answerContext())).toEqual({
      id: "cmpl-000000000000000000000001",
      object: "text_completion",
      created: 7,
      model: "model-1",
      choices: [
        {
          text: "hi",
          index: 0,
          logprobs: {
            tokens: ["h", "i"],
            token_logprobs: [-1, -2],
            top_logprobs: [{ h: -1 }, null] as never,
            text_offset: [0, 1],
          },
          finish_reason: "length",
        },
      ],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    } satisfies Completion);
  });

  test("names what is no text", () => {
    const context = answerContext();
    const choices = [
      { index: 0, parts: [{ kind: "reasoning" as const, text: "hm" }], finish: "stop" as const },
    ];
    expect(codec.writeResponse({ ...response, choices }, context)).toMatchObject({ choices: [{ text: "" }] });
    expect(context.losses.items).toEqual(["answer: reasoning"]);
  });

  test("streamed has the text, the end and the usage of the whole", () => {
    const cut = responses({ choices: true, refusals: true, logprobs: true }).chain((made) =>
      streams(made).map((events) => ({ made, events })),
    );
    fc.assert(
      fc.property(cut, ({ made, events }) => {
        const writer = codec.createStreamWriter(answerContext());
        const text = events.map((event) => writer.write(event)).join("");
        const told = sseEvents(text);
        expect(told.pop()?.data).toBe("[DONE]");
        const chunks = told.map(({ data }) => JSON.parse(data) as Completion);
        const whole = JSON.parse(JSON.stringify(codec.writeResponse(made, answerContext()))) as Completion;
        expect(chunks.at(-1)).toMatchObject({ choices: [], usage: whole.usage! });
        for (const choice of whole.choices) {
          const own = chunks.flatMap(({ choices }) => choices.filter(({ index }) => index === choice.index));
          expect(own.map((one) => one.text).join("")).toBe(choice.text);
          expect(own.map((one) => one.finish_reason).filter(Boolean)).toEqual([choice.finish_reason]);
          expect(own.flatMap((one) => one.logprobs?.text_offset ?? [])).toEqual(
            choice.logprobs?.text_offset ?? [],
          );
        }
        expect(new Set(chunks.map(({ id, object }) => `${id} ${object}`)).size).toBe(1);
      }),
    );
  });

  test("streamed can be read as a chat stream by clients that take either", () => {
    const writer = codec.createStreamWriter(answerContext());
    const events = fc.sample(streams(response), 1)[0]!;
    const text = events.map((event) => writer.write(event)).join("");
    const { response: again } = assembled(readStream(text, openaiChatCodec.createStreamReader()));
    expect(again.choices[0]).toMatchObject({ parts: [{ kind: "text", text: "hi" }], finish: "length" });
  });

  test("that fails tells the error and ends", () => {
    const writer = codec.createStreamWriter(answerContext());
    const told = writer.write({ type: "error", error: { status: 500, message: "No" } });
    expect(told).toBe(
      'data: {"error":{"message":"No","type":"server_error","param":null,"code":null}}\n\ndata: [DONE]\n\n',
    );
  });
});
