import { describe, expect, test } from "bun:test";
import { UNKNOWN_FACTS, unfit } from "./abilities.ts";
import { modelFacts } from "./model-facts.ts";
import { requirementsOf } from "./requirements.ts";

describe("what a model takes", () => {
  test.each([
    ["openai", "gpt-4o-mini", { contextWindow: 128_000, mostOutput: 16_384, image: true, audio: false }],
    ["openai", "gpt-5.5-2026-04-23", { image: true, file: true, reasoning: true, mostOutput: 128_000 }],
    ["openai", "gpt-5.5-pro", { contextWindow: 1_000_000 }],
    ["openai", "o3-mini", { image: false, reasoning: true, tools: true, contextWindow: 200_000 }],
    ["anthropic", "claude-opus-4-1-20250805", { mostOutput: 32_000, contextWindow: 200_000, audio: false }],
    ["anthropic", "claude-sonnet-4-5", { structured: true, mostOutput: 64_000, contextWindow: 1_000_000 }],
    ["anthropic", "claude-opus-5-5", { mostOutput: 128_000, reasoning: true, file: true }],
    ["gemini", "gemini-2.5-pro", { video: true, audio: true, contextWindow: 1_048_576 }],
    ["openrouter", "openai/gpt-3.5-turbo", { image: false, mostOutput: 4_096 }],
    ["groq", "llama-3.3-70b-versatile", { image: false }],
    ["kimi", "kimi-k2-0905-preview", { image: false, tools: true }],
  ])("of %s/%s", (provider, model, facts) => {
    expect(modelFacts(provider, model)).toMatchObject(facts);
  });

  test("is not known of a model that nobody has told of, nor from the name of an older one that it begins with", () => {
    expect(modelFacts("vllm", "my-own-model")).toEqual(UNKNOWN_FACTS);
    expect(modelFacts("openai", "gpt-7")).toEqual(UNKNOWN_FACTS);
    expect(modelFacts("openai", "gpt-4-next-thing").contextWindow).toBeNull();
    expect(modelFacts("demo", "__proto__")).toEqual(UNKNOWN_FACTS);
    expect(modelFacts("constructor", "")).toEqual(UNKNOWN_FACTS);
    expect(modelFacts("openai", "gpt-realtime").image).toBeNull();
  });

  test("is what the configuration says, where it says something", () => {
    const facts = modelFacts("openai", "gpt-4o", { contextWindow: 8_000, image: false });
    expect(facts).toMatchObject({ contextWindow: 8_000, image: false, tools: true });
  });

  test("of the wider of two windows", () => {
    expect(modelFacts("deepseek", "deepseek-chat").contextWindow).toBe(1_048_576);
  });
});

describe("a model that cannot serve a request", () => {
  const facts = { ...UNKNOWN_FACTS, contextWindow: 1_000, mostOutput: 100 };
  const needs = (request: object) => requirementsOf(Buffer.from(JSON.stringify(request)), "openai-chat");

  test("is told apart by the prompt's least length, which is below what tokenizers find", () => {
    expect(unfit(facts, needs({ text: "word ".repeat(1_800) }))).toBe(
      "the prompt has at least 1126 tokens and the model takes 1000",
    );
    expect(unfit(facts, needs({ text: "word ".repeat(1_000) }))).toBeNull();
  });

  test("is told apart by the answer's length and by what it does not take", () => {
    expect(unfit(facts, needs({ max_tokens: 101 }))).toBe(
      "101 tokens are asked for and the model answers with at most 100",
    );
    expect(unfit(facts, needs({ max_tokens: 100 }))).toBeNull();
    const blind = { ...UNKNOWN_FACTS, image: false, tools: false, structured: false, reasoning: false };
    expect(unfit(blind, needs({ content: [{ type: "image_url" }] }))).toBe("the model takes no images");
    expect(unfit(blind, needs({ tools: [{ type: "function" }] }))).toBe("the model calls no tools");
    expect(unfit(blind, needs({ response_format: { type: "json_schema" } }))).toBe(
      "the model holds to no schema",
    );
    expect(unfit(blind, needs({ reasoning_effort: "high" }))).toBe("the model does not reason");
    expect(unfit(blind, needs({ messages: [] }))).toBeNull();
  });

  test("is none of which nothing is known", () => {
    const all = needs({
      content: [{ type: "image_url" }, { type: "file" }, { type: "input_audio" }],
      tools: [{}],
      response_format: { type: "json_schema" },
      reasoning_effort: "high",
      max_tokens: 1e8,
      text: "a".repeat(100_000),
    });
    expect(all.media).toEqual(["image", "audio", "file"]);
    expect(unfit(UNKNOWN_FACTS, all)).toBeNull();
  });
});
