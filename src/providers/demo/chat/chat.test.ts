import { afterAll, beforeAll, expect, test } from "bun:test";
import OpenAI from "openai";
import { type DemoProvider, startDemoProvider } from "../server.ts";

let demo: DemoProvider;
let client: OpenAI;
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: {
      type: "object",
      properties: { city: { type: "string" }, unit: { enum: ["celsius", "fahrenheit"] } },
      required: ["city", "unit"],
    },
  },
} as const;
const clock = { type: "function", function: { name: "get_time" } } as const;

beforeAll(() => {
  demo = startDemoProvider();
  client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => demo.stop());

const user = (content: string) =>
  [{ role: "user", content }] as const satisfies { role: "user"; content: string }[];

test("an answer says that it is the demo's, repeats the prompt and counts its tokens", async () => {
  const answer = await client.chat.completions.create({ model: "echo", messages: user("hello, wörld 👋🏽") });
  expect(answer.choices[0]?.message.content).toBe(
    "This is Amsterdam's demo provider; no model was called. You said: hello, wörld 👋🏽",
  );
  expect(answer.choices[0]?.finish_reason).toBe("stop");
  expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + answer.usage!.completion_tokens);
  expect(answer.usage!.prompt_tokens).toBeGreaterThan(2);
});

test("a stream puts together the same answer, with usage only when it is asked for", async () => {
  const params = { model: "echo", messages: [...user("stream this")] };
  const whole = await client.chat.completions.create(params);
  const stream = client.chat.completions.stream({ ...params, stream_options: { include_usage: true } });
  const chunks = await Array.fromAsync(stream);
  const final = await stream.finalChatCompletion();
  expect(final.choices[0]?.message.content).toBe(whole.choices[0]!.message.content!);
  expect(final.usage).toEqual(whole.usage!);
  expect(chunks.at(-1)?.choices).toEqual([]);
  expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true);

  const plain = await Array.fromAsync(await client.chat.completions.create({ ...params, stream: true }));
  expect(plain.some((chunk) => "usage" in chunk)).toBe(false);
  expect(plain[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "", refusal: null });
  expect(plain.at(-1)?.choices[0]).toMatchObject({ delta: {}, finish_reason: "stop" });
});

test("a prompt that names a tool gets a call, streamed or not, and the result is quoted", async () => {
  const params = { model: "echo", messages: [...user("Please use get_weather")], tools: [weather, clock] };
  const whole = await client.chat.completions.create(params);
  const message = whole.choices[0]!.message;
  const call = message.tool_calls![0]!;
  if (call.type !== "function") throw new Error("expected a function call");
  expect(whole.choices[0]?.finish_reason).toBe("tool_calls");
  expect(message.content).toBeNull();
  expect(JSON.parse(call.function.arguments)).toEqual({ city: "sample city", unit: "celsius" });

  const streamed = await client.chat.completions.stream(params).finalChatCompletion();
  expect(JSON.parse(JSON.stringify(streamed.choices[0]!.message.tool_calls))).toMatchObject([
    { type: "function", function: { name: "get_weather", arguments: call.function.arguments } },
  ]);

  const result = { role: "tool", tool_call_id: call.id, content: "21 degrees" } as const;
  const last = await client.chat.completions.create({
    ...params,
    messages: [...params.messages, message, result],
  });
  expect(last.choices[0]?.message.content).toContain("The tool answered: 21 degrees");
});

test("two tools in one prompt are called together, unless parallel calls are off", async () => {
  const params = {
    model: "echo",
    messages: [...user("use get_time, then get_weather")],
    tools: [weather, clock],
  };
  const names = async (extra: object) => {
    const answer = await client.chat.completions.create({ ...params, ...extra });
    return answer.choices[0]!.message.tool_calls?.map(
      (call) => call.type === "function" && call.function.name,
    );
  };
  expect(await names({})).toEqual(["get_time", "get_weather"]);
  expect(await names({ parallel_tool_calls: false })).toEqual(["get_time"]);
  expect(await names({ tool_choice: "none" })).toBeUndefined();
  expect(await names({ messages: user("hi") })).toBeUndefined();
  expect(await names({ messages: user("my budget_time"), tool_choice: "required" })).toEqual(["get_weather"]);
  const named = { type: "function", function: { name: "get_time" } };
  expect(await names({ messages: user("hi"), tool_choice: named })).toEqual(["get_time"]);
});

