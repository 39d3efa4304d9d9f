import { describe, expect, test } from "bun:test";
import { Assembler } from "../../exchange/assemble.ts";
import { GatewayError } from "../../exchange/errors.ts";
import type { Part } from "../../exchange/parts.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { readResponse } from "./read-response.ts";
import { createStreamReader } from "./read-stream.ts";

type Json = Record<string, unknown>;

const chunk = (parts: Json[] | null, rest: Json = {}, more: Json = {}): Json => ({
  candidates: [{ index: 0, ...(parts === null ? {} : { content: { role: "model", parts } }), ...rest }],
  responseId: "r",
  modelVersion: "v",
  ...more,
});
const stop = (parts: Json[] = []) => chunk(parts, { finishReason: "STOP" });

function eventsOf(...chunks: unknown[]): StreamEvent[] {
  const reader = createStreamReader();
  const events = chunks.flatMap((one) => reader.push({ event: null, data: JSON.stringify(one) }));
  return [...events, ...reader.end()];
}

function assembled(...chunks: unknown[]) {
  const assembler = new Assembler();
  for (const event of eventsOf(...chunks)) assembler.take(event);
  return assembler.result();
}

const partsOf = (...chunks: unknown[]): readonly Part[] => assembled(...chunks).response.choices[0]!.parts;

describe("text and thoughts", () => {
  test("are told as they come, one part open at a time", () => {
    const told = eventsOf(
      chunk([{ text: "a", thought: true }]),
      chunk([{ text: "b", thought: true }]),
      chunk([{ text: "c" }]),
      stop([{ text: "d" }]),
    );
    expect(told.map(({ type, ...event }) => ("text" in event ? event.text : type))).toEqual([
      ...["start", "part-start", "a", "b", "part-end"],
      ...["part-start", "c", "d", "part-end", "finish", "end"],
    ]);
  });

  test("a signature on an empty part is the open part's", () => {
    const seal = { origin: "gemini", value: "c2ln" };
    expect(partsOf(chunk([{ text: "a" }]), stop([{ text: "", thoughtSignature: "c2ln" }]))).toMatchObject([
      { kind: "text", text: "a", seal },
    ]);
    expect(
      partsOf(chunk([{ text: "a", thought: true }]), stop([{ thoughtSignature: "c2ln" }])),
    ).toMatchObject([{ kind: "reasoning", text: "a", seal }]);
    expect(partsOf(stop([{ text: "", thoughtSignature: "c2ln" }]))).toEqual([
      { kind: "text", text: "", seal: seal as never },
    ]);
  });

  test("what follows a signature is another part", () => {
    expect(partsOf(chunk([{ text: "a", thoughtSignature: "c2ln" }]), stop([{ text: "b" }]))).toMatchObject([
      { text: "a", seal: {} },
      { text: "b" },
    ]);
  });
});

describe("calls", () => {
  const call = (name: string, args: Json = {}, more: Json = {}) => ({
    functionCall: { name, args, ...more },
  });

  test("keep their ids, and are given unique ones where they have none", () => {
    const [one, two, three] = partsOf(stop([call("f"), call("f"), call("g", {}, { id: "own" })]));
    expect(one).toMatchObject({ kind: "tool-call", name: "f", arguments: "{}" });
    expect((one as { id: string }).id).toMatch(/^call_[0-9a-f]{24}$/);
    expect((one as { id: string }).id).not.toBe((two as { id: string }).id);
    expect(three).toMatchObject({ id: "own", name: "g" });
  });

  test("make the end one of calls, whatever Gemini says", () => {
    const finish = (last: Json) => assembled(last).response.choices[0]!.finish;
    expect(finish(stop([call("f")]))).toBe("tool-calls");
    expect(finish(chunk([call("f")], { finishReason: "MAX_TOKENS" }))).toBe("length");
    expect(finish(stop([{ text: "a" }]))).toBe("stop");
  });

  test("of parallel ones the unsigned stay so", () => {
    expect(partsOf(stop([{ ...call("f"), thoughtSignature: "c2ln" }, call("g")]))).toMatchObject([
      { seal: { value: "c2ln" } },
      expect.not.objectContaining({ seal: expect.anything() }),
    ]);
  });

  test("are put together of pieces by their paths", () => {
    const piece = (jsonPath: string, value: Json, willContinue = true) => ({
      functionCall: { partialArgs: [{ jsonPath, ...value }], willContinue },
    });
    const [first, second] = partsOf(
      chunk([{ functionCall: { name: "f", willContinue: true }, thoughtSignature: "c2ln" }]),
      chunk([piece("$.stops[0].city", { stringValue: "Ber", willContinue: true })]),
      chunk([piece("$.stops[0].city", { stringValue: "lin" })]),
      chunk([piece("$.stops[1]['x.y']", { numberValue: 2 }), piece("$.round", { boolValue: true })]),
      chunk([piece("$.none", { nullValue: "NULL_VALUE" }), { functionCall: {} }]),
      stop([call("g", { a: 1 })]),
    );
    expect(first).toMatchObject({ name: "f", seal: { value: "c2ln" } });
    expect(JSON.parse((first as { arguments: string }).arguments)).toEqual({
      stops: [{ city: "Berlin" }, { "x.y": 2 }],
      round: true,
      none: null,
    });
    expect(second).toMatchObject({ name: "g", arguments: '{"a":1}' });
  });

  test("whose last piece is missing are told at the end", () => {
    const begun = {
      functionCall: { name: "f", partialArgs: [{ jsonPath: "$.a", stringValue: "b" }], willContinue: true },
    };
    expect(partsOf(chunk([begun]), stop())).toMatchObject([{ name: "f", arguments: '{"a":"b"}' }]);
  });

  test("of hostile paths change nothing but their arguments", () => {
    const paths = [
      "$.__proto__.polluted",
      "$.a.__proto__.polluted",
      "$.a.constructor.prototype.polluted",
      "$[0]",
      "$.a[",
      "$..",
      "$",
      "$.a[99999999]",
    ];
    const partialArgs = paths.map((jsonPath) => ({ jsonPath, stringValue: "yes" }));
    const [part] = partsOf(stop([{ functionCall: { name: "f", args: { a: {} }, partialArgs } }]));
    expect(({} as Json).polluted).toBeUndefined();
    expect(JSON.parse((part as { arguments: string }).arguments)).toHaveProperty("a");
  });
});

