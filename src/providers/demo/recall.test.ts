import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogle } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, isStepCount, jsonSchema, type LanguageModel, streamText, tool } from "ai";
import { type DemoProvider, startDemoProvider } from "./server.ts";

let demo: DemoProvider;
beforeAll(() => {
  demo = startDemoProvider();
});
afterAll(() => demo.stop());

/** Changes a request's body on its way, so that a seal is not what it was. */
type Change = (body: string) => string;

const unchanged: Change = (body) => body;

const APIS: readonly { name: string; seals: number; model(change: Change): LanguageModel }[] = [
  {
    name: "Chat",
    seals: 0,
    model: (change) =>
      createOpenAICompatible({
        name: "demo",
        baseURL: `${demo.url}/v1`,
        apiKey: "k",
        fetch: sending(change),
      })("remembers"),
  },
  {
    name: "Responses",
    seals: 2,
    model: (change) =>
      createOpenAI({ baseURL: `${demo.url}/v1`, apiKey: "k", fetch: sending(change) }).responses("remembers"),
  },
  {
    name: "Messages",
    seals: 2,
    model: (change) =>
      createAnthropic({ baseURL: `${demo.url}/v1`, apiKey: "k", fetch: sending(change) })("remembers"),
  },
  {
    name: "Gemini",
    seals: 2,
    model: (change) =>
      createGoogle({ baseURL: `${demo.url}/v1beta`, apiKey: "k", fetch: sending(change) })("remembers"),
  },
];

function sending(change: Change): typeof fetch {
  const send = (url: string, init: RequestInit) => fetch(url, { ...init, body: change(init.body as string) });
  return send as typeof fetch;
}

const inputSchema = jsonSchema<{ city: string }>({
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
});
const call = (model: LanguageModel) => ({
  model,
  prompt: "How is it there?",
  maxRetries: 0,
  stopWhen: isStepCount(5),
  tools: {
    weather: tool({ inputSchema, execute: ({ city }) => `sunny in ${city}` }),
    tide: tool({ inputSchema, execute: ({ city }) => `high in ${city}` }),
  },
  providerOptions: {
    openai: { store: false, reasoningSummary: "auto", forceReasoning: true },
    anthropic: { thinking: { type: "enabled", budgetTokens: 2048 } },
  },
});

describe.each([...APIS])("remembers, through $name", ({ seals, model }) => {
  const report = `4 of 4 calls and ${seals} of ${seals} seals came back unchanged`;

  test("finds its calls and its seals again after two rounds of parallel calls", async () => {
    const { text, steps } = await generateText(call(model(unchanged)));
    expect(steps.map(({ toolCalls }) => toolCalls.length)).toEqual([2, 2, 0]);
    expect(text).toContain(report);
  });

  test("does so when it is streamed", async () => {
    expect(await streamText(call(model(unchanged))).text).toContain(report);
  });

  test("refuses a result that is missing", async () => {
    const dropped: Change = (body) => {
      const parsed = JSON.parse(body) as Record<string, unknown[]>;
      const list = parsed.messages ?? parsed.input ?? parsed.contents!;
      // Of two results in one message the first goes, of two messages the last.
      const last = list.at(-1) as { role?: string; content?: unknown[]; parts?: unknown[]; type?: string };
      if (last.type === "function_call_output" || last.role === "tool") list.pop();
      else if (list.length > 1) (last.content ?? last.parts)?.shift();
      return JSON.stringify(parsed);
    };
    await expect(generateText(call(model(dropped)))).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe.each(APIS.filter(({ seals }) => seals > 0))("remembers, through $name", ({ model }) => {
  // The seals are Base64 of a text that begins so.
  const seal = Buffer.from("amsterdam-demo.").toString("base64");
  const forgeries: [string, Change][] = [
    ["begins", (body) => body.replaceAll(seal, `${seal.slice(0, -1)}A`)],
    ["ends", (body) => body.replace(new RegExp(`(${seal}[\\w+/]+)[\\w+/](=*")`, "g"), "$1A$2")],
  ];
  test.each(forgeries)("refuses a seal that %s with something else", async (_where, forged) => {
    await expect(generateText(call(model(forged)))).rejects.toMatchObject({ statusCode: 400 });
  });

  test("takes its seal beside arguments that the client filled up, and counts those as changed", async () => {
    const filled: Change = (body) =>
      body
        .replaceAll('"city":"', '"all":false,"city":"')
        .replaceAll('\\"city\\":', '\\"all\\":false,\\"city\\":');
    const { text } = await generateText(call(model(filled)));
    expect(text).toContain("0 of 4 calls and 2 of 2 seals came back unchanged");
  });
});

test("a Gemini signature that is declared missing is taken, and counted as lost", async () => {
  const skipped: Change = (body) =>
    body.replace(/"thoughtSignature":"[^"]*"/g, '"thoughtSignature":"skip_thought_signature_validator"');
  const { text } = await generateText(call(APIS[3]!.model(skipped)));
  expect(text).toContain("0 of 2 seals");
});

test("a Gemini call without a signature is refused", async () => {
  const bare: Change = (body) => body.replace(/,"thoughtSignature":"[^"]*"/g, "");
  await expect(generateText(call(APIS[3]!.model(bare)))).rejects.toMatchObject({ statusCode: 400 });
});
