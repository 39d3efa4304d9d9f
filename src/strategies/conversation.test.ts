import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { Conversations, conversationKey, usesTools } from "./conversation.ts";

const NOBODY = { threadId: null, runId: null };
const keyOf = (format: Format, request: unknown, indent?: number) =>
  conversationKey(Buffer.from(JSON.stringify(request, null, indent)), format, NOBODY);

const TOOLS = [{ type: "function", function: { name: "find", description: "x", parameters: {} } }];

/** The request of a conversation's turn in each format, with its system text and its first words. */
const TURNS: Record<Format, (system: string, first: string, turn: number) => object> = {
  "openai-chat": (system, first, turn) => ({
    model: "m",
    tools: TOOLS,
    messages: [
      { role: "system", content: system },
      { role: "user", content: first },
      ...Array.from({ length: turn }, (_, at) => [
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: `c${at}`, function: { name: "find", arguments: "{}" } }],
        },
        { role: "tool", tool_call_id: `c${at}`, content: "found" },
      ]).flat(),
    ],
  }),
  "openai-responses": (system, first, turn) => ({
    model: "m",
    instructions: system,
    input: [
      { role: "user", content: [{ type: "input_text", text: first }] },
      ...Array.from({ length: turn }, (_, at) => ({
        type: "function_call_output",
        call_id: `c${at}`,
        output: "y",
      })),
    ],
  }),
  // The mark for the cache wanders to the newest message, and makes a list of it.
  "anthropic-messages": (system, first, turn) => ({
    model: "m",
    system: [{ type: "text", text: system, cache_control: { type: "ephemeral" } }],
    messages: [
      {
        role: "user",
        content: turn > 0 ? first : [{ type: "text", text: first, cache_control: { type: "ephemeral" } }],
      },
      ...Array.from({ length: turn }, (_, at) => [
        {
          role: "assistant",
          content: [{ type: "tool_use", id: `c${at}`, name: "find", input: { system: at } }],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: `c${at}`, content: "found" }] },
      ]).flat(),
    ],
  }),
  gemini: (system, first, turn) => ({
    systemInstruction: { parts: [{ text: system }] },
    contents: [
      { role: "user", parts: [{ text: first }] },
      ...Array.from({ length: turn }, () => ({
        role: "user",
        parts: [{ functionResponse: { name: "find", response: {} } }],
      })),
    ],
  }),
};

describe.each(Object.keys(TURNS) as Format[])("a conversation in %s", (format) => {
  const turn = TURNS[format];

  test("has one key over 200 turns, and another one for other words or instructions", () => {
    const key = keyOf(format, turn("Be brief.", "Hello", 0));
    expect(key).toMatch(/^prompt \w{5,13}$/);
    for (const count of [1, 2, 50, 200]) {
      expect(keyOf(format, turn("Be brief.", "Hello", count))).toBe(key);
      expect(keyOf(format, turn("Be brief.", "Hello", count), 2)).toBe(key);
    }
    expect(keyOf(format, turn("Be brief.", "Hallo", 3))).not.toBe(key);
    expect(keyOf(format, turn("Be long.", "Hello", 3))).not.toBe(key);
  });

  test("uses tools once a tool has answered", () => {
    const body = (count: number) => Buffer.from(JSON.stringify(turn('say "tool_result"', "x", count)));
    expect(usesTools(body(0), format)).toBe(false);
    expect(usesTools(body(1), format)).toBe(true);
  });

  test("is bounded work, whatever follows the first words", () => {
    const body = Buffer.from(JSON.stringify(turn("s", "x".repeat(1_000), 50_000)));
    const begun = performance.now();
    for (let at = 0; at < 100; at++) conversationKey(body, format, NOBODY);
    expect((performance.now() - begun) / 100).toBeLessThan(1);
  });

  test("is not told by what is no request", () => {
    const whole = Buffer.from(JSON.stringify(turn("s", "x", 1)));
    for (let cut = 0; cut < whole.length; cut++) conversationKey(whole.subarray(0, cut), format, NOBODY);
    for (const text of [
      "",
      "[]",
      "{}",
      "null",
      '{"messages":',
      '{"messages":[1]}',
      '{"input":[[]]}',
      '{"a"}',
      "{]",
    ])
      expect(conversationKey(Buffer.from(text), format, NOBODY)).toBeNull();
  });
});

test("a thread goes before a run, and a run before the prompt; long ids make short keys", () => {
  const body = Buffer.from(JSON.stringify(TURNS["openai-chat"]("s", "x", 0)));
  const of = (threadId: string | null, runId: string | null) =>
    conversationKey(body, "openai-chat", { threadId, runId });
  expect(of("t", "r")).toBe(of("t", null)!);
  expect(of("t", "r")).not.toBe(of(null, "r"));
  expect(of("same", null)).not.toBe(of(null, "same"));
  expect(of("t".repeat(100_000), null)!.length).toBeLessThan(30);
});

test("a turn of what the provider keeps has no key of its own", () => {
  expect(keyOf("openai-responses", { previous_response_id: "resp_1", input: "go on" })).toBeNull();
  expect(keyOf("openai-responses", { conversation: { id: "conv_1" }, input: "go on" })).toBeNull();
  expect(keyOf("openai-responses", { previous_response_id: null, input: "begin" })).toMatch(/^prompt /);
});

test("instructions behind the messages do not count, so that the key holds as the messages grow", () => {
  const request = (count: number) => {
    const { messages } = TURNS["anthropic-messages"]("s", "Hello", count) as { messages: object[] };
    return { messages, system: `turn ${count}`, tools: [{ name: `t${count}` }] };
  };
  expect(keyOf("anthropic-messages", request(9))).toBe(keyOf("anthropic-messages", request(0))!);
});

test("pictures alone tell conversations apart", () => {
  const request = (data: string) => ({
    messages: [
      { role: "user", content: [{ type: "image_url", image_url: { url: `data:image/png;base64,${data}` } }] },
    ],
  });
  expect(keyOf("openai-chat", request("AAAA"))).not.toBe(keyOf("openai-chat", request("BBBB")));
});

test("the memory of a million conversations is of the last of them, and of a day", () => {
  const conversations = new Conversations(10_000);
  for (let at = 0; at < 1_000_000; at++) conversations.served(`prompt ${at}`, "a/b", 0);
  expect(conversations.size).toBeWithin(5_000, 10_001);
  expect(conversations.targetOf("prompt 999999", 1_000)).toBe("a/b");
  expect(conversations.targetOf("prompt 1", 1_000)).toBeNull();
  expect(conversations.targetOf("prompt 999999", 90_000_000)).toBeNull();
});
