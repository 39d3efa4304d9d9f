import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateText, jsonSchema, Output, tool } from "ai";
import { AI_CLIENTS } from "../../support/ai-models.ts";
import { type DemoTargets, startDemoTargets, TARGETS } from "../../support/demo-targets.ts";

let targets: DemoTargets;
beforeAll(async () => {
  targets = await startDemoTargets();
});
afterAll(() => targets.stop());

const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const PDF = Buffer.from("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n");
const PERSON = jsonSchema<{ name: string; age: number; tags: string[] }>({
  type: "object",
  properties: {
    name: { type: "string" },
    age: { type: "integer" },
    tags: { type: "array", items: { type: "string" } },
  },
  required: ["name", "age", "tags"],
  additionalProperties: false,
});
const inputSchema = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false,
});
const tools = { weather: tool({ inputSchema }), tide: tool({ inputSchema }) };

const PAIRS = AI_CLIENTS.flatMap((client) =>
  TARGETS.map((target) => ({ ...client, ...target, client: client.client, asked: client.format })),
);

describe.each(PAIRS)("$client, a provider that speaks $target", ({ model, provider, asked }) => {
  const at = (name: string) => {
    const { url, key } = targets.gateway;
    return { model: model({ url, key, model: `${provider}/${name}` }), maxRetries: 0, maxOutputTokens: 4096 };
  };
  const attach = (mediaType: string, data: Uint8Array) =>
    generateText({
      ...at("echo"),
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "look" },
            { type: "file", mediaType, data, filename: "a.pdf" },
          ],
        },
      ],
    });

  test("an image arrives whole", async () => {
    const { text } = await attach("image/png", PNG);
    expect(text).toContain(`I received 1 image (image/png, ${PNG.length} bytes).`);
    expect(text).toContain("You said: look");
  });

  test("a document arrives whole", async () => {
    const { text } = await attach("application/pdf", PDF);
    expect(text).toContain(`I received 1 file (application/pdf, ${PDF.length} bytes).`);
  });

  test("an answer keeps to a schema", async () => {
    const { output } = await generateText({
      // Anthropic's models are told of a schema in words, but for those that are known to take one.
      ...at(provider === "anthropic" ? "claude-sonnet-4-5" : "echo"),
      prompt: "who",
      output: Output.object({ schema: PERSON }),
    });
    expect(output).toEqual({ name: expect.any(String), age: expect.any(Number), tags: expect.any(Array) });
  });

  test("a tool that is required, named or forbidden is called, or is not", async () => {
    const ask = async (toolChoice: Parameters<typeof generateText>[0]["toolChoice"], prompt: string) => {
      const { toolCalls } = await generateText({ ...at("echo"), prompt, tools, toolChoice } as never);
      return toolCalls.map(({ toolName }) => toolName);
    };
    expect(await ask("auto", "hello")).toEqual([]);
    expect(await ask("auto", "use weather and tide")).toEqual(["weather", "tide"]);
    expect(await ask("required", "hello")).toEqual(["weather"]);
    expect(await ask({ type: "tool", toolName: "tide" }, "hello")).toEqual(["tide"]);
    expect(await ask("none", "use weather")).toEqual([]);
  });

  test("a limit of tokens ends the answer, and is told", async () => {
    const { text, finishReason, usage } = await generateText({
      ...at("long"),
      prompt: "go on",
      maxOutputTokens: 20,
    });
    expect(finishReason).toBe("length");
    expect(usage.outputTokens).toBe(20);
    expect(text.length).toBeLessThan(200);
  });

  test("words of the system and earlier turns count", async () => {
    const usageOf = async (system: string, turns: number) => {
      const { usage } = await generateText({
        ...at("echo"),
        instructions: system,
        messages: [
          ...Array.from({ length: turns }, () => [
            { role: "user" as const, content: "one two three four" },
            { role: "assistant" as const, content: "five six seven eight" },
          ]).flat(),
          { role: "user" as const, content: "hi" },
        ],
      });
      return usage.inputTokens ?? 0;
    };
    const plain = await usageOf("be kind", 0);
    expect(plain).toBeGreaterThan(2);
    expect(await usageOf("be kind and very, very patient", 0)).toBeGreaterThan(plain + 3);
    expect(await usageOf("be kind", 5)).toBeGreaterThanOrEqual(plain + 40);
  });

  // OpenAI's Responses API has no stop sequences, nor has its SDK.
  test.each(asked === "openai-responses" || provider === "openai" ? [] : ["model"])(
    "a stop sequence ends the answer before it",
    async (stop) => {
      const { text, finishReason } = await generateText({
        ...at("echo"),
        prompt: "hi",
        stopSequences: [stop],
      });
      expect(text).toBe("This is Amsterdam's demo provider; no ");
      expect(finishReason).toBe("stop");
    },
  );
});
