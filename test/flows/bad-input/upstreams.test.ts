import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatChunk, chatProvider, chatText, errorOf } from "../../support/chat.ts";
import { RawClient } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import * as faults from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { CAN_READ_PROC, peakBytes } from "../../support/process-facts.ts";
import { type Behaviour, closedPort } from "../../support/raw-server.ts";

const MEGABYTE = 1024 * 1024;
const WHOLE = JSON.stringify(CHAT_ANSWER);
const EVENT = faults.sseEvents(chatChunk("one"));

/** The upstream that the provider `up` has; each test scripts what it does next. */
let upstream: FaultUpstream;
let elsewhere: FaultUpstream;
let gateway: Gateway;

beforeAll(async () => {
  upstream = startFaultUpstream();
  elsewhere = startFaultUpstream();
  gateway = await startGateway({
    config: {
      global_timeout: 2,
      global_retry: { max_attempts: 1 },
      breaker: { enabled: false },
      providers: {
        up: chatProvider(`${upstream.url}/up`),
        closed: chatProvider(`http://127.0.0.1:${closedPort()}/v1`),
      },
    },
  });
});
afterAll(async () => {
  upstream.script("up", faults.json(CHAT_ANSWER));
  expect(await (await chat(gateway, "up")).json()).toEqual(CHAT_ANSWER);
  expect(gateway.logs().filter((line) => line.error === "gateway_error")).toEqual([]);
  expect(await gateway.stop()).toBe(0);
  expect(elsewhere.connections()).toBe(0);
  upstream.stop();
  elsewhere.stop();
});

function ask(behaviour: Behaviour, options: { stream?: boolean } = {}): Promise<Response> {
  upstream.script("up", behaviour);
  return chat(gateway, "up", options);
}

/** The answer to a request on a bare socket, or null when the connection was cut before the answer was whole. */
async function askRaw(behaviour: Behaviour, options: { stream?: boolean } = {}) {
  upstream.script("up", behaviour);
  const client = await RawClient.connect(gateway.url);
  try {
    await client.send(chatText(gateway, "up", options));
    return await client.response();
  } catch (error) {
    if (client.closed) return null;
    throw error;
  } finally {
    client.close();
  }
}

describe("an upstream that gives no answer", () => {
  test("by refusing the connection is 502", async () => {
    expect(await errorOf(await chat(gateway, "closed"))).toMatchObject({
      status: 502,
      code: "upstream_unreachable",
    });
  });

  test("by hanging is 504 after the timeout, and is left", async () => {
    const before = upstream.received("up").length;
    expect(await errorOf(await ask(faults.hang()))).toMatchObject({
      status: 504,
      code: "first_byte_timeout",
    });
    await upstream.received("up")[before]?.left;
  });

  test.each(["reset", "close"] as const)("by a %s before the head is 502", async (how) => {
    expect(await errorOf(await ask(faults.dropBeforeHead(how)))).toMatchObject({
      status: 502,
      code: "upstream_disconnected",
    });
  });

  test("by a half close in the middle of the head is 502", async () => {
    const error = await errorOf(await ask(faults.raw("HTTP/1.1 200 OK\r\ncontent-le", "half-close")));
    expect(error.status).toBe(502);
  });

  test.each([
    ["no HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n"],
    ["a status line without a status", "HTTP/1.1 OK\r\n\r\n"],
    ["a status of two digits", "HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n"],
    ["bytes of noise", Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256))],
    ["a header without a colon", "HTTP/1.1 200 OK\r\ngarbage\r\ncontent-length: 2\r\n\r\n{}"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}"],
    ["two lengths that differ", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} "],
  ])("but %s is 502", async (_, bytes) => {
    expect(await errorOf(await ask(faults.raw(bytes)))).toMatchObject({
      status: 502,
      code: "upstream_invalid",
    });
  });

  test("but headers of four megabytes is 502", async () => {
    const head = `HTTP/1.1 200 OK\r\nx-big: ${"x".repeat(4 * MEGABYTE)}\r\ncontent-length: 2\r\n\r\n{}`;
    expect((await errorOf(await ask(faults.raw(head)))).status).toBe(502);
  });
});

