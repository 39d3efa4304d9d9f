import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import { readResponse } from "./read-response.ts";

const answered = (message: object, members: object = {}) =>
  readResponse({ choices: [{ index: 0, message, finish_reason: "stop" }], ...members });
const partsOf = (message: object) => answered(message).choices[0]!.parts;

describe("a whole answer", () => {
  test("may lack nearly everything", () => {
    expect(readResponse({ choices: [{}] })).toEqual({
      id: "",
      model: "",
      choices: [{ index: 0, parts: [], finish: "other" }],
    });
  });

  test("with content in parts has its texts as one, and thoughts and pictures besides", () => {
    expect(
      partsOf({
        content: [
          { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
          { type: "text", text: "a" },
          { type: "text", text: "b" },
          { type: "image_url", image_url: { url: "https://x.example" } },
          { type: "novel" },
          7,
        ],
      }),
    ).toEqual([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "ab" },
      { kind: "media", media: "image", source: { kind: "url", url: "https://x.example" } },
    ]);
  });

  test("with calls waits for their results, whatever its finish reason", () => {
    const tool_calls = [{ id: "a", type: "function", function: { name: "f", arguments: { x: 1 } } }, {}, 7];
    expect(answered({ content: "", tool_calls }).choices[0]).toMatchObject({
      finish: "tool-calls",
      parts: [{ kind: "tool-call", id: "a", arguments: '{"x":1}' }],
    });
  });

  test("of wrong types is read as far as it goes", () => {
    expect(
      readResponse({
        id: 7,
        created: "now",
        usage: [],
        choices: [
          null,
          { index: "x", message: 7, finish_reason: {} },
          { message: { content: 7, tool_calls: {} } },
        ],
      }).choices.map(({ index, parts }) => [index, parts.length]),
    ).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  test.each([[null], [7], ["<html>"], [[]], [{}], [{ choices: [] }], [{ choices: "x" }]])(
    "%j is none",
    (body) => {
      expect(() => readResponse(body)).toThrow(expect.objectContaining({ code: "upstream_invalid" }));
    },
  );

  test("that is an error is told as one", () => {
    const error = { message: "Slow down", type: "x", code: 429 };
    expect(() => readResponse({ error })).toThrow(GatewayError);
    expect(() => readResponse({ error })).toThrow(
      expect.objectContaining({ code: "upstream_error", status: 429, message: "Slow down" }),
    );
  });

  test.each([
    [
      { prompt_tokens: 9, prompt_tokens_details: { cached_tokens: 3 } },
      { input: 9, cachedInput: 3 },
    ],
    [
      { prompt_tokens: 9, prompt_cache_hit_tokens: 3 },
      { input: 9, cachedInput: 3 },
    ],
    [
      { prompt_tokens: 9, cached_tokens: 3 },
      { input: 9, cachedInput: 3 },
    ],
    [
      {
        completion_tokens: 5,
        total_tokens: 9,
        prompt_tokens: 4,
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      { input: 4, output: 5, reasoning: 2 },
    ],
    [
      {
        completion_tokens: 5,
        total_tokens: 11,
        prompt_tokens: 4,
        completion_tokens_details: { reasoning_tokens: 2 },
      },
      { input: 4, output: 7, reasoning: 2 },
    ],
    [{ total_tokens: "x" }, undefined],
  ])("counts %j", (usage, expected) => {
    expect(answered({ content: "a" }, { usage }).usage).toEqual(expected as never);
  });
});
