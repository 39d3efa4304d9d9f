import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { ResponseInput } from "openai/resources/responses/responses";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";

let targets: DemoTargets;
let client: OpenAI;
beforeAll(async () => {
  targets = await startDemoTargets();
  client = new OpenAI({ baseURL: `${targets.gateway.url}/v1`, apiKey: targets.gateway.key, maxRetries: 0 });
});
afterAll(() => targets.stop());

const GRAMMAR = { type: "grammar", syntax: "lark", definition: "start: /.+/" } as const;

// OpenAI's own models take such tools as they are; the others get a function with one text.
describe.each(TARGETS.filter(({ provider }) => provider !== "openai"))(
  "a tool of free text at a provider that speaks $target",
  ({ provider }) => {
    const model = `${provider}/tools`;

    test.each([false, true])("is called and answered through Responses, streamed: %p", async (stream) => {
      const tools = [
        { type: "custom" as const, name: "apply_patch", description: "Patches files.", format: GRAMMAR },
      ];
      const input: ResponseInput = [{ role: "user", content: "patch it" }];
      const take = () =>
        stream
          ? client.responses.stream({ model, input, tools }).finalResponse()
          : client.responses.create({ model, input, tools });
      const first = await take();
      const calls = first.output.flatMap((item) => (item.type === "custom_tool_call" ? [item] : []));
      expect(first.output).toHaveLength(1);
      expect(calls.map(({ name }) => name)).toEqual(["apply_patch"]);
      const call = calls[0]!;
      expect(call.input).toStartWith("sample");
      input.push(call, { type: "custom_tool_call_output", call_id: call.call_id, output: "patched" });
      const second = await take();
      expect(second.output_text).toContain("patched");
    });

    test.each(provider === "speaks-chat" ? [] : [false, true])(
      "is called and answered through Chat, streamed: %p",
      async (stream) => {
        const tools = [{ type: "custom" as const, custom: { name: "apply_patch" } }];
        const messages: ChatCompletionMessageParam[] = [{ role: "user", content: "patch it" }];
        const take = async () => {
          const answer = stream
            ? await client.chat.completions.stream({ model, messages, tools }).finalChatCompletion()
            : await client.chat.completions.create({ model, messages, tools });
          return answer.choices[0]!;
        };
        const { message, finish_reason } = await take();
        expect(finish_reason).toBe("tool_calls");
        const call = message.tool_calls![0]!;
        if (call.type !== "custom") throw new Error(`A call of type ${call.type}`);
        expect(call.custom.name).toBe("apply_patch");
        expect(call.custom.input).toStartWith("sample");
        messages.push(message, { role: "tool", tool_call_id: call.id, content: "patched" });
        expect((await take()).message.content).toContain("patched");
      },
    );
  },
);

describe.each([...TARGETS])("tools that may be called at a provider that speaks $target", ({ provider }) => {
  const names = ["weather", "tide", "moon"];
  const model = `${provider}/echo`;
  const parameters = { type: "object", properties: {} };

  test("are those that Responses allows", async () => {
    const ask = async (mode: "auto" | "required", allowed: string[], content: string) => {
      const answer = await client.responses.create({
        model,
        input: content,
        tools: names.map((name) => ({ type: "function", name, parameters, strict: false })),
        tool_choice: {
          type: "allowed_tools",
          mode,
          tools: allowed.map((name) => ({ type: "function", name })),
        },
      });
      return answer.output.flatMap((item) => (item.type === "function_call" ? [item.name] : []));
    };
    expect(await ask("required", ["tide"], "hello")).toEqual(["tide"]);
    expect(await ask("auto", ["tide", "moon"], "use weather, tide and moon")).toEqual(["tide", "moon"]);
  });

  test("are one at a time where Chat wants no parallel calls", async () => {
    const ask = async (parallel: boolean) => {
      const answer = await client.chat.completions.create({
        model,
        messages: [{ role: "user", content: "use weather and tide" }],
        tools: names.map((name) => ({ type: "function", function: { name, parameters } })),
        parallel_tool_calls: parallel,
      });
      return answer.choices[0]!.message.tool_calls?.length;
    };
    expect(await ask(true)).toBe(2);
    // Gemini has no such switch.
    expect(await ask(false)).toBe(provider === "gemini" ? 2 : 1);
  });
});
