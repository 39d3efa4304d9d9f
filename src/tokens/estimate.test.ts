import { describe, expect, test } from "bun:test";
import type { GenerateRequest } from "../exchange/request.ts";
import { estimateRequestTokens, estimateTextTokens } from "./estimate.ts";

const request = (over: Partial<GenerateRequest>): GenerateRequest => ({
  model: "m",
  stream: false,
  messages: [],
  tools: [],
  streamUsage: true,
  ...over,
});

describe("a text's tokens", () => {
  test.each([
    ["", 0],
    ["Hello, world!", 4],
    ["The quick brown fox jumps over the lazy dog.", 10],
    ["<|endoftext|>", 7],
  ])("%j has %i", async (text, tokens) => {
    expect(await estimateTextTokens(text)).toBe(tokens);
  });

  test("are the same in pieces, but for the few at the seams", async () => {
    const sentence = "The quick brown fox jumps over the lazy dog. ";
    expect(await estimateTextTokens(sentence.repeat(1000))).toBeWithin(9_900, 10_300);
  });

  test("of a long run without a space, and of lone surrogates, are counted without harm", async () => {
    expect(await estimateTextTokens("a".repeat(100_000))).toBeGreaterThan(1000);
    expect(await estimateTextTokens("🐱".repeat(2000))).toBeGreaterThan(1000);
    expect(await estimateTextTokens("\ud83d".repeat(1500))).toBeGreaterThan(0);
  });
});

test("a request's tokens are those of all that the model reads", async () => {
  const text = "The quick brown fox jumps over the lazy dog.";
  const one = await estimateRequestTokens(
    request({ messages: [{ role: "user", parts: [{ kind: "text", text }] }] }),
  );
  expect(one).toBe(16);
  const whole = await estimateRequestTokens(
    request({
      messages: [
        {
          role: "assistant",
          parts: [{ kind: "tool-call", id: "c", name: "find", arguments: '{"word":"fox"}' }],
        },
        { role: "tool", parts: [{ kind: "tool-result", callId: "c", parts: [{ kind: "text", text }] }] },
        {
          role: "user",
          parts: [{ kind: "media", media: "image", source: { kind: "url", url: "https://a/b.png" } }],
        },
      ],
      tools: [{ kind: "function", name: "find", description: text, parameters: { type: "object" } }],
    }),
  );
  expect(whole).toBeWithin(1030, 1070);
});
