import { describe, expect, test } from "bun:test";
import { validateChunks, validateResponse, validateStream } from "../../../test/support/gemini-stream.ts";
import { eventsOf as sseOf } from "../../../test/support/protocol.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { Choice, GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import type { AnswerContext } from "../codec.ts";
import { readPart } from "./read-part.ts";
import type { WireResponse } from "./wire.ts";
import { writeResponse } from "./write-response.ts";
import { createArrayStreamWriter, createStreamWriter } from "./write-stream.ts";

function answerContext(losses = new Losses()): AnswerContext {
  return {
    request: { model: "m", stream: true, streamUsage: true, messages: [], tools: [] },
    model: "asked-for",
    losses,
    newId: () => "n".repeat(24),
    now: () => 0,
  };
}

const answer = (choice: Partial<Choice>, more: Partial<GenerateResponse> = {}): GenerateResponse => ({
  id: "id-1",
  model: "told",
  choices: [{ index: 0, parts: [], finish: "stop", ...choice }],
  usage: { input: 10, cachedInput: 4, output: 7, reasoning: 3 },
  ...more,
});

/** The answer as one whole, and as the chunks of a stream; both are valid. */
function written(response: GenerateResponse): {
  whole: WireResponse;
  chunks: WireResponse[];
  losses: readonly string[];
} {
  const losses = new Losses();
  const context = answerContext(losses);
  const whole = writeResponse(response, context);
  expect(validateResponse(JSON.parse(JSON.stringify(whole)))).toEqual([]);
  const writer = createStreamWriter(context);
  const events = sseOf([...eventsOf(response)].map((event) => writer.write(event)).join(""));
  expect(validateStream(events)).toEqual([]);
  return { whole, chunks: events.map(({ data }) => JSON.parse(data)), losses: losses.items };
}

const text = (value: string): Part => ({ kind: "text", text: value });
const call = (args: string): Part => ({ kind: "tool-call", id: "call_1", name: "f", arguments: args });

describe("a whole answer", () => {
  test("has the client's model, the target's id, and counts that add up", () => {
    expect(written(answer({ parts: [text("a")] })).whole).toEqual({
      candidates: [{ content: { role: "model", parts: [{ text: "a" }] }, index: 0, finishReason: "STOP" }],
      usageMetadata: {
        promptTokenCount: 10,
        cachedContentTokenCount: 4,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 3,
        totalTokenCount: 17,
      },
      modelVersion: "asked-for",
      responseId: "id-1",
    });
    expect(written(answer({ parts: [text("a")] }, { id: "" })).whole.responseId).toBe("n".repeat(24));
  });

  test("that says nothing tells how it ended", () => {
    expect(written(answer({ finish: "length" })).whole.candidates).toEqual([
      { content: { role: "model" }, index: 0, finishReason: "MAX_TOKENS" },
    ]);
  });

  test("to a refused prompt has no candidates", () => {
    const promptFeedback = { blockReason: "SAFETY" };
    const refused = answer({ finish: "content-filter" }, { extensions: { gemini: { promptFeedback } } });
    const { whole, chunks } = written(refused);
    expect(whole).toMatchObject({ promptFeedback });
    expect(whole).not.toHaveProperty("candidates");
    expect(chunks).toEqual([whole]);
  });
});

