import { afterAll, beforeAll, expect, test } from "bun:test";
import OpenAI from "openai";
import { type DemoProvider, startDemoProvider } from "../server.ts";

let demo: DemoProvider;
let client: OpenAI;
const add = {
  type: "function",
  name: "add",
  strict: false,
  parameters: {
    type: "object",
    properties: { a: { type: "integer" }, b: { type: "integer" } },
    required: ["a", "b"],
  },
} as const;

beforeAll(() => {
  demo = startDemoProvider();
  client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => demo.stop());

/** Fields that the Open Responses description requires of every response object. */
const REQUIRED = [
  ..."id object created_at completed_at status incomplete_details model previous_response_id".split(" "),
  ..."instructions output error tools tool_choice truncation parallel_tool_calls text top_p".split(" "),
  ..."presence_penalty frequency_penalty top_logprobs temperature reasoning usage".split(" "),
  ..."max_output_tokens max_tool_calls store background service_tier metadata".split(" "),
  ..."safety_identifier prompt_cache_key".split(" "),
];

test("an answer has every required field and the text", async () => {
  const answer = await client.responses.create({ model: "echo", input: "hello" });
  expect(answer.output_text).toBe("This is Amsterdam's demo provider; no model was called. You said: hello");
  for (const field of REQUIRED) expect(answer).toHaveProperty(field);
  expect(answer.usage).toMatchObject({ input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 } });
});

test("a stream's events come in order, are numbered, and end with the whole answer", async () => {
  const params = { model: "echo", input: [{ role: "user" as const, content: "hello" }] };
  const whole = await client.responses.create(params);
  const events = await Array.fromAsync(await client.responses.create({ ...params, stream: true }));
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
  const kinds = events.map((event) => event.type);
  expect(kinds.filter((kind, index) => kind !== kinds[index - 1])).toEqual([
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
  ]);
  const last = events.at(-1);
  if (last?.type !== "response.completed") throw new Error("expected the end");
  expect(last.response.output).toEqual(whole.output);
  expect(last.response.usage).toEqual(whole.usage!);
  const deltas = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : ""));
  expect(deltas.join("")).toBe(whole.output_text);
});

test("a tool is called and its output quoted, with reasoning items kept apart", async () => {
  const params = {
    model: "echo",
    input: [{ role: "user" as const, content: "please add" }],
    tools: [add],
    reasoning: { effort: "low" as const, summary: "auto" as const },
    include: ["reasoning.encrypted_content" as const],
  };
  const first = await client.responses.create(params);
  expect(first.output.map((item) => item.type)).toEqual(["reasoning", "function_call"]);
  const [reasoning, call] = first.output;
  if (reasoning?.type !== "reasoning" || call?.type !== "function_call") throw new Error("wrong items");
  expect(reasoning.encrypted_content).toBeString();
  expect(reasoning.summary[0]?.text).toContain("No model thinks here");
  expect(JSON.parse(call.arguments)).toEqual({ a: 1, b: 1 });

  const stream = client.responses.stream({ ...params });
  const done: string[] = [];
  for await (const event of stream) {
    if (event.type === "response.function_call_arguments.done")
      done.push((event as { name?: string }).name ?? "", event.arguments);
    if (event.type === "response.reasoning_summary_text.done") done.push(event.text);
  }
  expect(done).toEqual([reasoning.summary[0]!.text, "add", call.arguments]);
  expect((await stream.finalResponse()).usage).toEqual(first.usage!);

  const output = { type: "function_call_output" as const, call_id: call.call_id, output: "2" };
  const last = await client.responses.create({
    ...params,
    input: [...params.input, reasoning, call, output],
  });
  expect(last.output_text).toContain("The tool answered: 2");
});

test("output that names its tool in place of a call is taken beside that of calls", async () => {
  const told = { type: "function_call_output" as const, name: "goal", namespace: "agent", output: "Win." };
  const answer = await client.responses.create({
    model: "remembers",
    input: [{ role: "user", content: "hi" }, told],
  });
  expect(answer.output_text).toContain("0 of 0 calls");
});

test("input tokens are counted as the answer's usage has them", async () => {
  const params = { model: "echo", instructions: "Be kind.", input: "How are you?" };
  const { input_tokens: counted } = await client.responses.inputTokens.count(params);
  expect((await client.responses.create(params)).usage?.input_tokens).toBe(counted);
});

test("an effort alone gives a reasoning item without a text", async () => {
  const answer = await client.responses.create({ model: "echo", input: "hi", reasoning: { effort: "high" } });
  expect(answer.output[0]).toMatchObject({ type: "reasoning", summary: [] });
  expect(answer.output[0]).not.toHaveProperty("encrypted_content");
  expect(answer.usage?.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
});

test("an answer that is cut is incomplete, and so is its last item", async () => {
  const answer = await client.responses.create({ model: "long", input: "hi", max_output_tokens: 20 });
  expect(answer).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
  expect(answer.output.at(-1)).toMatchObject({ status: "incomplete" });
  expect(answer.usage?.output_tokens).toBe(20);
  const events = await Array.fromAsync(
    await client.responses.create({ model: "long", input: "hi", max_output_tokens: 20, stream: true }),
  );
  expect(events.at(-1)?.type).toBe("response.incomplete");
});

test("structured output, files and refusals", async () => {
  const schema = { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] };
  const format = { type: "json_schema" as const, name: "x", schema };
  const structured = await client.responses.create({ model: "echo", input: "hi", text: { format } });
  expect(JSON.parse(structured.output_text)).toEqual({ ok: true });

  const image_url = `data:image/jpeg;base64,${Buffer.alloc(10).toString("base64")}`;
  const seen = await client.responses.create({
    model: "echo",
    input: [{ role: "user", content: [{ type: "input_image", image_url, detail: "auto" }] }],
  });
  expect(seen.output_text).toContain("I received 1 image (image/jpeg, 10 bytes)");

  const refused = await client.responses.create({ model: "refuses", input: "hi" });
  expect(refused.output).toMatchObject([{ content: [{ type: "refusal" }] }]);
  const stream = await client.responses.create({ model: "refuses", input: "hi", stream: true });
  const kinds = new Set((await Array.fromAsync(stream)).map((event) => event.type));
  expect(kinds).toContain("response.refusal.delta");
  expect(kinds).toContain("response.refusal.done");
});

test("an error in a stream is an error event and then response.failed", async () => {
  const response = await fetch(`${demo.url}/v1/responses`, {
    method: "POST",
    body: JSON.stringify({ model: "errors-mid-stream", input: "hi", stream: true }),
  });
  const lines = (await response.text()).split("\n");
  const events = lines.filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice(6)));
  expect(events.slice(-2)).toMatchObject([
    { type: "error", error: { code: "server_error", message: expect.stringContaining("on purpose") } },
    { type: "response.failed", response: { status: "failed", error: { code: "server_error" } } },
  ]);
  expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
});

test("wrong requests are refused", async () => {
  const create = async (body: object) =>
    client.responses.create(body as OpenAI.Responses.ResponseCreateParamsNonStreaming);
  await expect(create({ input: "hi" })).rejects.toMatchObject({ status: 400, param: "model" });
  await expect(create({ model: "echo" })).rejects.toMatchObject({ status: 400, param: "input" });
  await expect(create({ model: "echo", input: [{}] })).rejects.toMatchObject({
    status: 400,
    param: "input[0]",
  });
  const low = create({ model: "echo", input: "hi", max_output_tokens: 5 });
  await expect(low).rejects.toMatchObject({ status: 400, param: "max_output_tokens" });
});
