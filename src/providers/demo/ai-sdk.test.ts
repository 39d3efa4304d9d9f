import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  embed,
  generateText,
  jsonSchema,
  type LanguageModel,
  Output,
  stepCountIs,
  streamText,
  tool,
} from "ai";
import { type DemoProvider, startDemoProvider } from "./server.ts";

let demo: DemoProvider;
beforeAll(() => {
  demo = startDemoProvider();
});
afterAll(() => demo.stop());

const MODELS: Record<string, (name: string) => LanguageModel> = {
  responses: (name) => createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none" })(name),
  chat: (name) => createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none" }).chat(name),
  compatible: (name) =>
    createOpenAICompatible({
      name: "demo",
      baseURL: `${demo.url}/v1`,
      supportsStructuredOutputs: true,
      includeUsage: true,
    })(name),
  anthropic: (name) => createAnthropic({ baseURL: `${demo.url}/v1`, apiKey: "none" })(name),
  gemini: (name) => createGoogleGenerativeAI({ baseURL: `${demo.url}/v1beta`, apiKey: "none" })(name),
};

/** Anthropic's API needs a limit; the SDK warns when it has to make one up. */
const limit = { maxOutputTokens: 1000 };

const tools = {
  weather: tool({
    inputSchema: jsonSchema<{ city: string }>({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"],
    }),
    execute: async ({ city }) => `sunny in ${city}`,
  }),
};

describe.each(Object.keys(MODELS))("the AI SDK through %s", (kind) => {
  const model = (name: string) => MODELS[kind]!(name);

  test("generates and streams the same text with the same usage", async () => {
    const whole = await generateText({ model: model("echo"), prompt: "hello", ...limit });
    const stream = streamText({ model: model("echo"), prompt: "hello", ...limit });
    expect(whole.text).toContain("You said: hello");
    expect(await stream.text).toBe(whole.text);
    expect(whole.finishReason).toBe("stop");
    expect((await stream.usage).outputTokens).toBe(whole.usage.outputTokens);
    expect(whole.usage.inputTokens).toBeGreaterThan(0);
  });

  test("runs a tool and gets an answer that quotes its result, streamed and not", async () => {
    const settings = {
      model: model("echo"),
      prompt: "what does weather say",
      tools,
      stopWhen: stepCountIs(3),
      ...limit,
    };
    const whole = await generateText(settings);
    expect(whole.steps).toHaveLength(2);
    expect(whole.text).toContain("sunny in sample city");
    expect(await streamText(settings).text).toContain("sunny in sample city");
  });

  test("gets structured output", async () => {
    const schema = jsonSchema<{ name: string; tags: string[] }>({
      type: "object",
      properties: { name: { type: "string" }, tags: { type: "array", items: { type: "string" } } },
      required: ["name", "tags"],
      additionalProperties: false,
    });
    const { output } = await generateText({
      model: model("echo"),
      prompt: "x",
      output: Output.object({ schema }),
      ...limit,
    });
    expect(output).toEqual({ name: "sample name", tags: ["sample tags"] });
  });

  test("reads reasoning where the API has a place for it", async () => {
    if (kind === "chat") return; // OpenAI's own Chat provider reads no reasoning text
    const whole = await generateText({ model: model("thinks"), prompt: "hi", ...limit });
    expect(whole.reasoningText).toContain("No model thinks here");
    const stream = streamText({ model: model("thinks"), prompt: "hi", ...limit });
    expect(await stream.reasoningText).toBe(whole.reasoningText!);
  });

  test("reports an error that breaks the stream", async () => {
    const errors: unknown[] = [];
    const stream = streamText({
      model: model("errors-mid-stream"),
      prompt: "hi",
      ...limit,
      onError: ({ error }) => {
        errors.push(error);
      },
    });
    await stream.consumeStream();
    expect(JSON.stringify(errors) + String(errors)).toContain("on purpose");
  });

  test("names a refused or limited request by its status", async () => {
    const limited = generateText({ model: model("limited"), prompt: "hi", maxRetries: 0, ...limit });
    await expect(limited).rejects.toMatchObject({ statusCode: 429 });
  });
});

test("the AI SDK gets embeddings", async () => {
  const provider = createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none" });
  const { embedding } = await embed({ model: provider.embedding("any"), value: "hello" });
  expect(embedding).toHaveLength(256);
});