describe("a stream", () => {
  test("tells each piece at once, and the end with the counts in the last chunk", () => {
    const { chunks } = written(answer({ parts: [{ kind: "reasoning", text: "t" }, text("a")] }));
    const head = { modelVersion: "asked-for", responseId: "id-1" };
    expect(chunks.slice(0, 2)).toEqual([
      {
        candidates: [{ content: { parts: [{ text: "t", thought: true }], role: "model" }, index: 0 }],
        ...head,
      },
      { candidates: [{ content: { parts: [{ text: "a" }], role: "model" }, index: 0 }], ...head },
    ]);
    expect(chunks[2]).toMatchObject({
      candidates: [{ finishReason: "STOP", content: { parts: [{ text: "" }] } }],
      usageMetadata: { totalTokenCount: 17 },
    });
    expect(chunks).toHaveLength(3);
  });

  test("tells an error in the client's shape, in an array too", () => {
    const begun: StreamEvent[] = [
      { type: "start", id: "i", model: "m" },
      { type: "part-start", choice: 0, part: { kind: "text" } },
      { type: "delta", choice: 0, text: "a" },
      { type: "error", error: { status: 429, message: "slow down", code: "rate_limit_error" } },
    ];
    const told = {
      error: {
        code: 429,
        message: "slow down",
        status: "RESOURCE_EXHAUSTED",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "RATE_LIMIT_ERROR",
            domain: "amsterdam",
          },
        ],
      },
    };
    const sse = createStreamWriter(answerContext());
    const events = sseOf(begun.map((event) => sse.write(event)).join(""));
    expect(validateStream(events, { error: true })).toEqual([]);
    expect(JSON.parse(events.at(-1)!.data)).toEqual(told);
    const array = createArrayStreamWriter(answerContext());
    const chunks = JSON.parse(begun.map((event) => array.write(event)).join(""));
    expect(validateChunks(chunks, { error: true })).toEqual([]);
    expect(chunks).toHaveLength(2);
    expect(chunks[1]).toEqual(told);
    const alone = createArrayStreamWriter(answerContext());
    expect(JSON.parse(alone.write(begun[0]!) + alone.write(begun[3]!))).toEqual([told]);
  });
});

describe("calls", () => {
  test("come whole, with their ids", () => {
    const { whole, chunks } = written(answer({ parts: [call('{"a":[1]}')], finish: "tool-calls" }));
    const part = {
      functionCall: { id: "call_1", name: "f", args: { a: [1] } },
      thoughtSignature: "skip_thought_signature_validator",
    };
    expect(whole.candidates?.[0]).toMatchObject({ content: { parts: [part] }, finishReason: "STOP" });
    expect(chunks[0]?.candidates?.[0]?.content?.parts).toEqual([part]);
  });

  test("of another API's model are said to have no signature, the first of them", () => {
    const parts = [call("{}"), { ...call("{}"), id: "call_2" } as Part];
    const { whole, chunks } = written(answer({ parts, finish: "tool-calls" }));
    const signed = ["skip_thought_signature_validator", undefined];
    expect(whole.candidates?.[0]?.content?.parts?.map((part) => part.thoughtSignature)).toEqual(signed);
    const streamed = chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    expect(streamed.filter((part) => part.functionCall).map((part) => part.thoughtSignature)).toEqual(signed);
  });

  test("whose arguments are broken are left out, and said to be", () => {
    for (const broken of ['{"a":', "[1]"]) {
      const { whole, chunks } = written(answer({ parts: [text("x"), call(broken)], finish: "tool-calls" }));
      const ended = {
        finishReason: "MALFORMED_FUNCTION_CALL",
        finishMessage: `Malformed function call: f(${broken})`,
      };
      expect(whole.candidates?.[0]).toMatchObject({ content: { parts: [{ text: "x" }] }, ...ended });
      expect(chunks.at(-1)?.candidates?.[0]).toMatchObject(ended);
    }
  });
});