describe("an upstream that drips", () => {
  test("is waited for as long as it is never silent, and its answer arrives whole", async () => {
    const response = await ask(faults.drip(WHOLE, 1));
    expect(await response.text()).toBe(WHOLE);
  });
});

describe("an upstream that breaks off within a whole answer", () => {
  const cases: [string, Behaviour][] = [
    ["a length that is too long", faults.wrongLength(10_000, WHOLE)],
    ["a bad chunk size", faults.badChunkSize()],
    [
      "a missing last chunk",
      faults.stream([WHOLE], { headers: { "content-type": "application/json" }, finish: "close" }),
    ],
    [
      "a reset",
      faults.stream([WHOLE.slice(0, 20)], {
        headers: { "content-type": "application/json" },
        finish: "reset",
      }),
    ],
    [
      "silence",
      faults.stream([WHOLE.slice(0, 20)], {
        headers: { "content-type": "application/json" },
        finish: "hang",
      }),
    ],
  ];
  test.each(cases)("by %s never looks like a whole answer", async (_, behaviour) => {
    const response = await askRaw(behaviour);
    if (response === null) return;
    expect([502, 504]).toContain(response.status);
    expect(JSON.parse(response.text).error.code).toMatch(
      /^(upstream_disconnected|upstream_invalid|silence_timeout)$/,
    );
  });
});

describe("an upstream that breaks off within a stream", () => {
  const cases: [string, Behaviour, RegExp][] = [
    ["a reset", faults.stream(EVENT, { finish: "reset" }), /upstream_disconnected/],
    ["closing without the last chunk", faults.stream(EVENT, { finish: "close" }), /upstream_disconnected/],
    ["silence", faults.stream(EVENT, { finish: "hang" }), /silence_timeout/],
    [
      "a bad chunk size",
      faults.raw(
        `HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n${EVENT[0]!.length.toString(16)}\r\n${EVENT[0]}\r\nXX\r\n`,
      ),
      /upstream_invalid|upstream_disconnected/,
    ],
  ];
  test.each(cases)("by %s ends the client's stream with an error event", async (_, behaviour, code) => {
    const response = await askRaw(behaviour, { stream: true });
    expect(response?.status).toBe(200);
    const events = response?.text.trimEnd().split("\n\n") ?? [];
    expect(events[0]).toBe(EVENT[0]!.trimEnd());
    const { error } = JSON.parse(events.at(-1)!.replace(/^data: /, ""));
    expect(error.code).toMatch(code);
  });
});

test("bytes beyond the declared length reach nobody, and the next answer is right", async () => {
  const response = await ask(
    faults.wrongLength(WHOLE.length, `${WHOLE}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nstolen`),
  );
  expect(await response.text()).toBe(WHOLE);
  expect(await (await ask(faults.json({ next: true }))).json()).toEqual({ next: true });
});

test("a body that only the connection's end ends arrives whole", async () => {
  expect(await (await ask(faults.unframed(WHOLE))).text()).toBe(WHOLE);
});

test("interim answers are passed over", async () => {
  const response = await askRaw(faults.interim(faults.json(CHAT_ANSWER)));
  expect(response?.status).toBe(200);
  expect(response?.text).toBe(WHOLE);
});

test.each([301, 302, 303, 307, 308] as const)("a redirect %d is not followed and is 502", async (status) => {
  const error = await errorOf(await ask(faults.redirect(status, `${elsewhere.url}/v1/chat/completions`)));
  expect(error).toMatchObject({ status: 502, code: "upstream_redirected" });
});

describe("an upstream that answers with the wrong type", () => {
  test.each([
    ["HTML", "text/html", "<h1>It works!</h1>"],
    ["text", "text/plain", "ok"],
    ["what is no JSON but says so", "application/json", "<h1>It works!</h1>"],
    ["nothing", "application/json", ""],
  ])("%s is passed on as it is, or 502", async (_, type, body) => {
    for (const stream of [false, true]) {
      const response = await ask(faults.answer(200, { "content-type": type }, body), { stream });
      if (response.status === 200) {
        expect(response.headers.get("content-type")).toStartWith(type);
        expect(await response.text()).toBe(body);
      } else {
        expect(await errorOf(response)).toMatchObject({ status: 502, code: "upstream_invalid" });
      }
    }
  });
});

