import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatChunk, chatProvider, errorOf } from "../../support/chat.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { dropBeforeHead, flaky, json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { type Behaviour, closedPort } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

const RETRY = { max_attempts: 3, base_delay_ms: 1, max_delay_ms: 5000, backoff_multiplier: 1 };
const OK = json(CHAT_ANSWER);

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({
    config: {
      global_retry: RETRY,
      retry_budget: { minimum: 10_000 },
      breaker: { enabled: false },
      providers: {
        up: chatProvider(`${upstream.url}/up`),
        keys: { base_url: `${upstream.url}/keys`, api_keys: ["first", "second"], formats: ["openai-chat"] },
        slow: chatProvider(`${upstream.url}/slow`, { retry: { ...RETRY, base_delay_ms: 5000 } }),
        closed: chatProvider(`http://127.0.0.1:${closedPort()}/v1`),
      },
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

/** Asks the provider `up` under a script; returns the answer and how often the upstream was asked. */
async function ask(behaviour: Behaviour, options: { stream?: boolean } = {}) {
  const before = upstream.received("up").length;
  upstream.script("up", behaviour);
  const response = await chat(gateway, "up", options);
  const text = await response.text();
  return { response, text, requests: upstream.received("up").slice(before) };
}

describe("a failure that may pass", () => {
  test.each([408, 425, 429, 500, 502, 503, 504, 529])("of status %d is tried again", async (status) => {
    const { response, text, requests } = await ask(flaky(2, json({ error: { message: "no" } }, status), OK));
    expect(response.status).toBe(200);
    expect(JSON.parse(text)).toEqual(CHAT_ANSWER);
    expect(requests).toHaveLength(3);
    expect(response.headers.get("x-amsterdam-attempts")).toBe(`up/m=${status}, up/m=${status}, up/m=200`);
  });

  test.each(["reset", "close"] as const)("of a connection that ends by a %s is tried again", async (how) => {
    const { response, requests } = await ask(flaky(2, dropBeforeHead(how), OK));
    expect(response.status).toBe(200);
    expect(requests).toHaveLength(3);
  });

  test("of a stream that breaks before its first event is tried again", async () => {
    const events = sseEvents(chatChunk("whole"), "[DONE]");
    const { response, text, requests } = await ask(
      flaky(1, stream([], { finish: "reset" }), stream(events)),
      { stream: true },
    );
    expect(response.status).toBe(200);
    expect(text).toBe(events.join(""));
    expect(requests).toHaveLength(2);
  });

  test("sends the same bytes each time", async () => {
    const { requests } = await ask(flaky(2, json({}, 500), OK));
    const bodies = await Promise.all(requests.map(({ body }) => body));
    expect(new Set(bodies.map((body) => Buffer.from(body).toString())).size).toBe(1);
    expect(bodies[0]?.length).toBeGreaterThan(10);
  });

  test("that does not pass is told after the last try, in the upstream's own words", async () => {
    const body = { error: { message: "Still broken", type: "server_error", code: null } };
    const { response, text, requests } = await ask(json(body, 500));
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual(body);
    expect(requests).toHaveLength(3);
    expect(response.headers.get("x-amsterdam-attempts")).toBe("up/m=500, up/m=500, up/m=500");
  });

  test("of a refused connection is told after the last try", async () => {
    const response = await chat(gateway, "closed");
    expect(
      response.headers.get("x-amsterdam-attempts")?.match(/closed\/m=upstream_unreachable/g),
    ).toHaveLength(3);
    expect(await errorOf(response)).toMatchObject({ status: 502, code: "upstream_unreachable" });
  });
});

describe("a failure that will not pass", () => {
  test.each([400, 401, 402, 403, 404, 405, 409, 413, 415, 422, 501])(
    "of status %d is not tried again",
    async (status) => {
      const { response, requests } = await ask(json({ error: { message: "no" } }, status));
      expect(response.status).toBe(status);
      expect(requests).toHaveLength(1);
    },
  );

  test("after the first event is not tried again: no second answer is glued on", async () => {
    const { text, requests } = await ask(stream(sseEvents(chatChunk("one")), { finish: "reset" }), {
      stream: true,
    });
    expect(text.match(/"content":"one"/g)).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });
});

test("409 is tried again when the upstream says that this helps", async () => {
  const { response } = await ask(flaky(1, json({}, 409, { "x-should-retry": "true" }), OK));
  expect(response.status).toBe(200);
});

test("a refused key is tried again with the next one", async () => {
  upstream.script("keys", async (exchange) => {
    const known = exchange.header("authorization")[0] === "Bearer second";
    await json(known ? CHAT_ANSWER : { error: { message: "bad key" } }, known ? 200 : 401)(exchange);
  });
  for (let n = 0; n < 4; n++) expect((await chat(gateway, "keys")).status).toBe(200);
});

describe("Retry-After", () => {
  test.each([
    ["in seconds", () => ({ "retry-after": "1" })],
    ["in milliseconds", () => ({ "retry-after-ms": "1000" })],
    // A date has whole seconds, so that the wait may be up to one second shorter than the difference.
    ["as a date", () => ({ "retry-after": new Date(Date.now() + 2000).toUTCString() })],
  ])("%s is waited for", async (_, headers: () => Record<string, string>) => {
    const times: number[] = [];
    const answers = flaky(1, (exchange) => json({}, 429, headers())(exchange), OK);
    const { response } = await ask((exchange) => {
      times.push(performance.now());
      return answers(exchange);
    });
    expect(response.status).toBe(200);
    expect(times[1]! - times[0]!).toBeGreaterThan(950);
  });

  test("beyond the longest wait is not waited for but passed on", async () => {
    const { response, requests } = await ask(json({}, 429, { "retry-after": "3600" }));
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("3600");
    expect(requests).toHaveLength(1);
  });
});

test("a client that leaves during the wait before a retry ends the matter", async () => {
  upstream.script("slow", json({}, 429, { "retry-after": "2" }));
  const leave = new AbortController();
  const asked = chat(gateway, "slow", { signal: leave.signal }).catch((error: Error) => error.name);
  await upstream.request("slow");
  leave.abort();
  expect(await asked).toBe("AbortError");
  // The gateway's own line on the request says that it is over; a retry would have come before it.
  await until("the request is logged", () => gateway.logs().find((line) => line.provider === "slow"));
  expect(upstream.received("slow")).toHaveLength(1);
});

test("an outage is not multiplied: retries end where their budget ends", async () => {
  const poor = await startGateway({
    config: {
      global_retry: RETRY,
      retry_budget: { share: 0, minimum: 5 },
      breaker: { enabled: false },
      providers: { out: chatProvider(upstream.script("out", json({}, 503))) },
    },
  });
  for (let n = 0; n < 20; n++) expect((await chat(poor, "out")).status).toBe(503);
  await poor.stop();
  expect(upstream.received("out")).toHaveLength(20 + 5);
});