test("a call that was cut off is left out, and the answer is out of tokens", () => {
  const { whole, chunks } = written(answer({ parts: [call('{"a":')], finish: "length" }));
  expect(whole.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
  expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
});

describe("what other APIs have", () => {
  test("another API's seal is a signature that is base64 and comes back", () => {
    const parts: Part[] = [
      { kind: "reasoning", text: "t", seal: { origin: "anthropic-messages", value: "EqQB+/=" } },
      { kind: "reasoning", text: "", redacted: true, seal: { origin: "anthropic-messages", value: "abc" } },
      { ...call("{}"), seal: { origin: "openai-responses", value: "gAAA_-" } } as Part,
    ];
    const { whole } = written(answer({ parts, finish: "tool-calls" }));
    const back = whole.candidates?.[0]?.content?.parts?.map((part) => readPart(part, () => ""));
    expect(back).toEqual(parts);
  });

  test("a refusal is told as text, and named", () => {
    const { whole, losses } = written(
      answer({ parts: [{ kind: "refusal", text: "no" }], finish: "refusal" }),
    );
    expect(whole.candidates?.[0]).toMatchObject({
      content: { parts: [{ text: "no" }] },
      finishReason: "SAFETY",
    });
    expect(losses).toEqual([
      "choices[0].parts[0]: refusal, sent as text",
      "choices[0].parts: refusal, sent as text",
    ]);
    const { chunks } = written(answer({ parts: [{ kind: "refusal", text: "no" }], finish: "stop" }));
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe("SAFETY");
  });

  test("another API's own parts are left out, and named", () => {
    const native: Part = { kind: "native", format: "openai-responses", type: "web_search_call", value: {} };
    const { whole, losses } = written(answer({ parts: [native, text("a")] }));
    expect(whole.candidates?.[0]?.content?.parts).toEqual([{ text: "a" }]);
    expect(losses).toContain("choices[0].parts[0]: web_search_call");
  });

  test("citations are grounding, their places in bytes of the whole text", () => {
    const cited = (value: string, start: number): Part => ({
      kind: "text",
      text: value,
      citations: [
        { url: "https://example.com", title: "E", start, end: value.length },
        { title: "book", quote: "q" },
        { title: "file" },
      ],
    });
    const { whole, chunks } = written(answer({ parts: [cited("é1", 1), cited("🙂2", 0)] }));
    const groundingMetadata = {
      groundingChunks: [
        { web: { uri: "https://example.com", title: "E" } },
        { retrievedContext: { title: "book", text: "q" } },
        { retrievedContext: { title: "file" } },
      ],
      groundingSupports: [
        { segment: { startIndex: 2, endIndex: 3, text: "1" }, groundingChunkIndices: [0] },
        { segment: { startIndex: 3, endIndex: 8, text: "🙂2" }, groundingChunkIndices: [0] },
      ],
    };
    expect(whole.candidates?.[0]).toMatchObject({ groundingMetadata });
    expect(chunks.at(-1)?.candidates?.[0]).toMatchObject({ groundingMetadata });
  });

  test("log probabilities go with their candidate", () => {
    const logprobs = [{ token: "a", logprob: -1, bytes: [97], top: [{ token: "b", logprob: -2 }] }];
    const logprobsResult = {
      topCandidates: [{ candidates: [{ token: "b", logProbability: -2 }] }],
      chosenCandidates: [{ token: "a", logProbability: -1 }],
    };
    const { whole, chunks } = written(answer({ parts: [text("a")], logprobs }));
    expect(whole.candidates?.[0]).toMatchObject({ logprobsResult });
    expect(chunks[0]?.candidates?.[0]).toMatchObject({ logprobsResult });
  });

  test("audio and the service's tier are counted with the rest", () => {
    const usage = { input: 10, audioInput: 4, output: 5, audioOutput: 5, cacheWriteInput: 2 };
    const { whole, losses } = written(answer({ parts: [text("a")] }, { usage, serviceTier: "default" }));
    expect(whole.usageMetadata).toEqual({
      promptTokenCount: 10,
      candidatesTokenCount: 5,
      totalTokenCount: 15,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 6 },
        { modality: "AUDIO", tokenCount: 4 },
      ],
      candidatesTokensDetails: [
        { modality: "TEXT", tokenCount: 0 },
        { modality: "AUDIO", tokenCount: 5 },
      ],
      serviceTier: "standard",
    });
    expect(losses).toEqual(["usage.cacheWriteInput"]);
  });
});
