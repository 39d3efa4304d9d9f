import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { answer, flaky, json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { closedPort } from "../../support/raw-server.ts";
import { gate } from "../../support/until.ts";
import { ampFile } from "./amp-file.ts";

const CHAT = "/api/provider/openai/v1/chat/completions";
let upstream: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({
    file: "proxy_config.yaml",
    config: ampFile(upstream.url),
    env: {
      PORT: String(closedPort()),
      UPSTREAM_KEY: "sk-of-the-provider",
      ADDITIONAL_API_KEYS: "second-key-000000, third-key-0000000",
    },
  });
});
beforeEach(() => {
  for (const name of ["openai", "google", "tab", "docs"]) upstream.script(name, json({ name }));
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

function call(method: string, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${gateway.key}`, ...headers },
    ...(method === "POST" ? { body: '{"model":"m"}' } : {}),
  });
}

async function lastRequest(name: string, act: () => Promise<Response>) {
  const response = await act();
  await response.arrayBuffer();
  return { response, request: upstream.received(name).at(-1)! };
}

describe("an AMP Server's file", () => {
  test("path, target_url and method: a request goes where they say", async () => {
    const { request } = await lastRequest("openai", () => call("POST", CHAT));
    expect([request.method, request.target]).toEqual(["POST", "/openai/v1/chat/completions"]);
    const models = await lastRequest("openai", () => call("GET", "/api/provider/openai/v1/models"));
    expect([models.request.method, models.request.target]).toEqual(["GET", "/openai/v1/models"]);
    const wrong = await call("DELETE", "/docs");
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET");
  });

  test("query strings are kept", async () => {
    const { request } = await lastRequest("openai", () => call("POST", `${CHAT}?alt=sse&b=%20c`));
    expect(request.target).toBe("/openai/v1/chat/completions?alt=sse&b=%20c");
  });

  test("custom_headers are set, filled from the environment, in place of the client's", async () => {
    const { request } = await lastRequest("openai", () =>
      call("POST", CHAT, { "content-type": "text/plain" }),
    );
    expect(request.header("authorization")).toEqual(["Bearer sk-of-the-provider"]);
    expect(request.header("content-type")).toEqual(["application/json"]);
  });

  test("forward_request_headers pass, others and the gateway's key do not", async () => {
    const { request } = await lastRequest("openai", () =>
      call("POST", CHAT, {
        "user-agent": "amp/1",
        "x-request-source": "cli",
        "x-other": "1",
        cookie: "a=b",
        "x-api-key": gateway.key,
      }),
    );
    expect(request.header("user-agent")).toEqual(["amp/1"]);
    expect(request.header("x-request-source")).toEqual(["cli"]);
    expect(request.header("x-other")).toEqual([]);
    expect(request.header("cookie")).toEqual([]);
    expect(request.head.raw).not.toContain(gateway.key);
  });

  test("forward_request_headers that names authorization does not let the gateway's key out", async () => {
    const path = "/api/provider/google/v1beta/models/gemini-2.5-flash:generateContent";
    const { request } = await lastRequest("google", () => call("POST", path));
    expect(request.head.raw).not.toContain(gateway.key);
  });

  test("forward_response_headers pass, others do not", async () => {
    upstream.script(
      "openai",
      json({}, 200, { "x-ratelimit-remaining": "9", "x-internal": "1", "set-cookie": "a=b" }),
    );
    const { response } = await lastRequest("openai", () => call("POST", CHAT));
    expect(response.headers.get("x-ratelimit-remaining")).toBe("9");
    expect(response.headers.get("x-internal")).toBeNull();
    expect(response.headers.get("set-cookie")).toBeNull();
  });

  test("enabled: false is 404 and reaches nobody", async () => {
    const before = upstream.received("openai").length;
    const response = await call("POST", "/api/provider/openai/v1/embeddings");
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("endpoint_disabled");
    expect(upstream.received("openai")).toHaveLength(before);
  });

  test("response_type sse delivers event by event, as they come", async () => {
    const door = gate();
    const events = sseEvents({ n: 1 }, { n: 2 }, "[DONE]");
    upstream.script("openai", stream([events[0]!, door.passed, ...events.slice(1)]));
    const response = await call("POST", CHAT);
    expect(response.headers.get("content-type")).toStartWith("text/event-stream");
    const reader = response.body!.getReader();
    const first = await reader.read();
    expect(Buffer.from(first.value!).toString()).toBe(events[0]!);
    door.open();
    let rest = "";
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      rest += Buffer.from(piece.value).toString();
    expect(rest).toBe(events.slice(1).join(""));
  });

  test("response_type stream delivers byte by byte, as they come", async () => {
    const door = gate();
    upstream.script(
      "google",
      stream(['[{"a', door.passed, '":1}]'], { headers: { "content-type": "application/json" } }),
    );
    const response = await call("POST", "/api/provider/google/v1beta/models/x:streamGenerateContent");
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('[{"a');
    door.open();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('":1}]');
  });

  test("response_type json delivers whole", async () => {
    const headers = { "content-type": "application/json" };
    upstream.script("openai", stream(['{"a"', ":", "1}"], { headers }));
    const whole = await call("GET", "/api/provider/openai/v1/models");
    expect(whole.headers.get("content-length")).toBe("7");
    expect(await whole.json()).toEqual({ a: 1 });
    upstream.script("openai", stream(['{"a"'], { headers, finish: "close" }));
    expect((await call("GET", "/api/provider/openai/v1/models")).status).toBe(502);
  });

  test("response_type html delivers whole, with its content type", async () => {
    upstream.script(
      "docs",
      answer(200, { "content-type": "text/html; charset=latin1" }, "<h1>caf\u00e9</h1>"),
    );
    const { response } = await lastRequest("docs", () => call("GET", "/docs"));
    expect(response.headers.get("content-type")).toBe("text/html; charset=latin1");
  });

  test("an endpoint's retry is its own, the others have global_retry", async () => {
    for (const [method, path, tries] of [
      ["POST", CHAT, 2],
      ["GET", "/api/provider/openai/v1/models", 3],
    ] as const) {
      const before = upstream.received("openai").length;
      upstream.script("openai", flaky(tries - 1, json({}, 503), json({})));
      expect((await call(method, path)).status).toBe(200);
      expect(upstream.received("openai")).toHaveLength(before + tries);
    }
    const before = upstream.received("openai").length;
    upstream.script("openai", json({}, 503));
    expect((await call("POST", CHAT)).status).toBe(503);
    expect(upstream.received("openai")).toHaveLength(before + 2);
  });

  test("wildcards: `*` is filled, {model} is taken from {*rest}, and the most specific path wins", async () => {
    const targetOf = async (path: string) =>
      (await lastRequest("google", () => call("POST", path))).request.target;
    expect(await targetOf("/api/provider/google/v1beta/models/x:countTokens?a=1")).toBe(
      "/google/v1beta/models/x:countTokens?a=1",
    );
    expect(await targetOf("/api/provider/google/v1beta/models/gemini-2.5-flash:generateContent")).toBe(
      "/google/exact",
    );
    expect(
      await targetOf(
        "/api/provider/google/v1beta1/publishers/google/models/gemini-pro:streamGenerateContent",
      ),
    ).toBe("/google/v1beta/models/gemini-pro:generateContent");
  });

  test("the tab completion's endpoint is used in place of the built-in door", async () => {
    const { request } = await lastRequest("tab", () => call("POST", "/api/tab/llm-proxy"));
    expect(request.target).toBe("/tab/v1/completions");
    expect(request.header("authorization")).toEqual(["Bearer sk-of-the-provider"]);
  });

  test("/health says healthy and the time, without a key", async () => {
    const response = await fetch(`${gateway.url}/health`);
    const body = (await response.json()) as { status: string; timestamp: string };
    expect(body.status).toBe("healthy");
    expect(Math.abs(Date.parse(body.timestamp) - Date.now())).toBeLessThan(600_000);
  });
});

describe("gateway keys", () => {
  test("of AMP_API_KEY and ADDITIONAL_API_KEYS are taken in all five places", async () => {
    for (const key of [gateway.key, "second-key-000000", "third-key-0000000"]) {
      const places: Record<string, string>[] = [
        { authorization: `Bearer ${key}` },
        { authorization: key },
        { "x-api-key": key },
        { "api-key": key },
        { "x-goog-api-key": key },
      ];
      for (const headers of places) {
        const response = await fetch(`${gateway.url}/docs`, { headers });
        expect(response.status).toBe(200);
      }
      const response = await fetch(`${gateway.url}/docs?key=${key}&q=1`);
      expect(response.status).toBe(200);
      expect(upstream.received("docs").at(-1)?.target).toBe("/docs/page?q=1");
    }
  });

  test("that are wrong or missing are 401 everywhere, and reach nobody", async () => {
    const before = upstream.received("docs").length + upstream.received("openai").length;
    for (const headers of [
      {},
      { authorization: "Bearer wrong" },
      { "x-api-key": "" },
      { authorization: `Bearer ${gateway.key}x` },
    ]) {
      expect(
        (await fetch(`${gateway.url}/docs`, { headers: headers as Record<string, string> })).status,
      ).toBe(401);
      const post = { method: "POST", headers: headers as Record<string, string>, body: "{}" };
      expect((await fetch(gateway.url + CHAT, post)).status).toBe(401);
    }
    expect(upstream.received("docs").length + upstream.received("openai").length).toBe(before);
  });
});
