import { describe, expect, test } from "bun:test";
import { mayHoldSeals } from "./foreign-seals.ts";
import { RouteStates } from "./route-states.ts";
import { factsOf, routerOf } from "./testing.ts";

const SEALED = {
  "anthropic-messages": {
    messages: [{ role: "assistant", content: [{ type: "thinking", thinking: "…", signature: "x" }] }],
  },
  "openai-responses": { input: [{ type: "reasoning", summary: [], encrypted_content: "x" }] },
  gemini: { contents: [{ role: "model", parts: [{ text: "…", thoughtSignature: "x" }] }] },
} as const;
const FORMATS = ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const;

describe("a seal", () => {
  test.each(Object.keys(SEALED) as (keyof typeof SEALED)[])(
    "of %s is found in that format alone",
    (format) => {
      const facts = factsOf(SEALED[format]);
      expect(FORMATS.filter((one) => mayHoldSeals(facts, one))).toEqual([format]);
    },
  );

  test("is found neither in plain words nor where there is no body to read", () => {
    const words = factsOf({ messages: [{ role: "user", content: 'What is a "signature"?' }] });
    expect(mayHoldSeals(words, "anthropic-messages")).toBeFalse();
    expect(mayHoldSeals({ body: null }, "gemini")).toBeFalse();
    expect(mayHoldSeals({ body: new Response("x").body }, "gemini")).toBeFalse();
  });
});

test("of several targets those that take a conversation over get no seals, and the one that has it does", () => {
  const provider = { base_url: "http://127.0.0.1:9", formats: ["anthropic-messages"] };
  const states = new RouteStates((share) => 1 - share);
  const router = routerOf(
    {
      providers: { one: provider, two: provider, three: provider },
      routes: { all: { targets: ["one/m", "two/m", "three/m"] } },
    },
    {},
    states,
  );
  const facts = factsOf({ model: "all", max_tokens: 5, ...SEALED["anthropic-messages"] });
  const door = router.door("POST", "/v1/messages");
  const resolved = () => router.resolveModel("all", door, { ...facts, tracking: { run_id: "r" } });
  const sealed = () =>
    resolved().targets.map((target) => {
      const { body } = target.prepare();
      if (body === null || body instanceof ReadableStream) throw new Error("The target has no body.");
      return Buffer.from(body.toBytes()).includes('"signature"');
    });
  expect(sealed()).toEqual([true, true, true]);
  states.conversations.served(resolved().decision!.conversation!, "two/m", performance.now());
  expect(sealed()).toEqual([false, true, false]);
});
