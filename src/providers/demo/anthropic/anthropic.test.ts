import { afterAll, beforeAll, expect, test } from "bun:test";
import Anthropic from "@anthropic-ai/sdk";
import { type DemoProvider, startDemoProvider } from "../server.ts";

let demo: DemoProvider;
let client: Anthropic;
const search: Anthropic.Tool = {
  name: "search",
  input_schema: { type: "object", properties: { query: { type: "string" } }, required: ["query"] },
};

beforeAll(() => {
  demo = startDemoProvider();
  client = new Anthropic({ baseURL: demo.url, apiKey: "none", maxRetries: 0 });
});
afterAll(() => demo.stop());

const say = (content: string): Anthropic.MessageParam[] => [{ role: "user", content }];

test("an answer and the stream of the same request put together are alike", async () => {
  const params = { model: "echo", max_tokens: 100, system: "be kind", messages: say("hello") };
  const whole = await client.messages.create(params);
  expect(whole.content).toEqual([
    {
      type: "text",
      text: "This is Amsterdam's demo provider; no model was called. You said: hello",
      citations: null,
    },
  ]);
  expect(whole.stop_reason).toBe("end_turn");
  const streamed = await client.messages.stream(params).finalMessage();
  expect<unknown>(streamed.content).toEqual(whole.content);
  expect(streamed.usage.output_tokens).toBe(whole.usage.output_tokens);
  expect(streamed.usage.input_tokens).toBe(whole.usage.input_tokens);
});

test("the events come in the API's order with a ping", async () => {
  const response = await fetch(`${demo.url}/v1/messages`, {
    method: "POST",
    body: JSON.stringify({ model: "echo", max_tokens: 100, stream: true, messages: say("x") }),
  });
  const names = (await response.text()).match(/^event: .*$/gm)!.map((line) => line.slice(7));
  expect(names.filter((name, index) => name !== names[index - 1])).toEqual([
    "message_start",
    "content_block_start",
    "ping",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
  ]);
});

test("a tool is called, streamed or not, and its result is quoted", async () => {
  const params = { model: "echo", max_tokens: 500, messages: say("Use the tool"), tools: [search] };
  const whole = await client.messages.create(params);
  const call = whole.content[0]!;
  if (call.type !== "tool_use") throw new Error("expected a call");
  expect(whole.stop_reason).toBe("tool_use");
  expect(call.input).toEqual({ query: "sample query" });
  const streamed = await client.messages.stream(params).finalMessage();
  expect<unknown>(streamed.content).toEqual(whole.content);
  const result = {
    type: "tool_result" as const,
    tool_use_id: call.id,
    content: [{ type: "text" as const, text: "42" }],
  };
  const last = await client.messages.create({
    ...params,
    messages: [
      ...params.messages,
      { role: "assistant", content: whole.content as Anthropic.ContentBlockParam[] },
      { role: "user", content: [result] },
    ],
  });
  expect(last.content[0]).toMatchObject({
    type: "text",
    text: expect.stringContaining("The tool answered: 42"),
  });
});

test("a tool without arguments streams to an empty object", async () => {
  const tools: Anthropic.Tool[] = [{ name: "now", input_schema: { type: "object" } }];
  const params = { model: "tools", max_tokens: 500, messages: say("hi"), tools };
  const streamed = await client.messages.stream(params).finalMessage();
  expect(streamed.content[0]).toMatchObject({ type: "tool_use", name: "now", input: {} });
});

test("thinking has a signature, and is empty when it shall be omitted", async () => {
  const params = { model: "echo", max_tokens: 2000, messages: say("hi") };
  const thinking = { type: "enabled" as const, budget_tokens: 1024 };
  const shown = await client.messages.create({ ...params, thinking });
  expect(shown.content.map((block) => block.type)).toEqual(["thinking", "text"]);
  expect(shown.content[0]).toMatchObject({ signature: expect.stringMatching(/^[\w+/=]{40,}$/) });
  const streamed = await client.messages.stream({ ...params, thinking }).finalMessage();
  expect<unknown>(streamed.content).toEqual(shown.content);
  const omitted = await client.messages.create({ ...params, thinking: { ...thinking, display: "omitted" } });
  expect(omitted.content[0]).toMatchObject({ type: "thinking", thinking: "" });
  const low = async () =>
    client.messages.create({ ...params, thinking: { type: "enabled", budget_tokens: 5 } });
  await expect(low()).rejects.toMatchObject({ status: 400 });
});

