import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { GatewayError } from "../../exchange/errors.ts";
import type { Part } from "../../exchange/parts.ts";
import { createStreamReader } from "./read-stream.ts";
import { assembled, delta, readStream, sseEvents, streamOf } from "./testing.ts";

const read = (text: string) => assembled(readStream(text, createStreamReader()));
const partsOf = (...chunks: object[]): readonly Part[] =>
  read(streamOf(...chunks, delta({}, "stop"))).response.choices[0]!.parts;
const called = (index: number | undefined, id: string | undefined, name: string | undefined, args: string) =>
  delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: args } }] });

describe("tool calls", () => {
  test("that come one after the other are told at once", () => {
    const reader = createStreamReader();
    const push = (chunk: object) =>
      sseEvents(streamOf(chunk))
        .slice(0, 1)
        .flatMap((event) => reader.push(event));
    push(called(0, "a", "f", '{"x":'));
    expect(push(called(0, undefined, undefined, "1}"))).toEqual([{ type: "delta", choice: 0, text: "1}" }]);
    expect(push(called(1, "b", "g", "")).map(({ type }) => type)).toEqual(["part-end", "part-start"]);
  });

  test("that come interleaved are put in order, whatever the order", () => {
    const pieces = [
      called(0, "a", "f", ""),
      called(1, "b", "g", '{"y":"}'),
      called(0, undefined, undefined, '{"x":{'),
      called(2, "c", "h", "{}"),
      called(1, undefined, undefined, '"}'),
      called(0, undefined, undefined, "}}"),
    ];
    expect(partsOf(...pieces)).toEqual([
      { kind: "tool-call", id: "a", name: "f", arguments: '{"x":{}}' },
      { kind: "tool-call", id: "b", name: "g", arguments: '{"y":"}"}' },
      { kind: "tool-call", id: "c", name: "h", arguments: "{}" },
    ]);
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
        // A call's own pieces keep their order.
        const queues = [0, 1, 2].map((call) => order.filter((i) => CALL_OF[i] === call).sort());
        const shuffled = order.map((i) => pieces[queues[CALL_OF[i]!]!.shift()!]!);
        const ids = partsOf(...shuffled).map((part) => (part.kind === "tool-call" ? part.arguments : ""));
        expect([...ids].sort()).toEqual(['{"x":{}}', '{"y":"}"}', "{}"]);
      }),
    );
  });

  test("with words between them and after them are told apart", () => {
    expect(
      partsOf(
        called(0, "a", "f", '{"x"'),
        delta({ content: "wait" }),
        called(0, undefined, undefined, ":1}"),
        delta({ content: " more" }),
      ),
    ).toMatchObject([
      { kind: "tool-call", arguments: '{"x":1}' },
      { kind: "text", text: "wait more" },
    ]);
  });

  test("without places, all in one place, or with everything repeated are told apart by their ids", () => {
    for (const index of [undefined, 0])
      expect(partsOf(called(index, "a", "f", "{}"), called(index, "b", "g", "{}"))).toMatchObject([
        { id: "a", name: "f", arguments: "{}" },
        { id: "b", name: "g", arguments: "{}" },
      ]);
    expect(partsOf(called(0, "a", "f", '{"x"'), called(0, "a", "f", ":1}"))).toMatchObject([
      { id: "a", arguments: '{"x":1}' },
    ]);
  });

  test("without an id get one, and without arguments an empty object", () => {
    expect(partsOf(called(0, undefined, "f", ""))).toMatchObject([
      { id: expect.stringMatching(/^call_\w{24}$/), arguments: "{}" },
    ]);
  });

  test("of before there were tools, custom ones, and signed ones are read", () => {
    expect(
      partsOf(
        delta({ function_call: { name: "f", arguments: "{" } }),
        delta({ function_call: { arguments: "}" } }),
      ),
    ).toMatchObject([{ kind: "tool-call", name: "f", arguments: "{}" }]);
    const custom = (members: object) => delta({ tool_calls: [{ index: 0, ...members }] });
    expect(
      partsOf(
        custom({ id: "a", type: "custom", custom: { name: "g", input: "fr" } }),
        custom({ custom: { input: "ee" } }),
      ),
    ).toEqual([{ kind: "tool-call", id: "a", name: "g", arguments: "free", custom: true }]);
    const extra_content = { google: { thought_signature: "s" } };
    expect(
      partsOf(
        delta({
          tool_calls: [{ index: 0, id: "a", function: { name: "f", arguments: "{}" }, extra_content }],
        }),
      ),
    ).toMatchObject([{ seal: { origin: "openai-chat", value: "s" } }]);
  });
});

