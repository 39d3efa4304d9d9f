import { describe, expect, test } from "bun:test";
import { RECORDINGS, recordedExchanges } from "../../test/support/exchanges.ts";
import type { Format } from "../exchange/formats.ts";
import { FilterWatch, isFilteredJson, isFilteredStream } from "./filtered.ts";

const json = (format: Format, body: unknown) => isFilteredJson(format, Buffer.from(JSON.stringify(body)));
const sse = (...events: unknown[]) => events.map((data) => `data: ${JSON.stringify(data)}\n\n`).join("");

const choice = (finish_reason: string, message: object) => ({
  id: "c",
  object: "chat.completion",
  choices: [{ index: 0, finish_reason, message: { role: "assistant", ...message } }],
});
const anthropic = (stop_reason: string, content: object[]) => ({
  id: "m",
  type: "message",
  role: "assistant",
  content,
  stop_reason,
});
const incomplete = (reason: string, output: object[]) => ({
  id: "r",
  object: "response",
  status: "incomplete",
  incomplete_details: { reason },
  output,
});

describe("a whole answer was kept back by a filter", () => {
  test.each<[Format, string, unknown, boolean]>([
    ["openai-chat", "without a message", { choices: [{ finish_reason: "content_filter", index: 0 }] }, true],
    ["openai-chat", "without content", choice("content_filter", { content: "" }), true],
    [
      "openai-chat",
      "with the filter's words",
      choice("content_filter", { content: null, refusal: "No." }),
      true,
    ],
    ["openai-chat", "cut in its middle", choice("content_filter", { content: "It begins" }), false],
    ["openai-chat", "that is empty for another reason", choice("stop", { content: "" }), false],
    [
      "openai-chat",
      "of a legacy completion",
      { choices: [{ text: "words", finish_reason: "content_filter" }] },
      false,
    ],
    ["gemini", "of a prompt", { promptFeedback: { blockReason: "SAFETY" }, modelVersion: "g" }, true],
    ["gemini", "of an answer", { candidates: [{ finishReason: "PROHIBITED_CONTENT", index: 0 }] }, true],
    [
      "gemini",
      "cut in its middle",
      { candidates: [{ finishReason: "SAFETY", content: { role: "model", parts: [{ text: "It" }] } }] },
      false,
    ],
    ["anthropic-messages", "as a refusal", anthropic("refusal", []), true],
    [
      "anthropic-messages",
      "refused in the model's words",
      anthropic("refusal", [{ type: "text", text: "I" }]),
      false,
    ],
    ["anthropic-messages", "that is none", anthropic("end_turn", []), false],
    ["openai-responses", "without output", incomplete("content_filter", []), true],
    ["openai-responses", "cut for its length", incomplete("max_output_tokens", []), false],
  ])("%s, %s", (format, _, body, expected) => {
    expect(json(format, body)).toBe(expected);
  });

  test("where it can be read: nothing else is, and nothing throws", () => {
    for (const format of Object.keys(RECORDINGS) as Format[]) {
      for (const body of [
        "",
        "{",
        "[]",
        "null",
        "3",
        '"x"',
        "{}",
        '{"choices":[null],"candidates":3,"content":{}}',
      ])
        expect(isFilteredJson(format, Buffer.from(body))).toBeFalse();
    }
    const long = choice("content_filter", { content: "", padding: "x".repeat(100_000) });
    expect(json("openai-chat", long)).toBeFalse();
  });

  test("in no recording but the one that was", () => {
    const kept: string[] = [];
    for (const format of Object.keys(RECORDINGS) as Format[])
      for (const { id, status, stream, body } of recordedExchanges(format)) {
        if (status !== 200) continue;
        const bytes = Buffer.from(body);
        if (stream ? isFilteredStream(format, bytes) : isFilteredJson(format, bytes)) kept.push(id);
      }
    expect(kept).toEqual(["rig-1979"]);
  });
});

describe("a stream was kept back by a filter", () => {
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    id: "c",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason }],
  });
  const start = { type: "message_start", message: { id: "m", model: "c", role: "assistant", content: [] } };
  const refused = { type: "message_delta", delta: { stop_reason: "refusal" } };
  const text = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } };
  const words = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } };

  test.each<[Format, string, string, boolean]>([
    [
      "openai-chat",
      "at its end",
      sse(chunk({ role: "assistant", content: "" }), chunk({}, "content_filter")),
      true,
    ],
    ["openai-chat", "after words", sse(chunk({ content: "It" }), chunk({}, "content_filter")), false],
    ["openai-chat", "nowhere", sse(chunk({ role: "assistant" }), chunk({}, "stop")), false],
    ["gemini", "at once", sse({ promptFeedback: { blockReason: "OTHER" } }), true],
    ["anthropic-messages", "before words", sse(start, { type: "ping" }, refused), true],
    ["anthropic-messages", "after words", sse(start, text, words, refused), false],
    [
      "openai-responses",
      "as incomplete",
      sse(
        { type: "response.created", response: { id: "r", output: [] } },
        { type: "response.incomplete", response: incomplete("content_filter", []) },
      ),
      true,
    ],
    ["openai-chat", "in no format's words", "data: {\n\ndata: x\n\n", false],
  ])("%s, %s", (format, _, body, expected) => {
    expect(isFilteredStream(format, Buffer.from(body))).toBe(expected);
  });

  test("and is watched no longer than until the model says something", () => {
    const watch = new FilterWatch("openai-chat");
    const event = (value: object) => ({ event: "message", data: JSON.stringify(value) });
    expect(watch.take(event(chunk({ role: "assistant", content: "" })))).toBeFalse();
    expect(watch.take(event(chunk({ content: "Hi" })))).toBeTrue();
    expect([watch.take(event(chunk({}, "content_filter"))), watch.filtered]).toEqual([true, false]);
  });
});
