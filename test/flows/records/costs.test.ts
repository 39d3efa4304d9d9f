import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { RepriceResult } from "../../../src/costs/reprice.ts";
import type { RequestRecord } from "../../../src/records/record.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { storedRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

const MAIN = join(import.meta.dirname, "../../../src/main.ts");

/** Answers each request with the JSON that its header names. */
const upstream = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch: (request) =>
    new Response(request.headers.get("x-answer"), { headers: { "content-type": "application/json" } }),
});
let gateway: Gateway;
const CONFIG = { prices: { "openai/house-model": { input: 4, output: 8 } } };
beforeAll(async () => {
  const of = (format: string, version: string) => ({
    base_url: `${upstream.url.origin}/${version}`,
    api_key: "key",
    formats: [format],
    forward_request_headers: ["x-answer"],
  });
  gateway = await startGateway({
    config: {
      ...CONFIG,
      providers: {
        openai: of("openai-chat", "v1"),
        "my-openai": of("openai-chat", "v1"),
        anthropic: of("anthropic-messages", "v1"),
        gemini: of("gemini", "v1beta"),
      },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop(true);
});

let sent = 0;
async function recordOf(path: string, body: object, answer: object): Promise<RequestRecord> {
  const id = `request-${sent++}`;
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "x-amsterdam-request-id": id,
      "x-answer": JSON.stringify(answer),
    },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  await response.arrayBuffer();
  return until("it is recorded", async () =>
    (await storedRecords(gateway.dir, 0)).find(({ requestId }) => requestId === id),
  );
}

const HI = [{ role: "user", content: "hi" }];

const LISTED = {
  source: expect.stringMatching(/^genai-prices \d/),
  date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
};

function chat(model: string, usage: object, tier?: string): Promise<RequestRecord> {
  const choices = [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }];
  const name = model.slice(model.indexOf("/") + 1);
  const answer = { id: "c", object: "chat.completion", created: 1, model: name, choices, usage };
  return recordOf(
    "/v1/chat/completions",
    { model, messages: HI },
    tier === undefined ? answer : { ...answer, service_tier: tier },
  );
}

describe("the cost in a record", () => {
  test("is by the price list for exactly that model, with its source and day", async () => {
    // 600 × 2.5 + 400 × 1.25 + 100 × 10 = 3,000 millionths
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 100,
      prompt_tokens_details: { cached_tokens: 400 },
    };
    const record = await chat("openai/gpt-4o", usage, "default");
    expect(record).toMatchObject({ serviceTier: null, cost: { usd: expect.closeTo(0.003, 12), ...LISTED } });
    expect((await chat("openai/gpt-4o-2031-01-01", usage)).cost).toBeNull();
    expect((await chat("my-openai/gpt-4o", usage)).cost).toBeNull();
  });

  test("is by the configuration where that has a price", async () => {
    const record = await chat("openai/house-model", { prompt_tokens: 10, completion_tokens: 5 });
    expect(record.cost).toEqual({ usd: 80 / 1e6, source: "configuration", date: null });
  });

  test("is not known for a service tier that the list does not have", async () => {
    const record = await chat("openai/gpt-5", { prompt_tokens: 10, completion_tokens: 5 }, "flex");
    expect(record).toMatchObject({ serviceTier: "flex", cost: null, usage: { input: 10, output: 5 } });
  });

  test("has Anthropic's cache writes of both kinds", async () => {
    const model = "claude-sonnet-4-5-20250929";
    const record = await recordOf(
      "/v1/anthropic/messages",
      { model, max_tokens: 9, messages: HI },
      {
        id: "m",
        type: "message",
        role: "assistant",
        model,
        content: [{ type: "text", text: "x" }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: {
          input_tokens: 100,
          cache_read_input_tokens: 1000,
          cache_creation_input_tokens: 500,
          cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 300 },
          output_tokens: 10,
          service_tier: "standard",
        },
      },
    );
    // 100 × 3 + 1,000 × 0.3 + 200 × 3.75 + 300 × 6 + 10 × 15 = 300 + 300 + 750 + 1,800 + 150
    expect(record).toMatchObject({ serviceTier: null, cost: { usd: expect.closeTo(0.0033, 12), ...LISTED } });
  });

  test("has Gemini's thoughts, what its tools found, and sound from the cache", async () => {
    const record = await recordOf(
      "/v1/gemini/models/gemini-2.5-flash:generateContent",
      { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
      {
        candidates: [{ index: 0, content: { role: "model", parts: [{ text: "x" }] }, finishReason: "STOP" }],
        modelVersion: "gemini-2.5-flash",
        usageMetadata: {
          promptTokenCount: 1000,
          cachedContentTokenCount: 400,
          toolUsePromptTokenCount: 200,
          candidatesTokenCount: 30,
          thoughtsTokenCount: 70,
          promptTokensDetails: [
            { modality: "TEXT", tokenCount: 500 },
            { modality: "AUDIO", tokenCount: 500 },
          ],
          cacheTokensDetails: [
            { modality: "TEXT", tokenCount: 300 },
            { modality: "AUDIO", tokenCount: 100 },
          ],
        },
      },
    );
    // (200 + 200) × 0.3 + 300 × 0.03 + 400 × 1 + 100 × 0.1 + 100 × 2.5 = 120 + 9 + 400 + 10 + 250
    expect(record.cost).toEqual({ usd: expect.closeTo(0.000789, 12), ...LISTED });
  });
});

test("amsterdam reprice gives earlier requests the prices that are known now, the gateway running", async () => {
  const unpriced = await chat("openai/gpt-77", { prompt_tokens: 1_000_000, completion_tokens: 0 });
  const flex = await chat("openai/gpt-5", { prompt_tokens: 1_000_000, completion_tokens: 0 }, "flex");
  expect([unpriced.cost, flex.cost]).toEqual([null, null]);
  const config = JSON.parse(await Bun.file(gateway.configFile).text());
  config.prices["openai/gpt-77"] = { input: 7, output: 0 };
  config.prices["openai/gpt-5"] = {
    input: 1.25,
    output: 10,
    service_tiers: { flex: { input: 0.5, output: 5 } },
  };
  gateway.writeConfig(config);
  const reprice = async (...more: string[]) => {
    const run = Bun.spawn(
      [process.execPath, MAIN, "reprice", "--json", "--config", gateway.configFile, ...more],
      {
        cwd: gateway.dir,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
    const [out, err] = await Promise.all([run.stdout.text(), run.stderr.text()]);
    expect([await run.exited, err]).toEqual([0, ""]);
    return JSON.parse(out) as RepriceResult;
  };
  expect(await reprice("--model", "gpt-77", "--dry-run")).toEqual({
    seen: 1,
    changed: 1,
    unpriced: 0,
    before: 0,
    after: 7,
  });
  expect((await reprice()).changed).toBeGreaterThanOrEqual(2);
  expect(await reprice()).toMatchObject({ changed: 0 });
  const records = await storedRecords(gateway.dir, sent);
  const costOf = (id: string) => records.find(({ requestId }) => requestId === id)?.cost;
  expect(costOf(unpriced.requestId)).toEqual({ usd: 7, source: "configuration", date: null });
  expect(costOf(flex.requestId)).toEqual({ usd: 0.5, source: "configuration", date: null });
});
