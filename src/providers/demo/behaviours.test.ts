import { afterAll, beforeAll, expect, test } from "bun:test";
import { DEMO_MODELS } from "./behaviours.ts";
import { type DemoProvider, startDemoProvider } from "./server.ts";

let demo: DemoProvider;
beforeAll(() => {
  demo = startDemoProvider();
});
afterAll(() => demo.stop());

const chat = (model: string, extra: object = {}, init: RequestInit = {}) =>
  fetch(`${demo.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...extra }),
    ...init,
  });

const contentOf = async (response: Response) => {
  const body = (await response.json()) as { choices: { message: { content: string } }[] };
  return body.choices[0]!.message.content;
};

/** The texts of a streamed Chat answer with the time at which each arrived. */
async function timedDeltas(response: Response, started: number): Promise<{ text: string; at: number }[]> {
  const seen: { text: string; at: number }[] = [];
  let rest = "";
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith("data: {")) continue;
      const content = JSON.parse(line.slice(6)).choices[0]?.delta.content;
      if (content) seen.push({ text: content, at: performance.now() - started });
    }
  }
  return seen;
}

test("the same request gives the same bytes, from another server too", async () => {
  const other = startDemoProvider();
  const body = JSON.stringify({
    model: "thinks",
    messages: [{ role: "user", content: "same" }],
    stream: true,
  });
  const texts = [demo.url, demo.url, other.url].map(async (url) =>
    (await fetch(`${url}/v1/chat/completions`, { method: "POST", body })).text(),
  );
  const [first, second, third] = await Promise.all(texts);
  await other.stop();
  expect(second).toBe(first!);
  expect(third).toBe(first!);
});

test("every model has a description, and each name only once", () => {
  expect(new Set(DEMO_MODELS.map((model) => model.id)).size).toBe(DEMO_MODELS.length);
  for (const { description } of DEMO_MODELS) expect(description).toMatch(/^[A-Z`].*\.$|works\.$/);
});

test("an unknown model answers like echo and says its name", async () => {
  expect(await contentOf(await chat("demo/gpt-99"))).toContain(
    'You asked for the model "gpt-99". You said: hi',
  );
});

test("slow-<ms> waits before the first byte and a tenth of it between tokens", async () => {
  const started = performance.now();
  const response = await chat("demo/slow-200", { stream: true, max_tokens: 5 });
  const headersAt = performance.now() - started;
  const deltas = await timedDeltas(response, started);
  expect(headersAt).toBeGreaterThan(190);
  expect(deltas).toHaveLength(5);
  expect(deltas.at(-1)!.at - deltas[0]!.at).toBeGreaterThan(70);
});

test("slow waits about a second", async () => {
  const started = performance.now();
  const deltas = await timedDeltas(await chat("slow", { stream: true, max_tokens: 3 }), started);
  expect(deltas[0]!.at).toBeGreaterThan(990);
  expect(deltas.at(-1)!.at - deltas[0]!.at).toBeGreaterThan(90);
});

test("long is about two thousand tokens, big is two megabytes, streamed and not", async () => {
  const long = (await (await chat("long")).json()) as { usage: { completion_tokens: number } };
  expect(Math.abs(long.usage.completion_tokens - 2000)).toBeLessThan(40);
  const big = await contentOf(await chat("big"));
  expect(big.length).toBe(2 * 1024 * 1024);
  const deltas = await timedDeltas(await chat("big", { stream: true }), 0);
  expect(deltas.length).toBeGreaterThan(1000);
});

test("flaky fails and answers in turn, for each body on its own", async () => {
  const status = async (content: string) =>
    (await chat("flaky", { messages: [{ role: "user", content }] })).status;
  expect([await status("a"), await status("b"), await status("a"), await status("a")]).toEqual([
    503, 503, 200, 503,
  ]);
});

test("error models answer with their status and the error of the API", async () => {
  expect((await chat("down")).status).toBe(503);
  expect((await chat("overloaded")).status).toBe(503);
  const limited = await chat("limited");
  expect([limited.status, limited.headers.get("retry-after")]).toEqual([429, "1"]);
  expect(await limited.json()).toMatchObject({ error: { code: "rate_limit_exceeded" } });
  const bare = await chat("limited-bare");
  expect([bare.status, bare.headers.get("retry-after")]).toEqual([429, null]);
  for (const status of [204, 301, 402, 418, 451, 500, 504]) {
    expect((await chat(`status-${status}`, {}, { redirect: "manual" })).status).toBe(status);
  }
  const stream = await chat("down", { stream: true });
  expect([stream.status, stream.headers.get("content-type")]).toEqual([503, "application/json"]);
});

test("hang never answers", async () => {
  const signal = AbortSignal.timeout(150);
  await expect(chat("hang", {}, { signal })).rejects.toThrow("timed out");
});

test("breaks resets the connection: before the headers, or after some tokens", async () => {
  await expect(chat("breaks")).rejects.toMatchObject({ code: "ECONNRESET" });
  const response = await chat("breaks", { stream: true });
  let text = "";
  const read = async () => {
    for await (const bytes of response.body!) text += new TextDecoder().decode(bytes);
  };
  await expect(read()).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(text.match(/"content":"[^"]/g)).toHaveLength(5);
  expect(text).not.toContain("[DONE]");
});

test("errors-mid-stream sends some tokens and then the API's error", async () => {
  expect((await chat("errors-mid-stream")).status).toBe(500);
  const response = await chat("errors-mid-stream", { stream: true });
  const events = (await response.text()).trim().split("\n\n");
  expect(response.status).toBe(200);
  expect(JSON.parse(events.at(-1)!.slice(6))).toMatchObject({ error: { type: "server_error" } });
  expect(events.filter((event) => /"content":"[^"]/.test(event))).toHaveLength(5);
});

test("garbage is called JSON but is none", async () => {
  const response = await chat("garbage", { stream: true });
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/json"]);
  await expect(response.json()).rejects.toThrow();
});

test("silent sends one token and then nothing", async () => {
  const controller = new AbortController();
  const response = await chat("silent", { stream: true }, { signal: controller.signal });
  setTimeout(() => controller.abort(), 200);
  let text = "";
  try {
    for await (const bytes of response.body!) text += new TextDecoder().decode(bytes);
    throw new Error("the stream ended");
  } catch (error) {
    expect((error as Error).name).toBe("AbortError");
  }
  expect(text.match(/"content":"[^"]/g)).toHaveLength(1);
});

test("stop ends what hangs and what is silent at once", async () => {
  const own = startDemoProvider();
  const post = (model: string) =>
    fetch(`${own.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "hi" }] }),
    }).then((response) => response.text());
  const open = Promise.allSettled([post("hang"), post("silent"), post("slow-60000")]);
  await Bun.sleep(100);
  const started = performance.now();
  await own.stop();
  const settled = await open;
  expect(settled.map((result) => result.status)).toEqual(["rejected", "rejected", "rejected"]);
  expect(performance.now() - started).toBeLessThan(20_000);
});
