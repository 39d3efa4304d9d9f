import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AI_LOOPS } from "../../support/ai-tool-loop.ts";
import { type DemoTargets, OTHER_TARGETS, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";
import {
  chatLoop,
  geminiLoop,
  messagesLoop,
  statefulResponsesLoop,
  statelessResponsesLoop,
  type ToolLoop,
} from "../../support/tool-loops.ts";

const CLIENTS: readonly { readonly client: string; readonly run: ToolLoop }[] = [
  { client: "openai, Chat", run: chatLoop },
  { client: "openai, Responses", run: statelessResponsesLoop },
  { client: "@anthropic-ai/sdk", run: messagesLoop },
  { client: "@google/genai", run: geminiLoop },
  ...AI_LOOPS,
];

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

describe.each([...TARGETS, ...OTHER_TARGETS])("a provider that speaks $target", ({ provider, format }) => {
  // It signs what it thinks, refuses what it did not sign, and tells what came back.
  const seals = format === "openai-chat" ? 0 : 2;

  describe.each([false, true])("streamed: %p", (stream) => {
    test.each([...CLIENTS])(
      "$client: three turns with parallel calls and thoughts, and all of it comes back",
      async ({ run }) => {
        await checkLoop(run, { provider, seals, stream });
      },
    );

    // A provider with a Responses API keeps its conversations itself, but the demo does not.
    test.each(format === "openai-responses" ? [] : [statefulResponsesLoop])(
      "openai, Responses: the gateway keeps the conversation, and all of it comes back",
      async (run) => {
        await checkLoop(run, { provider, seals, stream });
      },
    );
  });
});

async function checkLoop(
  run: ToolLoop,
  { provider, seals, stream }: { provider: string; seals: number; stream: boolean },
): Promise<void> {
  const { url, key } = targets.gateway;
  const report = await run({ url, key, model: () => `${provider}/remembers`, stream });
  expect(report.calls).toEqual([2, 2, 0]);
  expect(new Set(report.ids).size).toBe(4);
  expect(report.text).toContain("weather of sample city for 1: fair");
  expect(report.text).toContain(`4 of 4 calls and ${seals} of ${seals} seals came back unchanged`);
  expect(report.thoughts).toContain("This is the demo provider's reasoning");
}
