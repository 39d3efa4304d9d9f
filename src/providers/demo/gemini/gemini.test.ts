import { afterAll, beforeAll, expect, test } from "bun:test";
import { FunctionCallingConfigMode, type GenerateContentConfig, GoogleGenAI } from "@google/genai";
import { type DemoProvider, startDemoProvider } from "../server.ts";

let demo: DemoProvider;
let client: GoogleGenAI;
const lookUp = {
  name: "look_up",
  parametersJsonSchema: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
};

beforeAll(() => {
  demo = startDemoProvider();
  client = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: demo.url } });
});
afterAll(() => demo.stop());

const ask = (contents: string, config: GenerateContentConfig = {}, model = "echo") =>
  client.models.generateContent({ model, contents, config });

test("an answer and the stream of the same request put together are alike", async () => {
  const whole = await ask("hello");
  expect(whole.text).toBe("This is Amsterdam's demo provider; no model was called. You said: hello");
  expect(whole.candidates?.[0]?.finishReason as string).toBe("STOP");
  const chunks = await Array.fromAsync(
    await client.models.generateContentStream({ model: "echo", contents: "hello" }),
  );
  expect(chunks.length).toBeGreaterThan(5);
  expect(chunks.map((chunk) => chunk.text).join("")).toBe(whole.text!);
  expect(chunks.at(-1)?.usageMetadata).toEqual(whole.usageMetadata!);
  expect(chunks.filter((chunk) => chunk.candidates?.[0]?.finishReason)).toHaveLength(1);
});

test("without alt=sse the stream is one JSON array of the same chunks", async () => {
  const path = `${demo.url}/v1beta/models/demo%2Fecho:streamGenerateContent`;
  const init = { method: "POST", body: JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }] }) };
  const array = await fetch(path, init);
  const events = await fetch(`${path}?alt=sse`, init);
  expect(array.headers.get("content-type")).toStartWith("application/json");
  const chunks = (await events.text()).split("\r\n\r\n").filter(Boolean);
  expect((await array.json()) as unknown).toEqual(
    chunks.map((chunk) => JSON.parse(chunk.slice("data: ".length))),
  );
});

test("a function is called with STOP, and its response is quoted", async () => {
  const config = { tools: [{ functionDeclarations: [lookUp] }] };
  const first = await ask("use look_up now", config);
  expect(first.functionCalls).toMatchObject([{ name: "look_up", args: { word: "sample word" } }]);
  expect(first.candidates?.[0]?.finishReason as string).toBe("STOP");
  const last = await client.models.generateContent({
    model: "echo",
    config,
    contents: [
      { role: "user", parts: [{ text: "use look_up now" }] },
      first.candidates![0]!.content!,
      { role: "user", parts: [{ functionResponse: { name: "look_up", response: { meaning: "a town" } } }] },
    ],
  });
  expect(last.text).toContain('The tool answered: {"meaning":"a town"}');
});

test("the function calling mode forces, limits and forbids", async () => {
  const tools = [{ functionDeclarations: [{ name: "first" }, lookUp] }];
  const names = async (mode: FunctionCallingConfigMode, allowedFunctionNames?: string[]) => {
    const functionCallingConfig = { mode, ...(allowedFunctionNames && { allowedFunctionNames }) };
    const answer = await ask("please call one", { tools, toolConfig: { functionCallingConfig } });
    return answer.functionCalls?.map((call) => call.name);
  };
  expect(await names(FunctionCallingConfigMode.ANY)).toEqual(["first"]);
  expect(await names(FunctionCallingConfigMode.ANY, ["look_up"])).toEqual(["look_up"]);
  expect(await names(FunctionCallingConfigMode.NONE)).toBeUndefined();
});