describe("thoughts", () => {
  const text = (words: string, signature?: string, index = 0) => ({
    type: "reasoning.text",
    text: words,
    index,
    ...(signature === undefined ? {} : { signature }),
  });

  test("that come in two members at once are read once, and signed at their end", () => {
    expect(
      partsOf(
        delta({ reasoning: "h", reasoning_details: [text("h")] }),
        delta({ reasoning: "m", reasoning_details: [text("m")] }),
        delta({ reasoning_details: [text("", "sig")] }),
        delta({ reasoning_details: [text("next", undefined, 1)] }),
        delta({ content: "x" }),
      ),
    ).toMatchObject([
      { kind: "reasoning", text: "hm", seal: { value: "sig" } },
      { kind: "reasoning", text: "next" },
      { kind: "text", text: "x" },
    ]);
  });

  test("that are encrypted stand alone, or belong to the summary before them", () => {
    const sealed = { type: "reasoning.encrypted", data: "enc", id: "rs_1", index: 0 };
    const summary = { type: "reasoning.summary", summary: "s", id: "rs_1", index: 0 };
    expect(partsOf(delta({ reasoning_details: [sealed] }))).toMatchObject([
      { kind: "reasoning", text: "", itemId: "rs_1", seal: { value: "enc" } },
    ]);
    expect(
      partsOf(delta({ reasoning_details: [summary] }), delta({ reasoning_details: [sealed] })),
    ).toMatchObject([
      { kind: "reasoning", text: "s", summary: true, itemId: "rs_1", seal: { value: "enc" } },
    ]);
  });

  test("among the content, as Mistral has them, are thoughts", () => {
    const thinking = { type: "thinking", thinking: [{ type: "text", text: "hm" }] };
    expect(
      partsOf(delta({ content: [thinking] }), delta({ content: [{ type: "text", text: "x" }] })),
    ).toMatchObject([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "x" },
    ]);
  });
});

describe("what else an answer holds", () => {
  test("is read: a refusal, sources, pictures and sound", () => {
    const url_citation = { url: "https://x.example", title: "X", start_index: 0, end_index: 1 };
    const image = { type: "image_url", image_url: { url: "data:image/png;base64,QQ==" } };
    expect(
      partsOf(
        delta({ content: "a" }),
        delta({ annotations: [{ type: "url_citation", url_citation }] }),
        delta({ refusal: "no" }),
        delta({ images: [image] }),
        delta({ audio: { id: "audio_1", data: Buffer.from("a").toString("base64"), transcript: "h" } }),
        delta({ audio: { data: Buffer.from("b").toString("base64"), transcript: "i", expires_at: 5 } }),
      ),
    ).toEqual([
      { kind: "text", text: "a", citations: [{ url: "https://x.example", title: "X", start: 0, end: 1 }] },
      { kind: "refusal", text: "no" },
      { kind: "media", media: "image", mimeType: "image/png", source: { kind: "base64", data: "QQ==" } },
      {
        kind: "media",
        media: "audio",
        source: { kind: "base64", data: Buffer.from("ab").toString("base64") },
        extensions: { "openai-chat": { id: "audio_1", transcript: "hi", expires_at: 5 } },
      },
    ]);
  });

  test.each([
    ["on a chunk without choices", [delta({}, "stop"), { choices: [], usage: { prompt_tokens: 3 } }]],
    ["on the last choice's chunk", [{ ...delta({}, "stop"), usage: { prompt_tokens: 3 } }]],
    [
      "in the choice",
      [{ choices: [{ index: 0, delta: {}, finish_reason: "stop", usage: { prompt_tokens: 3 } }] }],
    ],
    ["in x_groq", [{ ...delta({}, "stop"), x_groq: { usage: { prompt_tokens: 3 } } }]],
  ])("of usage is read %s", (_, chunks) => {
    expect(read(streamOf(delta({ content: "a" }), ...chunks)).response.usage).toEqual({ input: 3 });
  });

  test("thinking that is left out of the completion's tokens is counted", () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 35 };
    expect(read(streamOf({ ...delta({ content: "a" }, "stop"), usage })).response.usage).toEqual({
      input: 10,
      output: 25,
      reasoning: 20,
    });
  });

  test.each([
    ["length", "length"],
    ["content_filter", "content-filter"],
    ["model_length", "context"],
    ["novel", "other"],
  ])("of its end is read: %s", (wire, finish) => {
    expect(read(streamOf(delta({ content: "a" }, wire))).response.choices[0]!.finish).toBe(finish as never);
  });
});