describe("an upstream that sends a lot", () => {
  test("100 MB arrive whole, without being kept in memory", async () => {
    const before = CAN_READ_PROC ? peakBytes(gateway.pid) : 0;
    const response = await ask(faults.large(100 * MEGABYTE));
    let size = 0;
    for await (const bytes of response.body!) size += bytes.length;
    expect(size).toBe(100 * MEGABYTE);
    if (CAN_READ_PROC) expect(peakBytes(gateway.pid) - before).toBeLessThan(64 * MEGABYTE);
  });

  test.each([false, true])("an endless stream (streamed: %p) ends when the client leaves", async (stream) => {
    const before = upstream.received("up").length;
    const leave = new AbortController();
    upstream.script(
      "up",
      faults.endless("data: {}\n\n", stream ? "text/event-stream" : "application/octet-stream"),
    );
    const response = await chat(gateway, "up", { stream, signal: leave.signal });
    const reader = response.body!.getReader();
    for (let size = 0; size < 8 * MEGABYTE; ) size += (await reader.read()).value?.length ?? 0;
    leave.abort();
    await upstream.received("up")[before]?.left;
  });
});

test.each([204, 304])("a bodiless %d passes", async (status) => {
  const response = await askRaw(faults.bodiless(status, { etag: '"1"' }));
  expect(response?.status).toBe(status);
  expect(response?.text).toBe("");
});

test("duplicate response headers pass, but for those of the connection", async () => {
  const head =
    "content-type: application/json\r\nx-ratelimit-limit-requests: 1\r\nx-request-id: a\r\nkeep-alive: timeout=5\r\nconnection: x-secret\r\nx-secret: 1";
  const response = await askRaw(faults.raw(`HTTP/1.1 200 OK\r\n${head}\r\ncontent-length: 2\r\n\r\n{}`));
  expect(response?.status).toBe(200);
  expect(response?.header("keep-alive")).toEqual([]);
  expect(response?.header("x-secret")).toEqual([]);
  expect(response?.header("content-type")).toEqual(["application/json"]);
  expect(response?.header("x-request-id")).toHaveLength(1);
});

describe("a provider's limit", () => {
  test.each([
    ["in seconds", { "retry-after": "7" }],
    ["as a date", { "retry-after": new Date(Date.now() + 3_600_000).toUTCString() }],
    ["in milliseconds", { "retry-after-ms": "7000" }],
  ])(
    "reaches the client with its status, body and Retry-After %s",
    async (_, headers: Record<string, string>) => {
      const body = { error: { message: "Slow down", type: "requests", code: "rate_limit_exceeded" } };
      const response = await ask(faults.json(body, 429, headers));
      expect(response.status).toBe(429);
      for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
      expect(await response.json()).toEqual(body);
    },
  );

  test("reaches the client without Retry-After as well", async () => {
    const response = await ask(faults.json({ error: { message: "Slow down" } }, 429));
    expect(response.status).toBe(429);
    expect(await response.json()).toEqual({ error: { message: "Slow down" } });
  });
});

describe.each(["gzip", "br", "zstd", "deflate"] as const)("an answer in %s", (encoding) => {
  test("passes still compressed, whole and as a stream", async () => {
    const stream = faults.sseEvents(chatChunk("one"), chatChunk("two"), "[DONE]").join("");
    for (const [type, body] of [
      ["application/json", WHOLE],
      ["text/event-stream", stream],
    ] as const) {
      const response = await ask(faults.compressed(encoding, type, body), {
        stream: type !== "application/json",
      });
      expect(response.headers.get("content-encoding")).toBe(encoding);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.equals(faults.compress(encoding, body))).toBeTrue();
    }
  });
});
