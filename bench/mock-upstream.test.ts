import { afterAll, expect, test } from "bun:test";
import { startMockUpstream } from "./mock-upstream.ts";

const upstream = startMockUpstream(0);
afterAll(() => upstream.stop());

function post(body: object): Promise<Response> {
  return fetch(`http://127.0.0.1:${upstream.port}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify(body),
  });
}

function events(text: string): string[] {
  return text
    .split("\n\n")
    .filter(Boolean)
    .map((event) => event.replace("data: ", ""));
}

test("a request gets a chat completion, also when its body comes in pieces or chunked", async () => {
  const small = (await (await post({ model: "m" })).json()) as {
    choices: { message: { content: string } }[];
  };
  expect(small.choices[0]!.message.content).toHaveLength(700);
  const large = await post({ model: "m", messages: [{ role: "user", content: "x".repeat(300_000) }] });
  expect(await large.json()).toEqual(small);
  const pieces = new ReadableStream({
    async start(controller) {
      for (const piece of ['{"model":', '"m"}']) {
        controller.enqueue(piece);
        await Bun.sleep(5);
      }
      controller.close();
    },
  });
  const chunked = await fetch(`http://127.0.0.1:${upstream.port}/`, { method: "POST", body: pieces });
  expect(await chunked.json()).toEqual(small);
});

test("a stream has as many events as max_tokens, then [DONE]", async () => {
  const text = await (await post({ model: "m", stream: true, max_tokens: 5 })).text();
  expect(events(text)).toHaveLength(6);
  expect(JSON.parse(events(text)[4]!).choices[0].finish_reason).toBe("stop");
  expect(events(text)[5]).toBe("[DONE]");
});

test("usage is streamed to those who ask for it", async () => {
  const text = await (
    await post({ stream: true, max_tokens: 1, stream_options: { include_usage: true } })
  ).text();
  expect(JSON.parse(events(text)[1]!).usage.total_tokens).toBe(110);
});

test("the events of a stream come spread over time, not together", async () => {
  const startedAt = performance.now();
  const response = await post({ model: "m", stream: true, max_tokens: 20 });
  let pieces = 0;
  for await (const _ of response.body!) pieces++;
  expect(pieces).toBeGreaterThan(10);
  expect(performance.now() - startedAt).toBeGreaterThan(150);
});

test("a client that leaves ends its stream", async () => {
  const leaving = new AbortController();
  const body = JSON.stringify({ stream: true, max_tokens: 1000 });
  const response = await fetch(`http://127.0.0.1:${upstream.port}/`, {
    method: "POST",
    body,
    signal: leaving.signal,
  });
  await response.body!.getReader().read();
  expect(upstream.openStreams()).toBe(1);
  leaving.abort();
  while (upstream.openStreams() > 0) await Bun.sleep(1);
});