describe("sources", () => {
  const web = (uri: string) => ({ web: { uri, title: uri } });

  test("are told with the text, their bytes as UTF-16 units", () => {
    const text = "é🙂 one. Two.";
    const bytes = (part: string) => Buffer.byteLength(text.slice(0, text.indexOf(part)));
    const groundingMetadata = {
      groundingChunks: [web("a"), web("b"), web("c")],
      groundingSupports: [
        { segment: { endIndex: bytes(" Two"), text: "é🙂 one." }, groundingChunkIndices: [0, 1] },
        {
          segment: { startIndex: bytes("Two"), endIndex: Buffer.byteLength(text) },
          groundingChunkIndices: [1],
        },
      ],
    };
    const [part] = partsOf(
      chunk([{ text: "é🙂 o" }]),
      chunk([{ text: "ne. Two." }], { finishReason: "STOP", groundingMetadata }),
    );
    expect(part).toMatchObject({
      text,
      citations: [
        { url: "a", title: "a", start: 0, end: 8 },
        { url: "b", title: "b", start: 0, end: 8 },
        { url: "b", title: "b", start: 9, end: 13 },
        { url: "c", title: "c" },
      ],
    });
  });

  test("of a text that is over are named without their place", () => {
    const groundingMetadata = {
      groundingChunks: [web("a")],
      groundingSupports: [{ segment: { endIndex: 1, text: "x" }, groundingChunkIndices: [0] }],
    };
    const parts = partsOf(
      chunk([{ text: "x", thoughtSignature: "c2ln" }]),
      chunk([{ text: "y" }], { finishReason: "STOP", groundingMetadata }),
    );
    expect(parts).toMatchObject([{ text: "x" }, { text: "y", citations: [{ url: "a", title: "a" }] }]);
    expect(parts[1]).not.toHaveProperty("citations.0.start");
  });

  test("of recitations are told too", () => {
    const citationMetadata = { citations: [{ startIndex: 1, endIndex: 3, uri: "https://example.com" }] };
    expect(partsOf(chunk([{ text: "abc" }], { finishReason: "STOP", citationMetadata }))).toMatchObject([
      { citations: [{ url: "https://example.com", start: 1, end: 3 }] },
    ]);
  });
});