describe("a stream that is odd is read all the same", () => {
  test("with filters told first, unknown objects, no roles, and nothing after [DONE]", () => {
    const first = `data: {"choices":[],"created":0,"id":"","model":"","prompt_filter_results":[1]}\n\n`;
    const ping = `: comment\n\nevent: ping\ndata: {"type":"ping"}\n\n`;
    const after = `data: {"choices":[{"index":0,"delta":{"content":"late"}}]}\n\n`;
    const { response, complete } = read(first + ping + streamOf(delta({ content: "a" }, "stop")) + after);
    expect(complete).toBe(true);
    expect(response).toMatchObject({ id: "chatcmpl-1", createdAt: 1, choices: [{ parts: [{ text: "a" }] }] });
  });

  test("with [DONE] and no finish reason, or a finish reason and no [DONE]", () => {
    expect(read(streamOf(delta({ content: "a" })))).toMatchObject({ complete: true });
    expect(read(streamOf(called(0, "a", "f", "{}")))).toMatchObject({
      response: { choices: [{ finish: "tool-calls" }] },
    });
    expect(read(streamOf(delta({ content: "a" }, "stop")).replace("data: [DONE]\n\n", ""))).toMatchObject({
      complete: true,
    });
  });

  test("of legacy completions", () => {
    expect(
      read(streamOf({ choices: [{ index: 0, text: "a", finish_reason: "stop" }] })).response.choices[0],
    ).toEqual({
      index: 0,
      parts: [{ kind: "text", text: "a" }],
      finish: "stop",
    });
  });

  test("of any JSON objects: it throws nothing, and keeps the order", () => {
    const member = fc.constantFrom(
      "choices",
      "delta",
      "index",
      "content",
      "tool_calls",
      "function",
      "arguments",
      "name",
      "id",
      "reasoning_details",
      "type",
      "text",
      "usage",
      "finish_reason",
      "audio",
      "data",
      "annotations",
      "logprobs",
      "images",
      "extra_content",
    );
    const { tree } = fc.letrec<{ tree: unknown; object: unknown }>((tie) => ({
      object: fc.dictionary(member, tie("tree"), { maxKeys: 5 }),
      tree: fc.oneof(
        { maxDepth: 6 },
        fc.constantFrom("", "a", "reasoning.text", "stop", 0, 1, -1, null, true, "__proto__"),
        tie("object"),
        fc.array(tie("tree"), { maxLength: 3 }),
      ),
    }));
    const chunk = fc.record({
      choices: fc.array(fc.record({ index: fc.nat(1), delta: tree }), { maxLength: 2 }),
    });
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 4 }), (chunks) => {
        const events = readStream(streamOf(...chunks), createStreamReader());
        expect(["end", "error"]).toContain(events.at(-1)!.type);
        let open = 0;
        for (const event of events) {
          if (event.type === "part-start") open++;
          if (event.type === "part-end") open--;
          expect(open).toBeLessThanOrEqual(2);
          if (event.type === "delta") expect(event.text).not.toBe("");
        }
      }),
    );
  });
});

describe("an upstream's failure ends in an error", () => {
  const errorOf = (text: string) => readStream(text, createStreamReader()).at(-1);

  test.each([
    [
      `{"error":{"message":"Slow down","type":"rate_limit_error","code":"rate_limit_exceeded"}}`,
      429,
      "rate_limit_exceeded",
    ],
    [`{"error":{"message":"Slow down","code":503}}`, 503, undefined],
    [`{"object":"error","message":"Slow down","type":"BadRequestError","code":400}`, 400, "BadRequestError"],
    [`{"error":"Slow down"}`, 502, undefined],
  ])("that it tells: %s", (data, status, code) => {
    const told = { status, message: "Slow down", ...(code === undefined ? {} : { code }) };
    expect(errorOf(`data: ${data}\n\ndata: [DONE]\n\n`)).toEqual({ type: "error", error: told });
  });

  test("that it does not tell", () => {
    const cut = streamOf(delta({ content: "a" })).replace("data: [DONE]\n\n", "");
    expect(errorOf(cut)).toMatchObject({ error: { status: 502, code: "upstream_disconnected" } });
    expect(errorOf("")).toMatchObject({ error: { code: "upstream_disconnected" } });
    expect(errorOf("data: [DONE]\n\n")).toMatchObject({ error: { code: "upstream_invalid" } });
  });

  test.each(["<html>", "7", "[]", "null"])("that is no chunk: %s", (data) => {
    expect(() => createStreamReader().push({ event: null, data })).toThrow(GatewayError);
  });
});

const CALL_OF = [0, 1, 0, 2, 1, 0];
