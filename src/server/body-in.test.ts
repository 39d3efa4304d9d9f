import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { brotliCompressSync, deflateRawSync, deflateSync } from "node:zlib";
import { RawClient, requestText } from "../../test/support/client.ts";
import { chunk, LAST_CHUNK } from "../../test/support/http-text.ts";
import { until } from "../../test/support/until.ts";
import { toGatewayError } from "../exchange/errors.ts";
import { Deadlines } from "../lib/deadlines.ts";
import type { HeaderFields } from "../lib/header-fields.ts";
import { hasBody, readBody, streamBody } from "./body-in.ts";

const LIMIT = 1024 * 1024;
const limits = {
  maxBytes: LIMIT,
  totalAt: Number.POSITIVE_INFINITY,
  timeout: 200,
  deadlines: new Deadlines(5),
};

/** What became of each request, in order: a body, or the code of an error. */
const read: (Buffer | string)[] = [];
beforeEach(() => void read.splice(0));

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  development: false,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
  async fetch(request) {
    try {
      const body = await readBody(request, request.headers.toJSON(), limits);
      read.push(body);
      return new Response(body);
    } catch (thrown) {
      const error = toGatewayError(thrown);
      read.push(error.code);
      return new Response(error.message, { status: error.status, headers: error.headers ?? {} });
    }
  },
});
afterAll(() => server.stop(true));

const url = `http://127.0.0.1:${server.port}/`;
const connect = () => RawClient.connect(url);

async function post(body: Uint8Array | string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { method: "POST", body: body as string, headers });
  await response.arrayBuffer();
  return response.status;
}

const text = JSON.stringify({ a: "é".repeat(10_000) });

