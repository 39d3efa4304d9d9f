/** The conversions that an AMP Server's users know, and Amp's own completion of what is typed. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import OpenAI from "openai";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { validateResponse, validateStream } from "../../support/open-responses.ts";

const CHAT_ANSWER = {
  id: "chatcmpl-1",
  object: "chat.completion",
  created: 1,
  model: "o3-mini",
  choices: [{ index: 0, message: { role: "assistant", content: "from Chat" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};
const GEMINI_ANSWER = {
  candidates: [
    { index: 0, content: { role: "model", parts: [{ text: "from Gemini" }] }, finishReason: "STOP" },
  ],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
};
const RESPONSES_ANSWER = { id: "resp_native", object: "response", output: [] };

let upstream: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const openai = upstream.script("openai", (exchange) =>
    json(exchange.target.endsWith("/chat/completions") ? CHAT_ANSWER : RESPONSES_ANSWER)(exchange),
  );
  const google = upstream.script("google", (exchange) =>
    exchange.target.includes(":streamGenerateContent")
      ? stream(sseEvents(GEMINI_ANSWER))(exchange)
      : json(GEMINI_ANSWER)(exchange),
  );
  const claude = upstream.script("claude", stream(claudeEvents()));
  const endpoint = (path: string, target_url: string) => ({ path, target_url, method: "POST" });
  gateway = await startGateway({
    config: {
      providers: {
        openai: { base_url: `${openai}/v1`, api_key: "key-of-openai" },
        google: { base_url: `${google}/v1beta`, api_key: "key-of-google" },
        anthropic: { base_url: `${claude}/v1`, api_key: "key-of-claude" },
      },
      amp: { tab_model: "anthropic/claude-fast" },
      endpoints: [
        endpoint("/own/v1/responses", `${google}/v1beta/models/{model}:generateContent`),
        endpoint("/own/openai/v1/responses", `${openai}/v1/responses`),
        { ...endpoint("/own/base/v1/responses", `${google}/v1beta`), format: "gemini" },
      ],
      conversion: {
        rules: [
          { door: "/api/provider/openai/*", from: "openai-responses", models: ["o3*"], to: "openai-chat" },
          { door: "/own/openai/*", models: ["o3*"], to: "openai-chat" },
        ],
      },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

function claudeEvents(): string[] {
  const usage = { input_tokens: 3, output_tokens: 1 };
  const message = {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "c",
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  return sseEvents(
    { type: "message_start", message },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "typed" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "message_delta",
      delta: { stop_reason: "end_turn", stop_sequence: null },
      usage: { output_tokens: 2 },
    },
    { type: "message_stop" },
  );
}

async function ask(path: string, body: object): Promise<{ status: number; body: unknown; text: string }> {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : null };
}

async function asked(name: string) {
  const exchange = upstream.received(name).at(-1)!;
  return { target: exchange.target, body: JSON.parse(Buffer.from(await exchange.body).toString()) };
}

test("o3 on AMP's OpenAI door is asked in Chat and answered in Responses", async () => {
  const { status, body } = await ask("/api/provider/openai/v1/responses", {
    model: "o3-mini",
    instructions: "Be brief.",
    input: "Hello",
    tools: [{ type: "function", name: "f", parameters: { type: "object", properties: {} }, strict: false }],
  });
  expect(await asked("openai")).toMatchObject({
    target: "/openai/v1/chat/completions",
    body: {
      model: "o3-mini",
      messages: [{ content: "Be brief." }, { role: "user", content: "Hello" }],
      tools: [{ type: "function", function: { name: "f" } }],
    },
  });
  expect([status, validateResponse(body)]).toEqual([200, []]);
  expect(JSON.stringify(body)).toContain("from Chat");
});

test("other models on that door, and o3 elsewhere, are asked in Responses", async () => {
  await ask("/api/provider/openai/v1/responses", { model: "gpt-5", input: "Hello" });
  expect((await asked("openai")).target).toBe("/openai/v1/responses");
  await ask("/v1/responses", { model: "o3-mini", input: "Hello" });
  expect((await asked("openai")).target).toBe("/openai/v1/responses");
});

test.each([
  "/api/provider/google/v1/responses",
  "/api/provider/google/v1beta/responses",
  "/own/v1/responses",
  "/own/base/v1/responses",
])("Responses at %s goes to Gemini, whole and streamed", async (path) => {
  const whole = await ask(path, { model: "gemini-2.5-pro", input: "Hello" });
  expect((await asked("google")).target).toBe("/google/v1beta/models/gemini-2.5-pro:generateContent");
  expect([whole.status, validateResponse(whole.body)]).toEqual([200, []]);
  expect(whole.text).toContain("from Gemini");

  const streamed = await ask(path, { model: "gemini-2.5-pro", input: "Hello", stream: true });
  expect((await asked("google")).target).toBe(
    "/google/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
  );
  const events = streamed.text
    .split("\n\n")
    .filter((text) => text !== "")
    .map((text) => ({
      event: /^event: (.*)$/m.exec(text)?.[1] ?? null,
      data: /^data: (.*)$/m.exec(text)?.[1] ?? "",
    }));
  expect(validateStream(events)).toEqual([]);
  expect(events.filter(({ event }) => event === "response.created")).toHaveLength(1);
});

test("a rule acts at an endpoint whose target has the other API beside", async () => {
  const { text } = await ask("/own/openai/v1/responses", { model: "o3-pro", input: "Hello" });
  expect((await asked("openai")).target).toBe("/openai/v1/chat/completions");
  expect(text).toContain("from Chat");
});

test("the SDK reads a converted stream of that door", async () => {
  const client = new OpenAI({
    baseURL: `${gateway.url}/api/provider/google/v1`,
    apiKey: gateway.key,
    maxRetries: 0,
  });
  const events = await client.responses.create({ model: "gemini-2.5-pro", input: "Hello", stream: true });
  let words = "";
  for await (const event of events) if (event.type === "response.output_text.delta") words += event.delta;
  expect(words).toBe("from Gemini");
});

test("what is typed is completed by a chat model of the operator's choice, as the client reads it", async () => {
  const { status, text } = await ask("/api/tab/llm-proxy", {
    stream: true,
    model: "amp-tab",
    temperature: 0.1,
    max_tokens: 100,
    response_format: { type: "text" },
    prediction: { type: "content", content: "typed words" },
    stop: ["<|end|>"],
    prompt: "complete: ty",
  });
  expect(status).toBe(200);
  expect(await asked("claude")).toMatchObject({
    target: "/claude/v1/messages",
    body: { model: "claude-fast", stop_sequences: ["<|end|>"], max_tokens: 100, stream: true },
  });
  expect((await asked("claude")).body.messages).toEqual([{ role: "user", content: expect.anything() }]);
  const data = text
    .split("\n\n")
    .filter((event) => event.startsWith("data: "))
    .map((event) => event.slice(6));
  expect(data.at(-1)).toBe("[DONE]");
  const choices = data
    .slice(0, -1)
    .flatMap((event) => JSON.parse(event).choices as { text?: string; finish_reason: string | null }[]);
  expect(choices.map(({ text }) => text ?? "").join("")).toBe("typed");
  expect(choices.at(-1)?.finish_reason).toBe("stop");
});
