import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CATALOGUE } from "../../../src/providers/catalogue.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";
import { call } from "./calls.ts";

const PROVIDERS = [
  "openai",
  "anthropic",
  "gemini",
  "xai",
  "cerebras",
  "fireworks",
  "baseten",
  "groq",
  "kimi",
];
const ANSWER = { served: true };

let upstream: FaultUpstream;
let gateway: Gateway;

/** Each provider's API under its own base path, at an upstream that says what it was asked. */
function providersAt(server: FaultUpstream): Record<string, unknown> {
  return Object.fromEntries(
    PROVIDERS.map((name) => {
      const base = server.script(name, json(ANSWER)) + new URL(CATALOGUE[name]!.baseUrl).pathname;
      return [name, { base_url: base, api_key: `key-of-${name}` }];
    }),
  );
}

beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({ config: { providers: providersAt(upstream) } });
});
afterAll(async () => {
  await gateway.stop();
  await upstream.stop();
});

const AMP_HEADERS = {
  "x-amp-thread-id": "T-01a2026f-28f8-771d-95e6-aa8a72579863",
  "x-amp-message-id": "4",
  "x-amp-feature": "amp.chat",
  "x-amp-client-application": "CLI Execute Mode",
  "x-amp-installation-id": "0c7b",
};

async function lastOf(provider: string) {
  const request = upstream.received(provider).at(-1)!;
  return { request, body: Buffer.from(await request.body).toString() };
}