test("thoughts are given when they are asked for, and signed", async () => {
  const answer = await ask("hi", { thinkingConfig: { includeThoughts: true } });
  const parts = answer.candidates![0]!.content!.parts!;
  expect(parts[0]).toMatchObject({ thought: true });
  expect(parts[1]?.thoughtSignature).toBeString();
  expect(answer.text).toStartWith("This is Amsterdam's");
  expect(answer.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(10);
  const hidden = await ask("hi", { thinkingConfig: { thinkingBudget: 200 } });
  expect(hidden.candidates![0]!.content!.parts!.some((part) => part.thought)).toBe(false);
  expect(hidden.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(10);
});

test("structured output in both of Gemini's schema dialects, and an enum bare", async () => {
  const responseMimeType = "application/json";
  const responseSchema = { type: "OBJECT", properties: { size: { type: "STRING", enum: ["S", "M"] } } };
  const old = await ask("hi", { responseMimeType, responseSchema } as GenerateContentConfig);
  expect(JSON.parse(old.text!)).toEqual({ size: "S" });
  const responseJsonSchema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] };
  expect(JSON.parse((await ask("hi", { responseMimeType, responseJsonSchema })).text!)).toEqual({ n: 1 });
  const member = { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: ["yes", "no"] } };
  expect((await ask("hi", member as GenerateContentConfig)).text).toBe("yes");
});

test("limits, stop sequences, candidates and images", async () => {
  const cut = await ask("hi", { maxOutputTokens: 2 });
  expect(cut.candidates![0]!.finishReason as string).toBe("MAX_TOKENS");
  expect(cut.usageMetadata?.candidatesTokenCount).toBe(2);
  expect((await ask("hi", { stopSequences: [" demo"] })).text).toBe("This is Amsterdam's");
  expect((await ask("hi", { candidateCount: 3 })).candidates).toHaveLength(3);
  const inlineData = { mimeType: "image/png", data: Buffer.alloc(9).toString("base64") };
  const seen = await client.models.generateContent({ model: "echo", contents: [{ inlineData }, "look"] });
  expect(seen.text).toContain("I received 1 image (image/png, 9 bytes). You said: look");
});

test("a refusal is a candidate that stopped for safety", async () => {
  const whole = await ask("hi", {}, "refuses");
  expect(whole.candidates![0]!.finishReason as string).toBe("SAFETY");
  expect(whole.text).toBeUndefined();
  const stream = await client.models.generateContentStream({ model: "refuses", contents: "hi" });
  const chunks = await Array.fromAsync(stream);
  expect(chunks.at(-1)!.candidates![0]!.finishReason as string).toBe("SAFETY");
});

test("tokens are counted and texts embedded", async () => {
  const counted = await client.models.countTokens({ model: "echo", contents: "count these words" });
  expect(counted.totalTokens).toBe((await ask("count these words")).usageMetadata!.promptTokenCount!);
  const embedded = await client.models.embedContent({
    model: "gemini-embedding-001",
    contents: ["one", "two"],
    config: { outputDimensionality: 64 },
  });
  expect(embedded.embeddings?.map((each) => each.values?.length)).toEqual([64, 64]);
  const single = await fetch(`${demo.url}/v1beta/models/any:embedContent`, {
    method: "POST",
    body: JSON.stringify({ content: { parts: [{ text: "one" }] }, outputDimensionality: 64 }),
  });
  expect(await single.json()).toEqual({ embedding: { values: embedded.embeddings![0]!.values! } });
});

test("models are listed in Gemini's shape", async () => {
  const names: (string | undefined)[] = [];
  for await (const model of await client.models.list()) names.push(model.name);
  expect(names).toContain("models/echo");
  expect((await client.models.get({ model: "echo" })).displayName).toBe("Demo echo");
});

test("errors are Gemini's, also in the middle of a stream", async () => {
  await expect(ask("hi", {}, "limited")).rejects.toMatchObject({
    status: 429,
    message: expect.stringContaining("RetryInfo"),
  });
  await expect(ask("hi", {}, "overloaded")).rejects.toMatchObject({ status: 503 });
  const path = `${demo.url}/v1beta/models/errors-mid-stream:streamGenerateContent`;
  const init = { method: "POST", body: JSON.stringify({ contents: [{ parts: [{ text: "hi" }] }] }) };
  const chunks = (await (await fetch(path, init)).json()) as { error?: object }[];
  expect(chunks.at(-1)?.error).toMatchObject({ code: 500, status: "INTERNAL" });
  const wrong = await fetch(`${demo.url}/v1beta/models/echo:generateContent`, { method: "POST", body: "{}" });
  expect(await wrong.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
});