/** Bytes that no coding makes smaller. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i += 65_536)
    crypto.getRandomValues(bytes.subarray(i, Math.min(size, i + 65_536)));
  return bytes;
}

test.each([
  [{}, false],
  [{ "content-length": "0" }, false],
  [{ "content-length": "1" }, true],
  [{ "transfer-encoding": "chunked" }, true],
])("a request with %j announces a body: %p", (headers, expected) => {
  expect(hasBody(headers as HeaderFields)).toBe(expected);
});

describe("a body", () => {
  test.each([0, 1, 1000, 256 * 1024, 256 * 1024 + 1, LIMIT])(
    "of %i bytes is read whole, with a length or in chunks",
    async (size) => {
      const bytes = noise(size);
      for (const framing of ["length", "chunks"]) {
        const client = await connect();
        if (framing === "length")
          await client.send(requestText("POST", "/", { "content-length": String(size) }, bytes));
        else {
          await client.send(requestText("POST", "/", { "transfer-encoding": "chunked" }));
          for (let at = 0; at < size; at += 100_000)
            await client.send(chunk(bytes.subarray(at, at + 100_000)));
          await client.send(LAST_CHUNK);
        }
        expect((await client.response()).status).toBe(200);
        expect(bytes.equals(read.at(-1) as Buffer)).toBeTrue();
        client.close();
      }
    },
  );

  test("one byte beyond the limit is refused, by its length before it is sent, or as it comes", async () => {
    const stated = await connect();
    await stated.send(requestText("POST", "/", { "content-length": String(LIMIT + 1) }));
    const response = await stated.response();
    expect([response.status, response.header("connection")]).toEqual([413, ["close"]]);
    await stated.untilClosed();
    const chunked = await connect();
    await chunked.send(requestText("POST", "/", { "transfer-encoding": "chunked" }));
    for (let sent = 0; sent <= LIMIT; sent += 65_536) await chunked.send(chunk(Buffer.alloc(65_536)));
    expect((await chunked.response()).status).toBe(413);
    await chunked.untilClosed();
    expect(read).toEqual(["body_too_large", "body_too_large"]);
  });

  test("without end is refused, however long its sender goes on", async () => {
    const client = await connect();
    await client.send(requestText("POST", "/", { "transfer-encoding": "chunked" }));
    while (!client.closed && (await client.send(chunk(Buffer.alloc(65_536)))) && read.length === 0)
      await Bun.sleep(0);
    await until("it is refused", () => read.length > 0);
    expect(read).toEqual(["body_too_large"]);
    client.reset();
  });
});

describe("a compressed body", () => {
  const CODINGS = [
    ["gzip", (bytes: Buffer<ArrayBuffer>) => Bun.gzipSync(bytes)],
    ["br", (bytes: Buffer<ArrayBuffer>) => brotliCompressSync(bytes)],
    ["zstd", (bytes: Buffer<ArrayBuffer>) => Bun.zstdCompressSync(bytes)],
    ["deflate", (bytes: Buffer<ArrayBuffer>) => deflateSync(bytes)],
    ["deflate", (bytes: Buffer<ArrayBuffer>) => deflateRawSync(bytes)],
    ["GZIP", (bytes: Buffer<ArrayBuffer>) => Bun.gzipSync(bytes)],
    ["identity", (bytes: Buffer<ArrayBuffer>) => bytes],
    ["gzip, br", (bytes: Buffer<ArrayBuffer>) => brotliCompressSync(Bun.gzipSync(bytes))],
  ] as const;

  test.each(CODINGS)("in %s is unpacked", async (coding, pack) => {
    expect(await post(pack(Buffer.from(text)), { "content-encoding": coding })).toBe(200);
    expect((read[0] as Buffer).toString()).toBe(text);
  });

  test.each(CODINGS.slice(0, 5))(
    "in %s that unfolds to more than the limit is refused; to just as much, it is not",
    async (coding, pack) => {
      const headers = { "content-encoding": coding };
      expect(await post(pack(Buffer.alloc(LIMIT)), headers)).toBe(200);
      expect(await post(pack(Buffer.alloc(LIMIT + 1)), headers)).toBe(413);
      expect(await post(pack(Buffer.alloc(32 * LIMIT)), headers)).toBe(413);
      expect(read.slice(1)).toEqual(["body_too_large", "body_too_large"]);
    },
  );

  test.each(CODINGS.slice(0, 5))(
    "in %s that breaks off, or is something else, is refused",
    async (coding, pack) => {
      const headers = { "content-encoding": coding };
      const packed = pack(Buffer.from(text));
      expect(await post(packed.subarray(0, packed.length - 3), headers)).toBe(400);
      expect(await post("not packed at all", headers)).toBe(400);
      expect(read).toEqual(["malformed_body", "malformed_body"]);
    },
  );

  test.each(["rot13", "gzip, gzip, gzip", "compress", "constructor"])(
    "in %s is refused as unknown",
    async (coding) => {
      expect(await post(text, { "content-encoding": coding })).toBe(415);
      expect(read).toEqual(["unsupported_encoding"]);
    },
  );
});

describe("a sender", () => {
  const whole = requestText("POST", "/", {}, "0123456789");
  const large = requestText("POST", "/", { "content-length": "500000" }, "0123456789");
  const chunked = Buffer.concat([
    requestText("POST", "/", { "transfer-encoding": "chunked" }),
    chunk("01234"),
  ]);

  test.each([
    ["a short body", whole.subarray(0, whole.length - 3)],
    ["a long body", large],
    ["a body in chunks", chunked],
    ["nothing of the body", whole.subarray(0, whole.length - 10)],
  ])("that falls silent in %s is told so, and loses its connection", async (_, bytes) => {
    const client = await connect();
    await client.send(bytes);
    const response = await client.response();
    expect([response.status, response.header("connection")]).toEqual([408, ["close"]]);
    await client.untilClosed();
    expect(read).toEqual(["body_timeout"]);
  });

  test.each([
    ["a short body", whole.subarray(0, whole.length - 3)],
    ["a long body", large],
    ["a body in chunks", chunked],
  ])("that leaves in %s leaves no body behind that looks whole", async (_, bytes) => {
    for (const how of ["close", "reset"] as const) {
      const client = await connect();
      await client.send(bytes);
      await Bun.sleep(30);
      client[how]();
      await until("it is noticed", () => read.length > 0);
      expect(read.splice(0)).toEqual(["client_closed"]);
    }
  });

  test("that is slow but not silent is waited for where the body is long", async () => {
    const client = await connect();
    await client.send(requestText("POST", "/", { "content-length": "300000" }));
    for (let i = 0; i < 6; i++) {
      await client.send(Buffer.alloc(50_000, "x"));
      await Bun.sleep(60);
    }
    expect((await client.response()).status).toBe(200);
    expect((read[0] as Buffer).length).toBe(300_000);
    client.close();
  });
});

describe("a body that is passed on unread", () => {
  const pieces = (...sizes: number[]) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const size = sizes.shift();
        if (size === undefined) controller.close();
        else controller.enqueue(new Uint8Array(size));
      },
    });
  const codeOf = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      return toGatewayError(error).code;
    }
    return null;
  };

  test("comes through whole, and ends where it is longer than it may be", async () => {
    const whole = streamBody(pieces(1000, 24), {}, { ...limits, maxBytes: 1024 });
    expect((await new Response(whole).bytes()).length).toBe(1024);
    const long = streamBody(pieces(1000, 25), {}, { ...limits, maxBytes: 1024 });
    expect(await codeOf(() => new Response(long).bytes())).toBe("body_too_large");
    const stated = async () =>
      streamBody(pieces(1), { "content-length": "1025" }, { ...limits, maxBytes: 1024 });
    expect(await codeOf(stated)).toBe("body_too_large");
  });

  test("is given up when its sender falls silent, or takes too long in all", async () => {
    const silent = () => new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) });
    const patient = { ...limits, timeout: 60_000 };
    const stalled = streamBody(silent(), {}, { ...limits, timeout: 20 });
    expect(await codeOf(() => new Response(stalled).bytes())).toBe("body_timeout");
    const slow = streamBody(silent(), {}, { ...patient, totalAt: performance.now() + 20 });
    expect(await codeOf(() => new Response(slow).bytes())).toBe("body_timeout");
  });
});