describe("a provider's door, as Amp's clients write its paths", () => {
  test.each([
    ["anthropic", "anthropic/v1/messages", "/v1/messages"],
    ["openai", "openai/v1/chat/completions", "/v1/chat/completions"],
    ["openai", "openai/v1/responses", "/v1/responses"],
    ["openai", "openai/v1/embeddings", "/v1/embeddings"],
    ["gemini", "google/v1beta/models/g:generateContent", "/v1beta/models/g:generateContent"],
    [
      "gemini",
      "google/v1beta/models/g:streamGenerateContent?alt=sse",
      "/v1beta/models/g:streamGenerateContent?alt=sse",
    ],
    ["gemini", "google/v1beta/models/g:embedContent", "/v1beta/models/g:embedContent"],
    [
      "gemini",
      "google/v1beta1/publishers/google/models/g:generateContent",
      "/v1beta/models/g:generateContent",
    ],
    [
      "gemini",
      "google/v1beta1/publishers/google/models/g:streamGenerateContent?alt=sse",
      "/v1beta/models/g:streamGenerateContent?alt=sse",
    ],
    ["xai", "xai/v1/chat/completions", "/v1/chat/completions"],
    ["xai", "xai/v1/completions", "/v1/completions"],
    ["cerebras", "cerebras/v1/chat/completions", "/v1/chat/completions"],
    ["fireworks", "fireworks/v1/chat/completions", "/inference/v1/chat/completions"],
    ["baseten", "baseten/v1/chat/completions", "/v1/chat/completions"],
    ["groq", "groq/chat/completions", "/openai/v1/chat/completions"],
    ["groq", "groq/openai/v1/chat/completions", "/openai/v1/chat/completions"],
    ["groq", "groq/v1/chat/completions", "/openai/v1/chat/completions"],
    ["kimi", "kimi/chat/completions", "/v1/chat/completions"],
    ["kimi", "kimi/v1/chat/completions", "/v1/chat/completions"],
  ])("%s: %s", async (provider, path, expected) => {
    const sent = '{"model":"m", "messages":[], "temperature":1.0}';
    const response = await call(gateway, `/api/provider/${path}`, sent, AMP_HEADERS);
    expect([response.status, await response.json()]).toEqual([200, ANSWER]);
    const { request, body } = await lastOf(provider);
    expect(request.target).toBe(`/${provider}${expected}`);
    expect(body).toBe(sent);
    const { key } = CATALOGUE[provider]!;
    expect(request.header(key.header)).toEqual([`${key.prefix}key-of-${provider}`]);
    expect(request.head.headers.map(([name]) => name).filter((name) => name.startsWith("x-amp"))).toEqual([]);
    expect(JSON.stringify(request.head.headers)).not.toContain(gateway.key);
  });

  test.each(["openai", "xai", "cerebras"])("%s: the models list", async (provider) => {
    expect((await call(gateway, `/api/provider/${provider}/v1/models`)).status).toBe(200);
    expect((await lastOf(provider)).request.target).toBe(`/${provider}/v1/models`);
  });

  test("takes the client's thread and feature for the request's, and answers with its request id", async () => {
    const headers = { ...AMP_HEADERS, "x-request-id": "req-of-the-client" };
    const response = await call(
      gateway,
      "/api/provider/openai/v1/responses",
      { model: "m", input: "x" },
      headers,
    );
    expect(response.headers.get("x-request-id")).toBe("req-of-the-client");
    const line = await until("the request is logged", () =>
      gateway.logs().find((entry) => entry.request_id === "req-of-the-client"),
    );
    expect(line).toMatchObject({ thread_id: AMP_HEADERS["x-amp-thread-id"], agent_id: "amp.chat" });
  });

  test("takes the bodies that the client compresses", async () => {
    const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "x".repeat(30_000) }] });
    const response = await fetch(`${gateway.url}/api/provider/anthropic/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": gateway.key, "content-type": "application/json", "content-encoding": "gzip" },
      body: Bun.gzipSync(Buffer.from(body)),
    });
    expect(response.status).toBe(200);
    expect((await lastOf("anthropic")).body).toBe(body);
  });
});

describe("/api/tab/llm-proxy", () => {
  const asked = {
    stream: true,
    model: "amp/tab",
    temperature: 0,
    max_tokens: 64,
    response_format: { type: "text" },
    prediction: { type: "content", content: "const a = 1;" },
    stop: ["<end>"],
    prompt: "const a",
    user: "u",
  };
  const events = sseEvents(
    { id: "c", object: "text_completion", choices: [{ index: 0, text: " = 1", finish_reason: null }] },
    { id: "c", object: "text_completion", choices: [{ index: 0, text: ";", finish_reason: "stop" }] },
    "[DONE]",
  );

  async function withTabModel(
    model: string | undefined,
    work: (tab: Gateway) => Promise<void>,
  ): Promise<void> {
    const amp = model === undefined ? {} : { tab_model: model };
    const tab = await startGateway({ config: { providers: providersAt(upstream), amp } });
    try {
      await work(tab);
    } finally {
      await tab.stop();
    }
  }

  test("goes to the operator's model with prediction and stop sequences, and streams as the client reads it", async () => {
    await withTabModel("fireworks/tab-model", async (tab) => {
      upstream.script("fireworks", stream(events));
      const response = await call(tab, "/api/tab/llm-proxy", asked, AMP_HEADERS);
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      expect(await response.text()).toBe(events.join(""));
      const { request, body } = await lastOf("fireworks");
      expect(request.target).toBe("/fireworks/inference/v1/completions");
      expect(JSON.parse(body)).toEqual({ ...asked, model: "tab-model" });
    });
  });

  test("goes to the model that the client names where the operator chose none", async () => {
    upstream.script("openai", json(ANSWER));
    const response = await call(gateway, "/api/tab/llm-proxy", { ...asked, model: "gpt-3.5-turbo-instruct" });
    expect(response.status).toBe(200);
    expect((await lastOf("openai")).request.target).toBe("/openai/v1/completions");
  });

  test("says which setting chooses the model where nothing else does", async () => {
    for (const model of ["amp/tab", "unknown", undefined, "mistral/codestral-2501"]) {
      const response = await call(gateway, "/api/tab/llm-proxy", { ...asked, model });
      const { error } = (await response.json()) as { error: { message: string } };
      expect(response.status).toBeOneOf([400, 404]);
      expect(error.message).toContain("amp.tab_model");
    }
  });

  test("tells a body that is no JSON, and other methods", async () => {
    expect((await call(gateway, "/api/tab/llm-proxy", "{")).status).toBe(400);
    expect((await call(gateway, "/api/tab/llm-proxy")).status).toBe(405);
    expect((await call({ ...gateway, key: "wrong" }, "/api/tab/llm-proxy", asked)).status).toBe(401);
  });

  test("is answered by the demo provider", async () => {
    await withTabModel("demo/echo", async (tab) => {
      const text = await (await call(tab, "/api/tab/llm-proxy", asked)).text();
      const chunks = text.split("\n\n").filter((part) => part.startsWith("data: {"));
      const read = chunks.map((part) => JSON.parse(part.slice(6)).choices[0]);
      expect(read.map((choice) => choice.delta?.content ?? choice.text ?? "").join("")).toContain("const a");
      expect(read.map((choice) => choice.finish_reason).filter(Boolean)).toEqual(["stop"]);
      expect(text.trimEnd().endsWith("data: [DONE]")).toBe(true);
    });
  });
});
