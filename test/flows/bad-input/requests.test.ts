import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { CHAT, CHAT_ANSWER, chat, chatProvider, chatText, errorOf } from "../../support/chat.ts";
import { RawClient, rawRequest, requestText } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { compress, json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { chunk, LAST_CHUNK } from "../../support/http-text.ts";
import { CAN_READ_PROC, peakBytes } from "../../support/process-facts.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({
    config: {
      server: { max_body_mb: 1, body_timeout: 2 },
      providers: { well: chatProvider(`${upstream.url}/well`) },
    },
  });
});
beforeEach(() => {
  upstream.script("well", json(CHAT_ANSWER));
});
afterAll(async () => {
  expect((await chat(gateway, "well")).status).toBe(200);
  expect(gateway.logs().filter((line) => line.error === "gateway_error")).toEqual([]);
  await gateway.stop();
  upstream.stop();
});

/** Posts `body` as it is to the Chat door of a well-behaved provider. */
function post(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  path = "/v1/well/chat/completions",
) {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json", ...headers },
    body,
  });
}

/** Runs `act` and says how many requests reached the provider meanwhile. */
async function reached(act: () => Promise<unknown>): Promise<number> {
  const before = upstream.received("well").length;
  await act();
  return upstream.received("well").length - before;
}

describe("a malformed body", () => {
  const bodies = [
    '{"model":',
    "[1]",
    '"text"',
    "\0\0\0",
    '{"model":"well/m","messages":[}',
    '{"model":"well/m"} x',
  ];

  test.each(bodies)("%p is refused with 400 in OpenAI's shape and goes nowhere", async (body) => {
    const count = await reached(async () => {
      const error = await errorOf(await post(body, {}, "/v1/chat/completions"));
      expect(error).toMatchObject({ status: 400, code: "malformed_body" });
    });
    expect(count).toBe(0);
  });

  test("that is empty is refused with 400", async () => {
    expect((await errorOf(await post("", {}, "/v1/chat/completions"))).status).toBe(400);
  });

  test("at a provider's own door is the provider's to judge, and reaches it as it came", async () => {
    for (const body of bodies) {
      expect((await post(body)).status).toBe(200);
      expect(Buffer.from(await upstream.received("well").at(-1)!.body).toString()).toBe(body);
    }
  });

  test("is refused in the shape of each other API", async () => {
    const anthropic = await post("{", {}, "/v1/messages");
    expect(anthropic.status).toBe(400);
    expect(await anthropic.json()).toMatchObject({ type: "error", error: { type: "invalid_request_error" } });
    const gemini = await post("{", {}, "/v1beta/models/demo/echo:generateContent");
    expect(gemini.status).toBe(400);
    expect(await gemini.json()).toMatchObject({ error: { code: 400, status: "INVALID_ARGUMENT" } });
    expect(await errorOf(await post("{", {}, "/v1/responses"))).toMatchObject({ status: 400 });
  });

  test("of a model name that is no string, or missing, is refused with 400", async () => {
    for (const model of [7, null, {}, [], "", undefined]) {
      const error = await errorOf(await post(JSON.stringify({ ...CHAT, model }), {}, "/v1/chat/completions"));
      expect(error.status).toBe(400);
      expect(error.message).toContain("model");
    }
  });
});

test.each([
  ["arrays", "[", "]"],
  ["objects", '{"a":', "}"],
])("100,000 nested %s are passed on or refused, and harm nothing", async (_, open, close) => {
  const nested = `${open.repeat(100_000)}1${close.repeat(100_000)}`;
  for (const path of ["/v1/chat/completions", "/v1/well/chat/completions"]) {
    for (const field of ["messages", "tags", "unknown"]) {
      expect([200, 400]).toContain((await post(`{"model":"well/m","${field}":${nested}}`, {}, path)).status);
      expect([200, 400]).toContain(
        (await post(`{"model":"well/m","${field}":${nested.slice(0, -9)}`, {}, path)).status,
      );
    }
  }
});

