import { afterAll, beforeAll, expect, test } from "bun:test";
import { type DemoProvider, startDemoProvider } from "../../../src/providers/demo/server.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { storedRecords } from "../../support/stored-records.ts";

let gateway: Gateway;
let elsewhere: DemoProvider;
beforeAll(async () => {
  elsewhere = startDemoProvider();
  const speaksChat = { base_url: `${elsewhere.url}/v1`, api_key: "key", formats: ["openai-chat"] };
  gateway = await startGateway({
    config: {
      providers: {
        // Nothing answers there: what is asked of it is answered by the gateway, or not at all.
        nowhere: { base_url: "http://127.0.0.1:9/v1", formats: ["openai-chat"] },
        silent: speaksChat,
        chats: { ...speaksChat, completions: [] },
        "speaks-messages": { ...speaksChat, formats: ["anthropic-messages"] },
        "speaks-gemini": {
          ...speaksChat,
          base_url: `${elsewhere.url}/v1beta`,
          formats: ["gemini"],
        },
      },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await elsewhere.stop();
});

let sent = 0;
/** The record of a request to the gateway, and its answer's text. */
async function recordOf(path: string, body: object, headers: Record<string, string> = {}) {
  const id = `request-${sent++}`;
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${gateway.key}`,
      "x-amsterdam-request-id": id,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const records = await storedRecords(gateway.dir, sent);
  return { text, record: records.find(({ requestId }) => requestId === id)! };
}

const HI = [{ role: "user", content: "Hi there" }];

test("embeddings are recorded with the tokens of their input", async () => {
  const { text, record } = await recordOf("/v1/embeddings", {
    model: "demo/embed",
    input: ["hello", "world"],
  });
  expect(record).toMatchObject({ operation: "embeddings", usageSource: "provider", finish: null });
  expect(record.usage).toEqual({ input: JSON.parse(text).usage.prompt_tokens });
});

test("embeddings of an API that tells no tokens are estimated", async () => {
  const body = { content: { parts: [{ text: "hello" }] } };
  const { record } = await recordOf("/v1beta/models/demo/embed:embedContent", body);
  expect(record).toMatchObject({ operation: "embeddings", usageSource: "estimated" });
  expect(record.usage?.input).toBeWithin(1, 15);
});

test("embeddings that are converted have what their provider told, or an estimate where it tells nothing", async () => {
  const gemini = { content: { parts: [{ text: "hello" }] } };
  const told = await recordOf("/v1beta/models/silent/embed:embedContent", gemini);
  expect(told.record).toMatchObject({ clientFormat: "gemini", targetFormat: "openai-chat" });
  expect(told.record).toMatchObject({ usage: { input: 1 }, usageSource: "provider" });
  const openai = { model: "speaks-gemini/embed", input: ["hello", "world"] };
  const { record } = await recordOf("/v1/embeddings", openai);
  expect(record).toMatchObject({ clientFormat: "openai-chat", targetFormat: "gemini" });
  expect(record).toMatchObject({ usageSource: "estimated", usage: { input: expect.any(Number) } });
});

test("legacy completions are recorded, whole and streamed", async () => {
  const ask = { model: "demo/echo", prompt: "Hello there" };
  const { text, record } = await recordOf("/v1/completions", ask);
  const { prompt_tokens: input, completion_tokens: output } = JSON.parse(text).usage;
  expect(record).toMatchObject({ operation: "completions", usageSource: "provider", finish: "stop" });
  expect(record.usage).toMatchObject({ input, output });

  const streamed = await recordOf("/v1/completions", { ...ask, stream: true });
  expect(streamed.record).toMatchObject({
    operation: "completions",
    usage: { input, output },
    usageSource: "provider",
    finish: "stop",
  });
  expect(streamed.record.firstTokenMs).toBeGreaterThan(0);
  expect(streamed.text).not.toContain("prompt_tokens");
  expect(streamed.text).toEndWith("data: [DONE]\n\n");

  const asked = { ...ask, stream: true, stream_options: { include_usage: true } };
  const seen = await recordOf("/v1/completions", asked);
  expect(seen.record).toMatchObject({ usage: { input, output }, usageSource: "provider" });
  expect(seen.text).toContain("prompt_tokens");
});

test("legacy completions that are streamed without their usage are estimated", async () => {
  const ask = { model: "silent/echo", prompt: "Hello there", stream: true };
  const { record } = await recordOf("/v1/completions", ask);
  expect(record).toMatchObject({ operation: "completions", usageSource: "estimated", finish: "stop" });
  expect(record.usage?.input).toBeWithin(1, 25);
  expect(record.usage?.output).toBeGreaterThan(0);
});

test("legacy completions that become chats are recorded with the chat's usage", async () => {
  const ask = { model: "chats/echo", prompt: "Hello there" };
  const whole = await recordOf("/v1/completions", ask);
  expect(whole.record).toMatchObject({ operation: "completions", usageSource: "provider" });
  const streamed = await recordOf("/v1/completions", { ...ask, stream: true });
  expect(streamed.record).toMatchObject({ usage: whole.record.usage, usageSource: "provider" });
  expect(streamed.text).not.toContain("prompt_tokens");
});

test("counts of tokens are recorded with what they counted, and cost nothing", async () => {
  const counted = await recordOf("/v1/messages/count_tokens", { model: "demo/echo", messages: HI });
  expect(counted.record).toMatchObject({ operation: "count-tokens", usageSource: "provider", cost: null });
  expect(counted.record.usage).toEqual({ input: JSON.parse(counted.text).input_tokens });

  const estimated = await recordOf("/v1/messages/count_tokens", { model: "nowhere/m", messages: HI });
  expect(estimated.record).toMatchObject({ operation: "count-tokens", usageSource: "estimated", cost: null });
  expect(estimated.record.usage).toEqual({ input: JSON.parse(estimated.text).input_tokens });
});

test("counts of tokens that are converted are the target's own", async () => {
  const asked = [
    ["/v1/messages/count_tokens", { model: "speaks-gemini/echo", messages: HI }, "input_tokens"],
    [
      "/v1beta/models/speaks-messages/echo:countTokens",
      { contents: [{ role: "user", parts: [{ text: "Hi there" }] }] },
      "totalTokens",
    ],
  ] as const;
  for (const [path, body, member] of asked) {
    const { record, text } = await recordOf(path, body);
    expect(record).toMatchObject({ operation: "count-tokens", usageSource: "provider", cost: null });
    expect(record.usage).toEqual({ input: JSON.parse(text)[member] });
    expect(record.clientFormat).not.toBe(record.targetFormat);
  }
});

test("a request that failed is recorded with its tries and no usage", async () => {
  const { record } = await recordOf("/v1/chat/completions", { model: "nowhere/m", messages: HI });
  expect(record).toMatchObject({
    status: 502,
    error: "upstream_unreachable",
    category: "upstream-failed",
    usage: null,
  });
  expect(record.attempts.length).toBeGreaterThan(1);
});

test("a request that no key came with leaves no record", async () => {
  const refused = await fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", body: "{}" });
  expect(refused.status).toBe(401);
  await recordOf("/v1/chat/completions", { model: "demo/echo", messages: HI });
  expect(await storedRecords(gateway.dir, sent)).toHaveLength(sent);
});

test("requests of one run are one run, those without a run included", async () => {
  const ask = { model: "demo/echo", messages: HI };
  const first = await recordOf("/v1/chat/completions", { ...ask, run_id: "run-1", agent_id: "planner" });
  const child = await recordOf("/v1/chat/completions", { ...ask, request_parent_id: first.record.requestId });
  expect([first.record.runId, child.record.runId]).toEqual(["run-1", "run-1"]);
  expect(child.record.parentId).toBe(first.record.requestId);
  const alone = await recordOf("/v1/chat/completions", ask);
  expect(alone.record.runId).toBe(alone.record.requestId);
});

test("an id that comes again is kept, and marked", async () => {
  const ask = { model: "demo/echo", messages: HI };
  const { record } = await recordOf("/v1/chat/completions", ask);
  await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "x-amsterdam-request-id": record.requestId },
    body: JSON.stringify(ask),
  }).then((response) => response.text());
  sent++;
  const same = (await storedRecords(gateway.dir, sent)).filter(
    ({ requestId }) => requestId === record.requestId,
  );
  expect(same.map(({ duplicate }) => duplicate).toSorted()).toEqual([false, true]);
});
