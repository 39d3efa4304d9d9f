import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT, CHAT_ANSWER, chatChunk, chatProvider, errorOf } from "../../support/chat.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import * as faults from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { type Behaviour, closedPort } from "../../support/raw-server.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  upstream.script("second", faults.json(CHAT_ANSWER));
  gateway = await startGateway({
    config: {
      global_timeout: 1,
      global_retry: { max_attempts: 1 },
      breaker: { enabled: false },
      providers: {
        first: chatProvider(`${upstream.url}/first`, { api_key: "key-1" }),
        second: chatProvider(`${upstream.url}/second`, { api_key: "key-2" }),
        third: chatProvider(`${upstream.url}/third`, { api_key: "key-3" }),
        closed: chatProvider(`http://127.0.0.1:${closedPort()}/v1`),
        tripped: chatProvider(`${upstream.url}/tripped`, {
          breaker: { enabled: true, minimum_calls: 1, open: 600 },
        }),
        claude: chatProvider(`${upstream.url}/claude`, { formats: ["anthropic-messages"] }),
      },
      routes: {
        pair: { targets: ["first/model-a", "second/model-b"] },
        "from-closed": { targets: ["closed/m", "second/model-b"] },
        "from-tripped": { targets: ["tripped/m", "second/model-b"] },
        "from-other-format": { targets: ["claude/m", "second/model-b"] },
        hopeless: { targets: ["first/model-a", "third/model-c"] },
      },
      endpoints: [
        {
          path: "/proxied",
          target_url: `${upstream.url}/first/x`,
          fallback_urls: [`http://127.0.0.1:${closedPort()}/x`, `${upstream.url}/second/y`],
        },
      ],
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

function ask(model: string, first?: Behaviour, body: Record<string, unknown> = {}): Promise<Response> {
  if (first) upstream.script("first", first);
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify({ ...CHAT, ...body, model }),
  });
}

describe("a route falls back", () => {
  const failures: [string, Behaviour, outcome: string][] = [
    ["a server error", faults.json({}, 500), "500"],
    ["a limit", faults.json({}, 429), "429"],
    ["a reset", faults.dropBeforeHead("reset"), "upstream_disconnected"],
    ["garbage", faults.raw("nonsense\r\n\r\n"), "upstream_invalid"],
    ["a redirect", faults.redirect(302, "/elsewhere"), "302"],
    ["a timeout", faults.hang(), "first_byte_timeout"],
    ["a refused key", faults.json({}, 401), "401"],
  ];
  test.each(failures)("after %s, to the target's own model and key", async (_, failure, outcome) => {
    const before = upstream.received("second").length;
    const response = await ask("pair", failure);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-amsterdam-provider")).toBe("second");
    expect(response.headers.get("x-amsterdam-model")).toBe("model-b");
    expect(response.headers.get("x-amsterdam-route")).toBe("pair");
    expect(response.headers.get("x-amsterdam-attempts")).toBe(`first/model-a=${outcome}, second/model-b=200`);
    const request = upstream.received("second")[before]!;
    expect(JSON.parse(Buffer.from(await request.body).toString())).toEqual({ ...CHAT, model: "model-b" });
    expect(request.header("authorization")).toEqual(["Bearer key-2"]);
  });

  test("after a refused connection", async () => {
    expect((await ask("from-closed")).headers.get("x-amsterdam-provider")).toBe("second");
  });

  test("past an open breaker, without asking", async () => {
    upstream.script("tripped", faults.json({}, 500));
    await ask("from-tripped");
    const asked = upstream.received("tripped").length;
    for (let n = 0; n < 3; n++)
      expect((await ask("from-tripped")).headers.get("x-amsterdam-provider")).toBe("second");
    expect(upstream.received("tripped")).toHaveLength(asked);
  });

  test("from a target that speaks another format", async () => {
    upstream.script(
      "claude",
      faults.json({ type: "error", error: { type: "overloaded_error", message: "no" } }, 529),
    );
    const response = await ask("from-other-format");
    expect(response.headers.get("x-amsterdam-provider")).toBe("second");
    expect(response.headers.get("x-amsterdam-attempts")).toStartWith("claude/m=529");
    expect(upstream.received("claude").at(-1)?.target).toBe("/claude/messages");
  });

  test("past a target whose API cannot say what is asked for, which is not called", async () => {
    const before = upstream.received("claude").length;
    const response = await ask("from-other-format", undefined, { n: 2 });
    expect(response.headers.get("x-amsterdam-provider")).toBe("second");
    expect(response.headers.get("x-amsterdam-attempts")).toStartWith("claude/m=conversion_refused, ");
    expect(upstream.received("claude")).toHaveLength(before);
  });

  test("after an error event that comes first in a stream", async () => {
    const failing = faults.stream(
      faults.sseEvents({ error: { message: "overloaded", type: "server_error" } }),
    );
    const response = await ask("pair", failing, { stream: true });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-amsterdam-provider")).toBe("second");
  });
});

describe("a route does not fall back", () => {
  test("after a refusal of the request itself", async () => {
    const before = upstream.received("second").length;
    expect((await ask("pair", faults.json({ error: { message: "bad" } }, 400))).status).toBe(400);
    expect(upstream.received("second")).toHaveLength(before);
  });

  test("once a stream has begun", async () => {
    const before = upstream.received("second").length;
    const broken = faults.stream(faults.sseEvents(chatChunk("one")), { finish: "reset" });
    expect(await (await ask("pair", broken, { stream: true })).text()).toContain("upstream_disconnected");
    expect(upstream.received("second")).toHaveLength(before);
  });
});

test("when every target fails, the last one's answer is told", async () => {
  upstream.script("third", faults.json({ error: { message: "third is broken" } }, 503));
  const response = await ask("hopeless", faults.json({ error: { message: "first is broken" } }, 500));
  expect(response.status).toBe(503);
  expect(await response.text()).toContain("third is broken");
});

test("an endpoint falls back along its URLs", async () => {
  upstream.script("first", faults.json({}, 502));
  const response = await fetch(`${gateway.url}/proxied`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}` },
    body: "{}",
  });
  expect(await response.json()).toEqual(CHAT_ANSWER);
  expect(upstream.received("second").at(-1)?.target).toBe("/second/y");
});

test("what no target's API can say is a clear error in the client's format", async () => {
  const post = (path: string, body: unknown) =>
    fetch(gateway.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${gateway.key}` },
      body: JSON.stringify(body),
    });
  const chat = await errorOf(await post("/v1/chat/completions", { ...CHAT, model: "claude/m", n: 2 }));
  expect(chat).toMatchObject({ status: 400, code: "conversion_refused" });
  expect(chat.message).toContain("choices");
  const stored = { model: "first/m", input: "hi", prompt: { id: "pmpt_1" } };
  expect(await errorOf(await post("/v1/responses", stored))).toMatchObject({
    status: 400,
    code: "conversion_refused",
  });
  const servers = [{ type: "url", url: "https://a.test", name: "a" }];
  const asked = { model: "first/m", max_tokens: 9, messages: CHAT.messages, mcp_servers: servers };
  const anthropic = await post("/v1/messages", asked);
  expect(anthropic.status).toBe(400);
  expect(await anthropic.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
  const contents = [{ parts: [{ text: "hi" }] }];
  const gemini = await post("/v1beta/models/first/m:generateContent", {
    contents,
    cachedContent: "cachedContents/1",
  });
  expect(gemini.status).toBe(400);
  expect(await gemini.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
});