test("stop sequences and limits end the answer", async () => {
  const base = { model: "echo", messages: say("hi") };
  const stopped = await client.messages.create({ ...base, max_tokens: 100, stop_sequences: ["demo"] });
  expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "demo" });
  const cut = await client.messages.create({ ...base, max_tokens: 3 });
  expect(cut).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 3 } });
});

test("a marked long prefix is written to the cache first and read from it then", async () => {
  const system = [
    {
      type: "text" as const,
      text: "long words ".repeat(1500),
      cache_control: { type: "ephemeral" as const },
    },
  ];
  const ask = (text: string) =>
    client.messages.create({ model: "echo", max_tokens: 50, system, messages: say(text) });
  const first = (await ask("one")).usage;
  const second = (await ask("two")).usage;
  expect(first.cache_creation_input_tokens).toBeGreaterThan(1024);
  expect(first.cache_read_input_tokens).toBe(0);
  expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens!);
  expect(second.cache_creation_input_tokens).toBe(0);
  expect(second.input_tokens).toBeLessThan(20);
});

test("structured output, images and documents", async () => {
  const schema = {
    type: "object",
    properties: { n: { type: "number" } },
    required: ["n"],
    additionalProperties: false,
  };
  const structured = await client.messages.create({
    model: "echo",
    max_tokens: 100,
    messages: say("hi"),
    output_config: { format: { type: "json_schema", schema } },
  });
  expect(structured.content[0]).toMatchObject({ text: '{"n":1}' });
  const data = Buffer.alloc(77).toString("base64");
  const seen = await client.messages.create({
    model: "echo",
    max_tokens: 200,
    messages: [
      {
        role: "user",
        content: [
          { type: "image", source: { type: "base64", media_type: "image/webp", data } },
          { type: "document", source: { type: "base64", media_type: "application/pdf", data } },
        ],
      },
    ],
  });
  expect(seen.content[0]).toMatchObject({
    text: expect.stringContaining(
      "I received 1 image (image/webp, 77 bytes) and 1 file (application/pdf, 77 bytes).",
    ),
  });
});

test("a refusal has no content but an explanation", async () => {
  const params = { model: "refuses", max_tokens: 100, messages: say("hi") };
  for (const answer of [
    await client.messages.create(params),
    await client.messages.stream(params).finalMessage(),
  ]) {
    expect(answer).toMatchObject({ content: [], stop_reason: "refusal", stop_details: { type: "refusal" } });
  }
});

test("tokens are counted like the answer's input, and the count writes no cache", async () => {
  const params = { model: "echo", messages: say("count these words"), tools: [search] };
  const counted = await client.messages.countTokens(params);
  const answer = await client.messages.create({ ...params, max_tokens: 50 });
  expect(counted.input_tokens).toBe(answer.usage.input_tokens);
});

test("overloaded is 529, an error in a stream is an error event", async () => {
  const params = { max_tokens: 50, messages: say("hi") };
  const overloaded = async () => client.messages.create({ ...params, model: "overloaded" });
  await expect(overloaded()).rejects.toMatchObject({
    status: 529,
    error: { error: { type: "overloaded_error" } },
  });
  const stream = client.messages.stream({ ...params, model: "errors-mid-stream" });
  await expect(stream.finalMessage()).rejects.toThrow("on purpose");
});

test("wrong requests are refused", async () => {
  const create = async (body: object) =>
    client.messages.create(body as Anthropic.MessageCreateParamsNonStreaming);
  await expect(create({ model: "echo", messages: say("x") })).rejects.toThrow("max_tokens");
  await expect(create({ model: "echo", max_tokens: 5 })).rejects.toThrow("messages");
  await expect(create({ max_tokens: 5, messages: say("x") })).rejects.toThrow("model");
  const role = create({ model: "echo", max_tokens: 5, messages: [{ role: "developer", content: "x" }] });
  await expect(role).rejects.toMatchObject({ status: 400 });
});

test("models are listed in Anthropic's shape", async () => {
  const page = await client.models.list();
  expect(page.data.map((model) => model.id)).toContain("echo");
  expect((await client.models.retrieve("demo/slow-20")).display_name).toBe("Demo slow-20");
  const unknown = async () => client.models.retrieve("nobody");
  await expect(unknown()).rejects.toMatchObject({ status: 404 });
});
