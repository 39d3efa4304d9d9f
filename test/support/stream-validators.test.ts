import { describe, expect, test } from "bun:test";
import { parseEvent, type SseEvent } from "../../src/lib/sse.ts";
import { validateStream as validateChat } from "./chat-stream.ts";
import { recordedExchanges } from "./exchanges.ts";
import { validateChunks, validateStream as validateGemini, validateResponse } from "./gemini-stream.ts";

const events = (body: string): SseEvent[] =>
  body
    .split(/\r?\n\r?\n/)
    .filter((text) => text.trim() !== "")
    .map(parseEvent);

const chunk = (choice: object | null, rest: object = {}): SseEvent => ({
  event: null,
  data: JSON.stringify({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: choice === null ? [] : [{ index: 0, delta: {}, finish_reason: null, ...choice }],
    ...rest,
  }),
});
const done: SseEvent = { event: null, data: "[DONE]" };
const begin = chunk({ delta: { role: "assistant", content: "" } });
const call = (index: number, rest: object) => chunk({ delta: { tool_calls: [{ index, ...rest }] } });
const begunCall = (index: number, text = "{}") =>
  call(index, { id: `c${index}`, type: "function", function: { name: "f", arguments: text } });
const finish = (reason: string) => chunk({ finish_reason: reason });
const usage = chunk(null, { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
const withNull = (event: SseEvent): SseEvent => ({
  event: null,
  data: JSON.stringify({ ...JSON.parse(event.data), usage: null }),
});

describe("the validator of Chat streams", () => {
  test("takes whole streams", () => {
    expect(validateChat([begin, chunk({ delta: { content: "hi" } }), finish("stop"), done])).toEqual([]);
    expect(
      validateChat([
        begin,
        begunCall(0, "{"),
        call(0, { function: { arguments: "}" } }),
        begunCall(1),
        finish("tool_calls"),
        done,
      ]),
    ).toEqual([]);
    expect(
      validateChat([...[begin, finish("stop")].map(withNull), usage, done], { includeUsage: true }),
    ).toEqual([]);
    expect(
      validateChat([begin, { event: null, data: '{"error":{"message":"m","type":"t"}}' }], { error: true }),
    ).toEqual([]);
  });

  test.each<[string, SseEvent[], { includeUsage?: boolean; error?: boolean }, string]>([
    ["no [DONE]", [begin, finish("stop")], {}, "no [DONE] at the end"],
    ["no finish_reason", [begin, done], {}, "choice 0 has no finish_reason"],
    [
      "two finish_reasons",
      [begin, finish("stop"), finish("stop"), done],
      {},
      "goes on after its finish_reason",
    ],
    ["no role", [finish("stop"), done], {}, "its first delta has no role"],
    [
      "another id",
      [begin, chunk({ finish_reason: "stop" }, { id: "x" }), done],
      {},
      "id is another than before",
    ],
    ["calls out of order", [begin, begunCall(1), finish("tool_calls"), done], {}, "indexes go up by one"],
    [
      "interleaved calls",
      [
        begin,
        begunCall(0),
        begunCall(1),
        call(0, { function: { arguments: "" } }),
        finish("tool_calls"),
        done,
      ],
      {},
      "indexes go up by one",
    ],
    ["broken arguments", [begin, begunCall(0, "{"), finish("tool_calls"), done], {}, "are no JSON object"],
    ["stop in spite of calls", [begin, begunCall(0), finish("stop"), done], {}, "stop in spite of calls"],
    ["usage not asked for", [begin, finish("stop"), usage, done], {}, "usage was not asked for"],
    [
      "no usage",
      [begin, finish("stop"), done].map((e) => (e === done ? e : withNull(e))),
      { includeUsage: true },
      "no chunk with usage",
    ],
    [
      "usage left out before",
      [begin, finish("stop"), usage, done],
      { includeUsage: true },
      "usage must be null",
    ],
    ["an event line", [{ ...begin, event: "x" }, finish("stop"), done], {}, "has an event line"],
    ["an error", [{ event: null, data: '{"error":{}}' }, done], {}, "is an error"],
    ["no error", [begin, finish("stop"), done], { error: true }, "no error event"],
    ["no JSON", [begin, { event: null, data: "{" }, finish("stop"), done], {}, "is no JSON object"],
  ])("tells %s", (_, stream, options, problem) => {
    expect(validateChat(stream, options).join("\n")).toContain(problem);
  });
});

describe("the validator of Gemini streams", () => {
  /** One where the SDK called the function itself and went on, and one of gRPC, whose enums are numbers. */
  const odd = ["js-genai-0063", "opentelemetry-python-contrib-0073"];
  const recorded = recordedExchanges("gemini").filter(
    ({ id, status, body }) => status === 200 && !body.startsWith("[") && !odd.includes(id),
  );

  test.each(recorded.filter(({ stream }) => stream))("takes the recorded stream $id", ({ body }) => {
    expect(validateGemini(events(body))).toEqual([]);
  });

  test.each(recorded.filter(({ stream }) => !stream))("takes the recorded answer $id", ({ body }) => {
    expect(validateResponse(JSON.parse(body))).toEqual([]);
  });

  const answer = (candidate: object, rest: object = {}) => ({
    candidates: [{ content: { role: "model", parts: [{ text: "a" }] }, index: 0, ...candidate }],
    modelVersion: "m",
    responseId: "r",
    usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
    ...rest,
  });
  const part = (value: object) =>
    answer({ content: { role: "model", parts: [value] }, finishReason: "STOP" });

  test.each<[string, object[], string]>([
    ["no finishReason", [answer({})], "has no finishReason"],
    [
      "more after the end",
      [answer({ finishReason: "STOP" }), answer({ finishReason: "STOP" })],
      "goes on after",
    ],
    ["an unknown finishReason", [answer({ finishReason: "stop" })], "finishReason stop"],
    ["no usage", [answer({ finishReason: "STOP" }, { usageMetadata: undefined })], "no usageMetadata"],
    ["a wrong sum", [answer({ finishReason: "STOP" }, { usageMetadata: { totalTokenCount: 3 } })], "sum 0"],
    ["unknown members", [answer({ finishReason: "STOP" }, { amsterdam: 1 })], "unknown amsterdam"],
    ["arguments as text", [part({ functionCall: { name: "f", args: "{}" } })], "args must be an object"],
    ["an empty part", [part({ thought: true })], "must be one thing"],
    ["a signature that is no base64", [part({ text: "", thoughtSignature: "a.b" })], "must be base64"],
    [
      "another responseId",
      [answer({}), answer({ finishReason: "STOP" }, { responseId: "x" })],
      "another responseId",
    ],
    ["an error", [{ error: { code: 500, message: "m", status: "INTERNAL" } }], "is an error"],
  ])("tells %s", (_, chunks, problem) => {
    expect(validateChunks(chunks).join("\n")).toContain(problem);
  });
});