describe("the end", () => {
  test.each<[string, string]>([
    ["SAFETY", "content-filter"],
    ["RECITATION", "content-filter"],
    ["IMAGE_SAFETY", "content-filter"],
    ["MAX_TOKENS", "length"],
    ["MALFORMED_FUNCTION_CALL", "other"],
    ["SOMETHING_NEW", "other"],
    ["toString", "other"],
  ])("%s is %s", (finishReason, finish) => {
    const { choices } = assembled(chunk([{ text: "a" }], { finishReason })).response;
    expect(choices[0]).toMatchObject({ finish: finish as never });
  });

  test("a refused prompt is an answer without parts", () => {
    const { response, complete } = assembled({
      promptFeedback: { blockReason: "SAFETY" },
      usageMetadata: { promptTokenCount: 4 },
    });
    expect(complete).toBe(true);
    expect(response.choices).toEqual([{ index: 0, parts: [], finish: "content-filter" }]);
    expect(response.extensions?.gemini?.promptFeedback).toEqual({ blockReason: "SAFETY" });
    expect(response.usage).toEqual({ input: 4 });
  });

  test("some chunks say STOP long before the last", () => {
    expect(partsOf(stop([{ text: "a" }]), stop([{ text: "b" }]))).toEqual([{ kind: "text", text: "ab" }]);
  });

  test("without a reason for every candidate it is none", () => {
    const events = eventsOf(chunk([{ text: "a" }]), { candidates: [{ index: 1, finishReason: "STOP" }] });
    expect(events.at(-1)).toMatchObject({
      type: "error",
      error: { status: 502, code: "upstream_disconnected" },
    });
    expect(eventsOf().map(({ type }) => type)).toEqual(["start", "error"]);
  });

  test("an error ends the stream, and nothing follows it", () => {
    const error = { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" };
    const events = eventsOf(chunk([{ text: "a" }]), { error }, stop([{ text: "b" }]));
    expect(events.map(({ type }) => type)).toEqual(["start", "part-start", "delta", "error"]);
    expect(events.at(-1)).toEqual({
      type: "error",
      error: { status: 503, message: "The model is overloaded.", code: "UNAVAILABLE" },
    });
  });
});

describe("counts", () => {
  const counted = (usageMetadata: Json) =>
    assembled(chunk([], { finishReason: "STOP" }, { usageMetadata })).response.usage!;

  test("the prompt holds what was cached, and what hosted tools found; the answer its thoughts", () => {
    expect(
      counted({
        promptTokenCount: 100,
        cachedContentTokenCount: 40,
        toolUsePromptTokenCount: 7,
        candidatesTokenCount: 10,
        thoughtsTokenCount: 5,
        promptTokensDetails: [
          { modality: "TEXT", tokenCount: 90 },
          { modality: "AUDIO", tokenCount: 10 },
        ],
        candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 3 }],
      }),
    ).toEqual({ input: 107, cachedInput: 40, audioInput: 10, output: 15, reasoning: 5, audioOutput: 3 });
  });

  test("are told when they change", () => {
    const usage = (candidatesTokenCount: number) => ({ promptTokenCount: 1, candidatesTokenCount });
    const events = eventsOf(
      chunk([{ text: "a" }], {}, { usageMetadata: usage(1) }),
      chunk([{ text: "b" }], {}, { usageMetadata: usage(1) }),
      chunk([{ text: "c" }], { finishReason: "STOP" }, { usageMetadata: usage(2) }),
    );
    expect(events.filter(({ type }) => type === "usage")).toEqual([
      { type: "usage", usage: { input: 1, output: 1 } },
      { type: "usage", usage: { input: 1, output: 2 } },
    ]);
  });

  test("log probabilities go with their words", () => {
    const logprobsResult = {
      chosenCandidates: [{ token: "a", logProbability: -1 }],
      topCandidates: [{ candidates: [{ token: "b", logProbability: -2 }] }],
    };
    const { choices } = assembled(chunk([{ text: "a" }], { logprobsResult }), stop()).response;
    expect(choices[0]?.logprobs).toEqual([{ token: "a", logprob: -1, top: [{ token: "b", logprob: -2 }] }]);
  });
});

describe("what is not Gemini's", () => {
  const failure = (act: () => unknown): GatewayError => {
    try {
      act();
    } catch (error) {
      if (error instanceof GatewayError) return error;
    }
    throw new Error("it was read");
  };

  test("is told to be that", () => {
    expect(failure(() => createStreamReader().push({ event: null, data: "<html>" })).code).toBe(
      "upstream_invalid",
    );
    expect(failure(() => createStreamReader().push({ event: null, data: "[]" })).code).toBe(
      "upstream_invalid",
    );
    for (const body of [null, "text", {}, [], { choices: [] }])
      expect(failure(() => readResponse(body)).code).toBe("upstream_invalid");
  });

  test("an error in a whole answer is the upstream's", () => {
    const error = failure(() =>
      readResponse([{ error: { code: 429, message: "m", status: "RESOURCE_EXHAUSTED" } }]),
    );
    expect(error).toMatchObject({
      code: "upstream_error",
      status: 429,
      told: { code: "RESOURCE_EXHAUSTED" },
    });
  });

  test("comments, end marks of others and unknown parts are no hindrance", () => {
    const reader = createStreamReader();
    const push = (data: string) => reader.push({ event: null, data });
    expect(push("")).toEqual([]);
    push(JSON.stringify(chunk([{ hologram: 1 }, {}, { text: 5 }, { functionCall: { args: 1 } }])));
    push(JSON.stringify(stop([{ text: "a" }])));
    expect(push("[DONE]")).toEqual([]);
    expect(reader.end().at(-1)?.type).toBe("end");
    expect(partsOf(stop([{ hologram: 1 }, { text: "a" }]))).toEqual([
      { kind: "native", format: "gemini", type: "hologram", value: { hologram: 1 } },
      { kind: "text", text: "a" },
    ]);
  });
});
