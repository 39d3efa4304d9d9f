import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embed, generateText, type LanguageModel, streamText } from "ai";
import { DEMO_DOORS, failureOf } from "../../support/doors.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";

const prompt = "What is the capital of Noord-Holland?";
let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.stop());

type MakeModel = (base: string, apiKey: string, model: string) => LanguageModel;

const MAKERS: readonly { name: string; make: MakeModel }[] = [
  {
    name: "openai chat",
    make: (base, apiKey, model) => createOpenAI({ baseURL: `${base}/v1`, apiKey }).chat(model),
  },
  {
    name: "openai responses",
    make: (base, apiKey, model) => createOpenAI({ baseURL: `${base}/v1`, apiKey })(model),
  },
  {
    name: "anthropic",
    make: (base, apiKey, model) => createAnthropic({ baseURL: `${base}/v1`, apiKey })(model),
  },
  {
    name: "google",
    // This SDK takes a name with a slash for a whole resource path.
    make: (base, apiKey, model) => createGoogle({ baseURL: `${base}/v1beta`, apiKey })(`models/${model}`),
  },
  {
    name: "openai-compatible",
    make: (base, apiKey, model) =>
      createOpenAICompatible({ name: "gateway", baseURL: `${base}/v1`, apiKey })(model),
  },
];
const CASES = DEMO_DOORS.flatMap((door) =>
  MAKERS.map((maker) => ({ door, ...maker, title: `${maker.name} through ${door.name}` })),
);

describe.each(CASES)("the AI SDK: $title", ({ door, make }) => {
  const model = (apiKey = gateway.key) => make(door.base(gateway), apiKey, door.model("echo"));

  test("generateText", async () => {
    const { text, usage } = await generateText({ model: model(), prompt, maxRetries: 0 });
    expect(text).toContain(prompt);
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  test("streamText", async () => {
    const pieces: string[] = [];
    for await (const piece of streamText({ model: model(), prompt, maxRetries: 0 }).textStream)
      pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.join("")).toContain(prompt);
  });

  test("a wrong key is an APICallError 401", async () => {
    const error = await failureOf(() => generateText({ model: model("ams_wrong"), prompt, maxRetries: 0 }));
    expect(APICallError.isInstance(error) && error.statusCode).toBe(401);
  });
});

describe.each(MAKERS)("the AI SDK: $name", ({ make }) => {
  test("a model that no provider has is an APICallError 404 with its name", async () => {
    const model = make(gateway.url, gateway.key, "nosuch/model-9");
    const error = await failureOf(() => generateText({ model, prompt, maxRetries: 0 }));
    expect(APICallError.isInstance(error) && error.statusCode).toBe(404);
    expect((error as Error).message).toContain("nosuch");
  });
});

test("the AI SDK embeds", async () => {
  const openai = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key });
  const { embedding } = await embed({ model: openai.embedding("demo/echo"), value: prompt });
  expect(embedding.length).toBeGreaterThan(0);
});
