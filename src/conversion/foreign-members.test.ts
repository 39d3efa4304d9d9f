import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { Losses } from "../exchange/losses.ts";
import { tellForeignMembers } from "./foreign-members.ts";

function told(
  format: Format,
  members: Record<string, unknown>,
  target: Format,
  strict = false,
): readonly string[] {
  const losses = new Losses(strict);
  const request = { model: "m", stream: false, messages: [], tools: [], streamUsage: true };
  tellForeignMembers({ ...request, extensions: { [format]: members } }, target, losses);
  return losses.items;
}

describe("a member that only the client's API has", () => {
  test("is named as lost at another, and goes along at its own", () => {
    expect(told("openai-chat", { logit_bias: { 5: 1 } }, "gemini")).toEqual(["logit_bias"]);
    expect(told("openai-chat", { logit_bias: { 5: 1 } }, "openai-chat")).toEqual([]);
    expect(() => told("openai-chat", { logit_bias: { 5: 1 } }, "gemini", true)).toThrow("logit_bias");
  });

  test("is not worth a word where it says nothing, or nothing about the answer", () => {
    expect(told("anthropic-messages", { context_management: { edits: [] }, betas: ["x"] }, "gemini")).toEqual(
      [],
    );
    expect(
      told("openai-responses", { include: ["a"], background: false, truncation: null }, "gemini"),
    ).toEqual([]);
  });

  test.each([
    ["anthropic-messages", { thinking: { type: "adaptive" }, output_config: { effort: "high" } }, []],
    [
      "anthropic-messages",
      { context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] } },
      [],
    ],
    [
      "anthropic-messages",
      {
        context_management: { edits: [{ type: "clear_tool_uses_20250919" }] },
        output_config: { task_budget: {} },
      },
      ["context_management"],
    ],
    [
      "anthropic-messages",
      { output_config: { effort: "high", task_budget: { total: 9 } } },
      ["output_config.task_budget"],
    ],
    [
      "gemini",
      { generationConfig: { thinkingConfig: { includeThoughts: true }, responseModalities: ["TEXT"] } },
      [],
    ],
    [
      "gemini",
      { generationConfig: { mediaResolution: "LOW", responseModalities: ["IMAGE"] } },
      ["generationConfig.mediaResolution", "generationConfig.responseModalities"],
    ],
    ["openai-responses", { text: { format: { type: "text" } }, truncation: "disabled", reasoning: {} }, []],
    [
      "openai-responses",
      { reasoning: { context: "all_turns" }, truncation: "auto" },
      ["reasoning.context", "truncation"],
    ],
  ] as [Format, Record<string, unknown>, string[]][])(
    "of %s is lost in what is neither read for every target nor done anyway: %j",
    (from, members, lost) => {
      expect(told(from, members, "openai-chat")).toEqual(lost);
    },
  );

  test.each([
    ["gemini", { cachedContent: "cachedContents/1" }, "openai-chat"],
    ["openai-responses", { previous_response_id: "resp_1" }, "gemini"],
    ["openai-responses", { prompt: { id: "p" } }, "anthropic-messages"],
    ["anthropic-messages", { thread: { type: "create" } }, "gemini"],
    ["anthropic-messages", { mcp_servers: [{ url: "http://a" }] }, "openai-responses"],
  ] as [Format, Record<string, unknown>, Format][])(
    "of %s that the answer depends on, %j, is refused",
    (from, members, to) => {
      expect(() => told(from, members, to)).toThrow(
        expect.objectContaining({ code: "conversion_refused", param: Object.keys(members)[0] }),
      );
    },
  );

  test("named like something that every object has is one like any other", () => {
    expect(told("gemini", { constructor: 1, toString: "x" }, "openai-chat")).toEqual([
      "constructor",
      "toString",
    ]);
  });
});