test("reasoning comes as reasoning_content and is counted", async () => {
  const params = { model: "echo", messages: [...user("hi")], reasoning_effort: "low" as const };
  const answer = await client.chat.completions.create(params);
  const message = answer.choices[0]!.message as { reasoning_content?: string };
  expect(message.reasoning_content).toContain("No model thinks here");
  expect(answer.usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(10);
  const chunks = await Array.fromAsync(await client.chat.completions.create({ ...params, stream: true }));
  const deltas = chunks.map(({ choices }) => (choices[0]!.delta as typeof message).reasoning_content ?? "");
  expect(deltas.join("")).toBe(message.reasoning_content!);
});

test("structured output fits the schema, and json_object is an object", async () => {
  const schema = {
    type: "object",
    properties: { name: { type: "string" }, age: { type: "integer", minimum: 18 } },
    required: ["name", "age"],
    additionalProperties: false,
  };
  const ask = async (response_format: OpenAI.ChatCompletionCreateParams["response_format"]) => {
    const answer = await client.chat.completions.create({
      model: "echo",
      messages: user("a person"),
      response_format: response_format!,
    });
    return JSON.parse(answer.choices[0]!.message.content!);
  };
  expect(await ask({ type: "json_schema", json_schema: { name: "p", schema } })).toEqual({
    name: "sample name",
    age: 18,
  });
  expect(await ask({ type: "json_object" })).toMatchObject({ said: "a person" });
});

test("limits, stop sequences and the number of answers are kept", async () => {
  const ask = async (extra: object) =>
    client.chat.completions.create({ model: "echo", messages: [...user("one two")], ...extra });
  const short = await ask({ max_completion_tokens: 4 });
  expect(short.choices[0]).toMatchObject({
    finish_reason: "length",
    message: { content: "This is Amsterdam'" },
  });
  expect(short.usage?.completion_tokens).toBe(4);
  const stopped = await ask({ stop: ["no model", "demo"] });
  expect(stopped.choices[0]).toMatchObject({
    finish_reason: "stop",
    message: { content: "This is Amsterdam's " },
  });
  const many = await ask({ n: 3 });
  expect(new Set(many.choices.map((choice) => choice.message.content)).size).toBe(3);
  expect(many.choices.map((choice) => choice.index)).toEqual([0, 1, 2]);
  await expect(ask({ n: 9 })).rejects.toMatchObject({ status: 400, param: "n" });
});

test("images, sounds and files are acknowledged", async () => {
  const data = Buffer.alloc(123).toString("base64");
  const answer = await client.chat.completions.create({
    model: "echo",
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } },
          { type: "image_url", image_url: { url: "https://example.com/a.png" } },
          { type: "input_audio", input_audio: { data, format: "wav" } },
          { type: "file", file: { filename: "a.pdf", file_data: `data:application/pdf;base64,${data}` } },
        ],
      },
    ],
  });
  expect(answer.choices[0]?.message.content).toContain(
    "I received 2 images (image/png, 123 bytes; by reference) and 1 audio clip (wav, 123 bytes) and 1 file (application/pdf, 123 bytes). You said: look",
  );
});

test("a refusal stands in its own field", async () => {
  const params = { model: "refuses", messages: [...user("hi")] };
  const whole = await client.chat.completions.create(params);
  expect(whole.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: null } });
  const streamed = await client.chat.completions.stream(params).finalChatCompletion();
  expect(streamed.choices[0]?.message.refusal).toBe(whole.choices[0]!.message.refusal);
  expect(whole.choices[0]?.message.refusal).toContain("declines");
});

test("wrong requests are refused with the field that is wrong", async () => {
  const wrong = async (body: object | string) => {
    const response = await fetch(`${demo.url}/v1/chat/completions`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });
    expect(response.status).toBe(400);
    return ((await response.json()) as { error: { message: string; param: string | null; type: string } })
      .error;
  };
  expect(await wrong("{nonsense")).toMatchObject({ type: "invalid_request_error", param: null });
  expect(await wrong({ messages: user("hi") })).toMatchObject({ param: "model" });
  expect(await wrong({ model: "echo" })).toMatchObject({ param: "messages" });
  expect(await wrong({ model: "echo", messages: [{ role: "bot" }] })).toMatchObject({
    param: "messages[0].role",
  });
  expect(await wrong({ model: "echo", messages: user("hi"), max_tokens: "9" })).toMatchObject({
    param: "max_tokens",
  });
});

test("the older completions API answers, streamed or not", async () => {
  const params = { model: "echo", prompt: "once upon a time", n: 2 };
  const whole = await client.completions.create(params);
  expect(whole.choices.map((choice) => choice.finish_reason)).toEqual(["stop", "stop"]);
  const texts = ["", ""];
  for await (const chunk of await client.completions.create({ ...params, stream: true })) {
    for (const choice of chunk.choices) texts[choice.index] += choice.text;
  }
  expect(texts).toEqual(whole.choices.map((choice) => choice.text));
  expect(texts[0]).toContain("You said: once upon a time");
});
