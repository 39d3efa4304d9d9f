import { afterAll, beforeAll, expect, test } from "bun:test";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import OpenAI from "openai";
import { type DemoProvider, startDemoProvider } from "./server.ts";

let demo: DemoProvider;
let client: OpenAI;
beforeAll(() => {
  demo = startDemoProvider();
  client = new OpenAI({ baseURL: `${demo.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => demo.stop());

const dot = (left: readonly number[], right: readonly number[]) =>
  left.reduce((sum, value, index) => sum + value * right[index]!, 0);

test("embeddings are unit vectors that are near for texts with words in common", async () => {
  const input = ["the cat sat on the mat", "a cat on a mat", "quarterly revenue forecast"];
  const { data, usage } = await client.embeddings.create({ model: "any", input, encoding_format: "float" });
  const [cat, mat, money] = data.map((entry) => entry.embedding) as [number[], number[], number[]];
  expect(dot(cat, cat)).toBeCloseTo(1, 5);
  expect(dot(cat, mat)).toBeGreaterThan(dot(cat, money) + 0.1);
  expect(usage.prompt_tokens).toBeGreaterThan(10);
});

test("base64 holds the same floats, in the dimensions asked for, also for token inputs", async () => {
  for (const input of ["text", [1, 2, 3], [[1, 2], [3]]]) {
    const params = { model: "any", input, dimensions: 32 };
    const floats = await client.embeddings.create({ ...params, encoding_format: "float" });
    const decoded = await client.embeddings.create(params); // the SDK asks for base64 and decodes it
    expect(floats.data[0]?.embedding).toHaveLength(32);
    for (const [index, { embedding }] of floats.data.entries()) {
      expect([...decoded.data[index]!.embedding]).toEqual(embedding);
    }
  }
  const wrong = async () => client.embeddings.create({ model: "any", input: [] });
  await expect(wrong()).rejects.toMatchObject({ status: 400, param: "input" });
  const down = async () => client.embeddings.create({ model: "demo/down", input: "x" });
  await expect(down()).rejects.toMatchObject({ status: 503 });
});

test("models are listed and found, patterns too", async () => {
  const ids = (await client.models.list()).data.map((model) => model.id);
  expect(ids).toContain("errors-mid-stream");
  expect((await client.models.retrieve("demo/status-418")).id).toBe("status-418");
  const unknown = async () => client.models.retrieve("gpt-99");
  await expect(unknown()).rejects.toMatchObject({ status: 404, code: "model_not_found" });
});

test("an unknown path or method is refused in the shape of the API that was called", async () => {
  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(demo.url + path, { headers });
    return {
      status: response.status,
      body: (await response.json()) as object,
      allow: response.headers.get("allow"),
    };
  };
  expect(await get("/v1/nothing")).toMatchObject({
    status: 404,
    body: { error: { type: "invalid_request_error" } },
  });
  expect(await get("/v1/messages/nothing")).toMatchObject({ status: 404, body: { type: "error" } });
  expect(await get("/v1beta/nothing")).toMatchObject({
    status: 404,
    body: { error: { status: "NOT_FOUND" } },
  });
  expect(await get("/v1/chat/completions")).toMatchObject({ status: 405, allow: "POST" });
  expect(await get("/v1/models/x", { "anthropic-version": "1" })).toMatchObject({ body: { type: "error" } });
});

test("compressed bodies are read; broken and unknown encodings are refused", async () => {
  const text = JSON.stringify({ model: "echo", messages: [{ role: "user", content: "small" }] });
  const send = async (encoding: string, body: Uint8Array) => {
    const headers = { "content-encoding": encoding };
    const response = await fetch(`${demo.url}/v1/chat/completions`, {
      method: "POST",
      headers,
      body: new Uint8Array(body),
    });
    return [response.status, (await response.text()).includes("You said: small")];
  };
  expect(await send("gzip", gzipSync(text))).toEqual([200, true]);
  expect(await send("br", brotliCompressSync(text))).toEqual([200, true]);
  expect(await send("zstd", zstdCompressSync(text))).toEqual([200, true]);
  expect(await send("gzip", Buffer.from(text))).toEqual([400, false]);
  expect(await send("snappy", Buffer.from(text))).toEqual([415, false]);
});

test("malformed, deep and wrongly encoded bodies are answered with an error", async () => {
  const send = async (body: string | Uint8Array<ArrayBuffer>) =>
    (await fetch(`${demo.url}/v1/messages`, { method: "POST", body })).status;
  expect(await send("")).toBe(400);
  expect(await send("[]")).toBe(400);
  expect(await send('{"model":"echo"')).toBe(400);
  expect(await send(Uint8Array.from([0x7b, 0xff, 0x7d]))).toBe(400);
  expect(await send("[".repeat(1_000_000))).toBe(400);
  const deep = `{"model":"echo","max_tokens":9,"messages":[{"role":"user","content":[${"[".repeat(50_000)}${"]".repeat(50_000)}]}]}`;
  expect(await send(deep)).toBe(400);
  expect(
    await send(JSON.stringify({ model: "echo", max_tokens: 9, messages: [{ role: "user", content: "ok" }] })),
  ).toBe(200);
});
