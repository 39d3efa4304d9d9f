import { afterAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RawClient, requestText } from "../../test/support/client.ts";
import { readChunked, readHead } from "../../test/support/http-text.ts";
import { until } from "../../test/support/until.ts";
import type { BodyConsumer, ByteSource } from "../lib/byte-source.ts";
import { Deadlines } from "../lib/deadlines.ts";
import { ClientGoneError, StallError, type StreamOptions, streamOut } from "./stream-out.ts";

/** A source that a test drives by hand; it keeps what comes before there is a consumer. */
class HandSource implements ByteSource {
  readonly calls: string[] = [];
  #consumer: BodyConsumer | null = null;
  readonly #waiting: ((consumer: BodyConsumer) => void)[] = [];

  push(data: string | Uint8Array): void {
    this.#tell((consumer) => consumer.data(Buffer.from(data as string)));
  }
  end(): void {
    this.#tell((consumer) => consumer.end());
  }
  fail(error: Error): void {
    this.#tell((consumer) => consumer.failed(error));
  }
  consume(consumer: BodyConsumer): void {
    this.#consumer = consumer;
    for (const tell of this.#waiting.splice(0)) tell(consumer);
  }
  pause = () => void this.calls.push("pause");
  resume = () => void this.calls.push("resume");
  cancel = () => void this.calls.push("cancel");

  #tell(how: (consumer: BodyConsumer) => void): void {
    if (this.#consumer === null) this.#waiting.push(how);
    else how(this.#consumer);
  }
}

interface Stream {
  readonly source: HandSource;
  readonly chunks: number[];
  /** What `onEnd` was told; empty while it was not called. */
  readonly ends: (Error | null)[];
}

const deadlines = new Deadlines(5);
const streams = new Map<
  string,
  { stream: Stream; options: Partial<StreamOptions>; before?: Promise<void> }
>();
const errors: unknown[] = [];
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  idleTimeout: 0,
  development: false,
  async fetch(request) {
    const { stream, options, before } = streams.get(new URL(request.url).pathname)!;
    await before;
    const body = streamOut(stream.source, {
      mode: "events",
      deadlines,
      keepAlive: 0,
      keepAliveText: ": keep-alive\n\n",
      stallTimeout: 10_000,
      onChunk: (chunk) => stream.chunks.push(chunk.length),
      onFailure: (error) => `data: failed ${error.message}\n\n`,
      onEnd: (error) => stream.ends.push(error),
      ...options,
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  },
  error(error) {
    errors.push(error);
    return new Response("error", { status: 500 });
  },
});
afterAll(() => server.stop(true));

let count = 0;
function prepare(
  options: Partial<StreamOptions> = {},
  before?: Promise<void>,
): { path: string; stream: Stream } {
  const path = `/${count++}`;
  const stream: Stream = { source: new HandSource(), chunks: [], ends: [] };
  streams.set(path, { stream, options, ...(before === undefined ? {} : { before }) });
  return { path, stream };
}

async function connect(path: string, method = "GET"): Promise<RawClient> {
  const client = await RawClient.connect(`http://127.0.0.1:${server.port}`);
  await client.send(requestText(method, path, {}));
  return client;
}

/** The body that has come so far, without its framing; `whole` tells whether its last chunk has. */
function bodyOf(client: RawClient): { text: string; whole: boolean } {
  const head = readHead(client.received);
  if (head === null) return { text: "", whole: false };
  const rest = client.received.subarray(head.length);
  const whole = readChunked(rest) !== null;
  const body = readChunked(whole ? rest : Buffer.concat([completeChunks(rest), Buffer.from("0\r\n\r\n")]));
  return { text: Buffer.from(body!.body).toString(), whole };
}

/** The chunks at the start of `bytes` that have come whole. */
function completeChunks(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString("latin1");
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf("\r\n", at);
    if (lineEnd < 0) return bytes.subarray(0, at);
    const end = lineEnd + 2 + Number.parseInt(text.slice(at, lineEnd), 16) + 2;
    if (end > bytes.length) return bytes.subarray(0, at);
    at = end;
  }
}

const untilBody = (client: RawClient, text: string) =>
  until(`the body is ${JSON.stringify(text.slice(0, 60))}`, () => bodyOf(client).text === text);

const events = fc
  .array(
    fc.tuple(
      fc.constantFrom("data: ", "event: x\ndata: ", "event: y\r\ndata: ", ": ", "id: 1\n: "),
      fc.stringMatching(/^[ -~é]*$/),
      fc.constantFrom("\n\n", "\r\n\r\n", "\n\r\n"),
    ),
    { maxLength: 6 },
  )
  .map((list) => list.map((parts) => parts.join("")));

describe("a stream", () => {
  test.each(["events", "bytes"] as const)("in any pieces comes byte for byte, as %s", async (mode) => {
    await fc.assert(
      fc.asyncProperty(
        events,
        fc.constantFrom("", "data: no end", "\r"),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (list, rest, points) => {
          const bytes = Buffer.from(list.join("") + rest);
          const { path, stream } = prepare({ mode });
          const client = await connect(path);
          const cuts = [...points.map((point) => point % (bytes.length + 1)), 0, bytes.length].sort(
            (a, b) => a - b,
          );
          for (const [index, start] of cuts.entries()) {
            if (start < (cuts[index + 1] ?? start))
              stream.source.push(bytes.subarray(start, cuts[index + 1]));
          }
          stream.source.end();
          const response = await client.response();
          expect(Buffer.from(response.body).equals(bytes)).toBeTrue();
          expect(stream.ends).toEqual([null]);
          expect(stream.chunks.reduce((sum, size) => sum + size, 0)).toBe(bytes.length);
          client.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test("of events is written in whole events only, whatever its pieces are", async () => {
    await fc.assert(
      fc.asyncProperty(events, async (list) => {
        const { path, stream } = prepare();
        const client = await connect(path);
        const ends = new Set<number>([0]);
        for (const event of list) ends.add([...ends].at(-1)! + Buffer.byteLength(event));
        for (const byte of Buffer.from(list.join(""))) stream.source.push(Buffer.from([byte]));
        await until("the stream has begun", () => stream.source.calls.includes("resume"));
        let written = 0;
        for (const size of stream.chunks) {
          written += size;
          expect(ends.has(written)).toBeTrue();
        }
        expect(written).toBe([...ends].at(-1)!);
        stream.source.end();
        await client.response();
        client.close();
      }),
      { numRuns: 40 },
    );
  });

  test("is handed on as it comes: an event at once when it is whole, bytes as they are", async () => {
    const { path, stream } = prepare();
    const client = await connect(path);
    stream.source.push("data: one\n\ndata: t");
    await untilBody(client, "data: one\n\n");
    stream.source.push("wo\n\n");
    await untilBody(client, "data: one\n\ndata: two\n\n");
    client.close();
    const plain = prepare({ mode: "bytes" });
    const other = await connect(plain.path);
    plain.stream.source.push("dat");
    await untilBody(other, "dat");
    other.close();
  });

  test("of nothing is empty and whole", async () => {
    const { path, stream } = prepare();
    const client = await connect(path);
    stream.source.end();
    expect((await client.response()).body.length).toBe(0);
    expect([stream.ends, stream.chunks]).toEqual([[null], []]);
    client.close();
  });

  test("with an event of 20 MB comes whole, and does not hold more than it must", async () => {
    const { path, stream } = prepare();
    const client = await connect(path);
    const text = `data: ${"x".repeat(20 * 1024 * 1024)}\n\ndata: after\n\n`;
    for (let at = 0; at < text.length; at += 65_536) stream.source.push(text.slice(at, at + 65_536));
    stream.source.end();
    const response = await client.response();
    expect(response.text === text).toBeTrue();
    expect(stream.chunks.length).toBeGreaterThan(2);
    client.close();
  });

  test("may follow another on the same connection", async () => {
    const client = await connect(prepareDone("data: one\n\n"));
    expect((await client.response()).text).toBe("data: one\n\n");
    await client.send(requestText("GET", prepareDone("data: two\n\n"), {}));
    expect((await client.response()).text).toBe("data: two\n\n");
    client.close();
  });
});

function prepareDone(text: string): string {
  const { path, stream } = prepare();
  stream.source.push(text);
  stream.source.end();
  return path;
}

describe("keep-alive comments", () => {
  test("come in silence, between events alone", async () => {
    const { path, stream } = prepare({ keepAlive: 20 });
    const client = await connect(path);
    await until("one comes at the start", () => bodyOf(client).text.startsWith(": keep-alive\n\n"));
    stream.source.push("data: o");
    stream.source.push("ne");
    await Bun.sleep(60);
    stream.source.push("\n\n");
    await until("one comes after the event", () => /data: one\n\n: keep-alive\n\n/.test(bodyOf(client).text));
    stream.source.end();
    const { text } = await client.response();
    expect(text.replaceAll(": keep-alive\n\n", "")).toBe("data: one\n\n");
    client.close();
  });

  test("do not come while events do, nor into an event that is too long to be held, nor into bytes", async () => {
    const busy = prepare({ keepAlive: 400 });
    const client = await connect(busy.path);
    for (let i = 0; i < 12; i++) {
      busy.stream.source.push("data: x\n\n");
      await Bun.sleep(50);
    }
    expect(bodyOf(client).text).toBe("data: x\n\n".repeat(12));
    client.close();
    for (const [mode, text] of [
      ["events", `data: ${"x".repeat(9 * 1024 * 1024)}`],
      ["bytes", "data: x\n\n"],
    ] as const) {
      const { path, stream } = prepare({ mode, keepAlive: 15 });
      const reader = await connect(path);
      stream.source.push(text);
      await Bun.sleep(100);
      stream.source.push("\n\n");
      stream.source.end();
      expect((await reader.response()).text === `${text}\n\n`).toBeTrue();
      reader.close();
    }
  });
});

describe("a source that fails", () => {
  const failure = new Error("of the upstream");

  test("between events is told as an event, and the stream ends in order", async () => {
    const { path, stream } = prepare();
    const client = await connect(path);
    stream.source.push("data: one\n\n");
    await untilBody(client, "data: one\n\n");
    stream.source.fail(failure);
    expect((await client.response()).text).toBe("data: one\n\ndata: failed of the upstream\n\n");
    expect(stream.ends).toEqual([failure]);
    client.close();
  });

  test("within an event is told in its place", async () => {
    for (const half of ["data: ha", "data: ha\n", "event: x\r\ndata: y\r\n", "d"]) {
      const { path, stream } = prepare();
      const client = await connect(path);
      stream.source.push("data: one\n\n");
      stream.source.push(half);
      stream.source.fail(failure);
      expect((await client.response()).text).toBe("data: one\n\ndata: failed of the upstream\n\n");
      client.close();
    }
  });

  test("before the stream has begun is told as its only event", async () => {
    const { path, stream } = prepare();
    stream.source.fail(failure);
    const client = await connect(path);
    expect((await client.response()).text).toBe("data: failed of the upstream\n\n");
    expect(stream.ends).toEqual([failure]);
    client.close();
  });

  test.each([
    ["in bytes", { mode: "bytes" }, "data: one\n\n"],
    ["where nothing is to be said", { onFailure: () => null }, "data: one\n\n"],
    ["within an event that was too long to be held", {}, `data: ${"x".repeat(9 * 1024 * 1024)}`],
  ] as [string, Partial<StreamOptions>, string][])(
    "%s breaks the connection off",
    async (_, options, text) => {
      const before = errors.length;
      const { path, stream } = prepare(options);
      const client = await connect(path);
      stream.source.push(text);
      await until("it has come", () => bodyOf(client).text.length > 0);
      stream.source.fail(failure);
      await client.untilClosed();
      expect(bodyOf(client).whole).toBeFalse();
      expect(text.startsWith(bodyOf(client).text)).toBeTrue();
      expect(stream.ends).toEqual([failure]);
      expect(errors.length).toBe(before);
    },
  );

  test("after the end, or ends after it failed, changes nothing", async () => {
    const { path, stream } = prepare();
    const client = await connect(path);
    stream.source.push("data: one\n\n");
    stream.source.end();
    stream.source.fail(failure);
    stream.source.push("data: late\n\n");
    stream.source.end();
    expect((await client.response()).text).toBe("data: one\n\n");
    expect(stream.ends).toEqual([null]);
    client.close();
  });
});

describe("a client that does not read", () => {
  const block = `data: ${"x".repeat(65_528)}\n\n`;

  async function stall(options: Partial<StreamOptions>) {
    const { path, stream } = prepare(options);
    const client = await connect(path);
    client.pause();
    await until("the stream has begun", () => stream.source.calls.includes("resume"));
    let pushed = 0;
    while (!stream.source.calls.includes("pause")) {
      stream.source.push(block);
      pushed++;
      if (pushed % 50 === 0) await Bun.sleep(5);
      if (pushed > 2000) throw new Error("the source is never held back");
    }
    return { client, stream, pushed };
  }

  test("holds the source back, and lets it go on when it reads again; nothing is lost", async () => {
    const { client, stream, pushed } = await stall({ keepAlive: 10 });
    await Bun.sleep(100);
    expect(stream.source.calls.filter((call) => call === "resume")).toHaveLength(1);
    client.resume();
    await until("the source goes on", () => stream.source.calls.at(-1) === "resume");
    stream.source.push("data: after\n\n");
    stream.source.end();
    const { text } = await client.response();
    expect(text.replaceAll(": keep-alive\n\n", "") === `${block.repeat(pushed)}data: after\n\n`).toBeTrue();
    expect(stream.ends).toEqual([null]);
    client.close();
  });

  test("for too long loses the stream, and the source is given up", async () => {
    const { client, stream } = await stall({ stallTimeout: 100 });
    await until("it is given up", () => stream.ends.length > 0);
    expect(stream.ends[0]).toBeInstanceOf(StallError);
    expect(stream.source.calls.at(-1)).toBe("cancel");
    client.resume();
    await client.untilClosed();
    expect(bodyOf(client).whole).toBeFalse();
    expect(stream.ends).toHaveLength(1);
  });

  test("and leaves ends the stream once", async () => {
    const { client, stream } = await stall({});
    client.reset();
    await until("it is noticed", () => stream.ends.length > 0);
    expect(stream.ends[0]).toBeInstanceOf(ClientGoneError);
    stream.source.push(block);
    stream.source.end();
    await Bun.sleep(30);
    expect([stream.ends.length, stream.source.calls.filter((call) => call === "cancel").length]).toEqual([
      1, 1,
    ]);
  });
});

describe("a client that leaves", () => {
  test("before the response is made, once it has begun, or in mid-event, ends it once and gives the source up", async () => {
    const made = Promise.withResolvers<void>();
    const early = prepare({}, made.promise);
    const gone = await connect(early.path);
    await Bun.sleep(30);
    gone.reset();
    await Bun.sleep(30);
    made.resolve();
    await until("it is noticed", () => early.stream.ends.length > 0);
    expect(early.stream.source.calls).toEqual(["cancel"]);

    for (const text of ["", "data: one\n\n", "data: ha"]) {
      const { path, stream } = prepare();
      const client = await connect(path);
      await until("the stream has begun", () => stream.source.calls.includes("resume"));
      if (text !== "") stream.source.push(text);
      client.reset();
      await until("it is noticed", () => stream.ends.length > 0);
      expect(stream.ends[0]).toBeInstanceOf(ClientGoneError);
      stream.source.push("data: late\n\n");
      stream.source.fail(new Error("late"));
      expect([stream.ends.length, stream.source.calls]).toEqual([1, ["resume", "cancel"]]);
    }
  });

  test("because it asked with HEAD, for which there is no body, gives the source up", async () => {
    const { path, stream } = prepare();
    const client = await connect(path, "HEAD");
    await until("it is given up", () => stream.ends.length > 0);
    expect(stream.source.calls).toContain("cancel");
    client.close();
  });
});

test("no stream left an error of the server's own behind", () => {
  expect(errors).toEqual([]);
});