describe("an oversized body", () => {
  const tooMuch = 1024 * 1024 + 1;

  test("is refused with 413 by its declared length, before it is sent", async () => {
    const head = chatText(gateway, "well", { headers: { "content-length": String(tooMuch) } });
    const response = await rawRequest(gateway.url, head.subarray(0, head.indexOf("\r\n\r\n") + 4));
    expect(response.status).toBe(413);
    expect(JSON.parse(response.text).error.code).toBe("body_too_large");
  });

  test("is refused with 413 when it comes in chunks", async () => {
    const client = await RawClient.connect(gateway.url);
    const headers = { authorization: `Bearer ${gateway.key}`, "transfer-encoding": "chunked" };
    await client.send(requestText("POST", "/v1/well/chat/completions", headers));
    const piece = Buffer.alloc(65_536, " ");
    for (let sent = 0; sent <= tooMuch && (await client.send(chunk(piece))); sent += piece.length);
    expect((await client.response()).status).toBe(413);
    client.close();
  });

  test("of exactly the limit passes", async () => {
    const text = JSON.stringify(CHAT);
    expect((await post(text.slice(0, -1) + " ".repeat(tooMuch - 1 - text.length) + "}")).status).toBe(200);
    expect((await post(text.slice(0, -1) + " ".repeat(tooMuch - text.length) + "}")).status).toBe(413);
  });
});

describe("a wrongly encoded body", () => {
  test("of an unknown encoding is refused with 415", async () => {
    const error = await errorOf(await post(JSON.stringify(CHAT), { "content-encoding": "rot13" }));
    expect(error).toMatchObject({ status: 415, code: "unsupported_encoding" });
  });

  test.each(["gzip", "br", "zstd", "deflate"] as const)(
    "that is not %s though it says so is refused with 400",
    async (encoding) => {
      const count = await reached(async () => {
        const response = await post(JSON.stringify(CHAT), { "content-encoding": encoding });
        expect((await errorOf(response)).status).toBe(400);
      });
      expect(count).toBe(0);
    },
  );

  test.each(["gzip", "br", "zstd", "deflate"] as const)(
    "in %s that breaks off is refused with 400",
    async (encoding) => {
      const whole = compress(encoding, JSON.stringify({ ...CHAT, noise: crypto.randomUUID().repeat(50) }));
      const response = await post(whole.subarray(0, whole.length / 2), { "content-encoding": encoding });
      expect((await errorOf(response)).status).toBe(400);
    },
  );

  test("in UTF-16 is refused with 400", async () => {
    const body = Buffer.from(JSON.stringify(CHAT), "utf16le");
    expect((await post(body, {}, "/v1/chat/completions")).status).toBe(400);
  });

  test("with broken UTF-8 in a string is refused, or passed on with the same bytes", async () => {
    const body = Buffer.from('{"model":"m","messages":[{"role":"user","content":"\u0001"}]}');
    body[body.indexOf(1)] = 0xff;
    const response = await post(body);
    if (response.status === 400) return;
    expect(response.status).toBe(200);
    expect(Buffer.from(await upstream.received("well").at(-1)!.body).equals(body)).toBeTrue();
  });
});

test.each(["gzip", "br", "zstd"] as const)(
  "a %s request is understood, and a bomb of it is refused with 413 and little memory",
  async (encoding) => {
    expect(
      (await post(compress(encoding, JSON.stringify(CHAT)), { "content-encoding": encoding })).status,
    ).toBe(200);
    const bomb = compress(encoding, new Uint8Array(256 * 1024 * 1024));
    expect(bomb.length).toBeLessThan(1024 * 1024);
    const before = CAN_READ_PROC ? peakBytes(gateway.pid) : 0;
    expect((await errorOf(await post(bomb, { "content-encoding": encoding }))).status).toBe(413);
    if (CAN_READ_PROC) expect(peakBytes(gateway.pid) - before).toBeLessThan(64 * 1024 * 1024);
  },
);

describe("a body that breaks off", () => {
  test("reaches no provider", async () => {
    const count = await reached(async () => {
      const whole = chatText(gateway, "well");
      const client = await RawClient.connect(gateway.url);
      await client.send(whole.subarray(0, whole.length - 5));
      client.close();
      await client.untilClosed();
    });
    expect(count).toBe(0);
  });

  test("by a sender who falls silent is 408", async () => {
    const whole = chatText(gateway, "well");
    const client = await RawClient.connect(gateway.url);
    await client.send(whole.subarray(0, whole.length - 5));
    expect((await client.response()).status).toBe(408);
    client.close();
  });

  test("does not count as broken off while a slow sender of chunks goes on", async () => {
    const client = await RawClient.connect(gateway.url);
    const headers = { authorization: `Bearer ${gateway.key}`, "transfer-encoding": "chunked" };
    await client.send(requestText("POST", "/v1/well/chat/completions", headers));
    // Longer in all than the time that a sender may be silent.
    for (const piece of JSON.stringify(CHAT).match(/.{1,3}/g)!) {
      await client.send(chunk(piece));
      await Bun.sleep(150);
    }
    await client.send(LAST_CHUNK);
    expect((await client.response()).status).toBe(200);
    client.close();
  });
});
