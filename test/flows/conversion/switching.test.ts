import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import { chatLoop, geminiLoop, messagesLoop, statelessResponsesLoop } from "../../support/tool-loops.ts";

const CLIENTS = [
  { client: "openai, Chat", run: chatLoop },
  { client: "openai, Responses", run: statelessResponsesLoop },
  { client: "@anthropic-ai/sdk", run: messagesLoop },
  { client: "@google/genai", run: geminiLoop },
];
/** Models that look like those which check what comes back most strictly. */
const MODELS = {
  Chat: "speaks-chat/remembers",
  Responses: "openai/gpt-5-remembers",
  Messages: "anthropic/claude-sonnet-4-5-remembers",
  Gemini: "gemini/gemini-3-remembers",
} as const;

const WAYS = TARGETS.flatMap(({ target: from }) =>
  TARGETS.filter(({ target }) => target !== from).map(({ target: to }) => ({ from, to })),
);

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

// What a fallback does too: the next provider gets a conversation that holds another's ids, thoughts and signatures.
describe.each(WAYS)("a loop of tools that begins at $from and goes on at $to", ({ from, to }) => {
  describe.each(CLIENTS)("$client", ({ run }) => {
    test.each([false, true])("goes on to its end, streamed: %p", async (stream) => {
      const { url, key } = targets.gateway;
      const model = (turn: number) => MODELS[turn === 0 ? from : to];
      const report = await run({ url, key, model, stream });
      expect(report.calls).toEqual([2, 2, 0]);
      expect(new Set(report.ids).size).toBe(4);
      expect(report.text).toContain("weather of sample city for 1: fair");
    });

    test("and comes back to where it began", async () => {
      const { url, key } = targets.gateway;
      const model = (turn: number) => MODELS[turn === 1 ? to : from];
      const report = await run({ url, key, model, stream: false });
      expect(report.calls).toEqual([2, 2, 0]);
      expect(report.text).toContain("weather of sample city for 1: fair");
    });
  });
});
