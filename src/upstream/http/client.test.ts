import { afterAll, describe, expect, test } from "bun:test";
import { startFaultUpstream } from "../../../test/support/fault-upstream.ts";
import {
  answer,
  bodiless,
  dropBeforeHead,
  endless,
  hang,
  interim,
  json,
  large,
  raw,
  redirect,
  stream,
} from "../../../test/support/faults.ts";
import { CAN_READ_PROC, residentBytes } from "../../../test/support/process-facts.ts";
import { closedPort, type Exchange } from "../../../test/support/raw-server.ts";
import { gate, until } from "../../../test/support/until.ts";
import type { BodyConsumer } from "../../lib/byte-source.ts";
import { HttpClient } from "./client.ts";
import { client, deadlines, plain, requestTo, TestPresence, textOf } from "./testing.ts";

const upstream = startFaultUpstream();
afterAll(() => upstream.stop());

let count = 0;
/** A script of its own for each test, so that none sees another's requests. */
function script(behaviour: Parameters<typeof upstream.script>[1]): { name: string; url: string } {
  const name = `s${count++}`;
  return { name, url: upstream.script(name, behaviour) };
}

/** A client of its own, so that no connection of another test is reused. */
const freshClient = (options: { idleTimeout?: number; maxIdle?: number } = {}) =>
  new HttpClient({ deadlines, ...options });

const ignore: BodyConsumer = { data() {}, end() {}, failed() {} };

describe("a request", () => {
  test("goes out with its method, target, header lines and host, and no field that nobody asked for", async () => {
    const { name, url } = script(json({}));
    await client.send(
      requestTo(`${url}/a%2Fb?x=%20&y`, { method: "DELETE", headerLines: "x-a: caf\xe9\r\n" }),
    );
    const { head } = await upstream.request(name);
    expect(head.start).toBe(`DELETE /${name}/a%2Fb?x=%20&y HTTP/1.1`);
    expect(head.headers).toEqual([
      ["host", `127.0.0.1:${upstream.port}`],
      ["x-a", "caf\xe9"],
    ]);
  });

  test.each([
    ["POST", null, "0"],
    ["PUT", null, "0"],
    ["PATCH", null, "0"],
    ["GET", null, undefined],
    ["DELETE", null, undefined],
    ["POST", Buffer.from("é"), "2"],
    ["DELETE", Buffer.from("x"), "1"],
  ])("%s states the length of its body where it must", async (method, body, length) => {
    const { name, url } = script(json({}));
    await client.send(requestTo(url, { method, body: body && plain(body) }));
    const exchange = await upstream.request(name);
    expect(exchange.header("content-length")[0]).toBe(length);
    expect(exchange.header("transfer-encoding")).toEqual([]);
    expect(Buffer.from(await exchange.body).equals(body ?? Buffer.alloc(0))).toBeTrue();
  });

  test("of many megabytes arrives whole", async () => {
    const body = Buffer.alloc(20 * 1024 * 1024);
    for (let i = 0; i < body.length; i += 997) body[i] = i;
    const { name, url } = script(json({}));
    await client.send(requestTo(url, { method: "POST", body: plain(body) }));
    expect(Buffer.from(await (await upstream.request(name)).body).equals(body)).toBeTrue();
  });
});

describe("a response", () => {
  test("of any kind comes as it is: nothing is followed or decoded", async () => {
    const moved = await client.send(requestTo(script(redirect(302, "http://example.invalid/")).url));
    expect([moved.status, moved.headers.get("location")]).toEqual([302, "http://example.invalid/"]);
    const empty = await client.send(requestTo(script(bodiless(204)).url));
    expect([empty.status, await textOf(empty)]).toEqual([204, ""]);
    const early = await client.send(requestTo(script(interim(json({ a: 1 }))).url));
    expect(await textOf(early)).toBe('{"a":1}');
    const packed = Bun.gzipSync(Buffer.from("hello"));
    const gzip = await client.send(
      requestTo(script(answer(200, { "content-encoding": "gzip" }, packed)).url),
    );
    expect(Buffer.from((await gzip.bytes(1000))!).equals(packed)).toBeTrue();
  });

  test("whose end is that of the connection is whole", async () => {
    const { url } = script(raw("HTTP/1.1 200 OK\r\n\r\nuntil the end"));
    expect(await textOf(await client.send(requestTo(url)))).toBe("until the end");
  });

  test("that is no HTTP is refused and its connection closed", async () => {
    const { name, url } = script(raw("SSH-2.0-OpenSSH_9.6\r\n\r\n", "hang"));
    await expect(client.send(requestTo(url))).rejects.toMatchObject({ code: "upstream_invalid" });
    await (await upstream.request(name)).left;
  });

  test("that breaks off is told as such to whoever consumes it, what came before first", async () => {
    for (const how of ["close", "reset"] as const) {
      const sent = gate();
      const { url } = script(stream(["one", sent.passed], { finish: how }));
      const response = await client.send(requestTo(url));
      const told: string[] = [];
      const failed = new Promise<Error>((resolve) => {
        response.consume({
          data: (chunk) => void told.push(Buffer.from(chunk).toString()),
          end: () => resolve(new Error("ended")),
          failed: resolve,
        });
      });
      sent.open();
      expect(await failed).toMatchObject({ code: "upstream_disconnected" });
      expect(told).toEqual(["one"]);
      await expect(response.bytes(10)).rejects.toMatchObject({ code: "upstream_disconnected" });
    }
  });
});

describe("connections", () => {
  test("are used again, one after the other, and not at once", async () => {
    const own = freshClient();
    const { name, url } = script(json({}));
    const before = upstream.connections();
    for (let i = 0; i < 5; i++) await textOf(await own.send(requestTo(url)));
    expect(upstream.connections() - before).toBe(1);
    await Promise.all([1, 2, 3].map(async () => textOf(await own.send(requestTo(url)))));
    expect(upstream.connections() - before).toBe(3);
    expect(upstream.received(name)).toHaveLength(8);
    own.close();
    await until("the unused ones are closed", () => upstream.connections() === before);
  });

  test.each([
    ["connection: close", answer(200, { connection: "close" }, "hi")],
    [
      "a keep-alive of one second, which is too short to be sure",
      answer(200, { "keep-alive": "timeout=1" }, "hi"),
    ],
    [
      "bytes that belong to no answer",
      raw("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200", "keep-alive"),
    ],
    [
      "both a length and chunks",
      raw(
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        "keep-alive",
      ),
    ],
  ])("are not used again after %s", async (_, behaviour) => {
    const own = freshClient();
    const before = upstream.connections();
    expect(await textOf(await own.send(requestTo(script(behaviour).url)))).toBe("hi");
    await until("it is closed", () => upstream.connections() === before);
  });

  test("on which something comes unasked are closed, and it is nobody's answer", async () => {
    const own = freshClient();
    const late = gate();
    const { url } = script(async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi");
      await late.passed;
      await exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged");
      await exchange.left;
    });
    const before = upstream.connections();
    expect(await textOf(await own.send(requestTo(url)))).toBe("hi");
    late.open();
    await until("the connection is closed", () => upstream.connections() === before);
    expect(await textOf(await own.send(requestTo(script(answer(200, {}, "own")).url)))).toBe("own");
  });

  test("that were closed while unused are replaced without an error", async () => {
    const own = freshClient();
    const { name, url } = script(async (exchange) => {
      await json({})(exchange);
      exchange.end();
    });
    for (let i = 0; i < 20; i++)
      expect((await own.send(requestTo(url, { method: "POST" }))).status).toBe(200);
    expect(upstream.received(name)).toHaveLength(20);
  });

  test("that are closed as a request comes are replaced, and it is sent again", async () => {
    const own = freshClient();
    let times = 0;
    const { name, url } = script((exchange) =>
      times++ === 1 ? dropBeforeHead("reset")(exchange) : answer(200, {}, "hi")(exchange),
    );
    await textOf(await own.send(requestTo(url)));
    expect(
      await textOf(await own.send(requestTo(url, { method: "POST", body: plain(Buffer.from("x")) }))),
    ).toBe("hi");
    expect(upstream.received(name)).toHaveLength(3);
  });

  test("that break after the upstream had time to work are not replaced: nothing is asked twice unseen", async () => {
    const own = freshClient();
    let times = 0;
    const { name, url } = script(async (exchange) => {
      if (times++ === 0) return answer(200, {}, "hi")(exchange);
      await Bun.sleep(2200);
      exchange.reset();
    });
    await textOf(await own.send(requestTo(url)));
    await expect(own.send(requestTo(url))).rejects.toMatchObject({ code: "upstream_disconnected" });
    expect(upstream.received(name)).toHaveLength(2);
  });

  test("that are new and break are not replaced", async () => {
    const { name, url } = script(dropBeforeHead("close"));
    await expect(freshClient().send(requestTo(url))).rejects.toMatchObject({ code: "upstream_disconnected" });
    expect(upstream.received(name)).toHaveLength(1);
  });

  test("that stay unused for too long, or are too many, are closed", async () => {
    const before = upstream.connections();
    const own = freshClient({ idleTimeout: 30, maxIdle: 2 });
    const { url } = script(json({}));
    await Promise.all([1, 2, 3, 4].map(async () => textOf(await own.send(requestTo(url)))));
    expect(upstream.connections() - before).toBeLessThanOrEqual(4);
    await until("all are closed", () => upstream.connections() === before);
  });

  test("that are in use when the client is closed end with their exchange", async () => {
    const before = upstream.connections();
    const own = freshClient();
    const more = gate();
    const response = await own.send(requestTo(script(stream(["a", more.passed, "b"])).url));
    own.close();
    more.open();
    expect(await textOf(response)).toBe("ab");
    await until("it is closed", () => upstream.connections() === before);
  });

  test("to a port where nobody listens fail at once", async () => {
    const url = `http://127.0.0.1:${closedPort()}/`;
    await expect(client.send(requestTo(url))).rejects.toMatchObject({ code: "upstream_unreachable" });
    const named = "http://no-such-host.invalid/";
    await expect(client.send(requestTo(named))).rejects.toMatchObject({ code: "upstream_unreachable" });
  });
});

describe("back-pressure", () => {
  test("holds an endless upstream back, and keeps memory small", async () => {
    const { name, url } = script(endless("x".repeat(1000), "application/octet-stream"));
    const response = await client.send(requestTo(url));
    const exchange = await upstream.request(name);
    let received = 0;
    response.consume({
      ...ignore,
      data: (chunk) => {
        received += chunk.length;
      },
    });
    await until("something came", () => received > 0);
    response.pause();
    const stalled = await settled(exchange);
    const before = CAN_READ_PROC ? residentBytes(process.pid) : 0;
    const paused = received;
    await Bun.sleep(200);
    expect(received).toBe(paused);
    expect(exchange.bytesWritten).toBe(stalled);
    response.resume();
    await until("the rest flows", () => exchange.bytesWritten > stalled + 100 * 1024 * 1024);
    if (CAN_READ_PROC) expect(residentBytes(process.pid) - before).toBeLessThan(150 * 1024 * 1024);
    response.cancel();
    await exchange.left;
  }, 30_000);

  test("loses nothing when the upstream closes meanwhile", async () => {
    const size = 3 * 1024 * 1024;
    const { url } = script(async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\n\r\n");
      await exchange.write(Buffer.alloc(size, "x"));
      exchange.end();
    });
    const response = await client.send(requestTo(url));
    let received = 0;
    const ended = new Promise<Error | null>((resolve) => {
      response.consume({
        data: (chunk) => {
          received += chunk.length;
          response.pause();
          setTimeout(() => response.resume(), 1);
        },
        end: () => resolve(null),
        failed: resolve,
      });
    });
    expect(await ended).toBeNull();
    expect(received).toBe(size);
  });

  test("is no silence of the upstream's", async () => {
    const more = gate();
    const { url } = script(stream(["a", more.passed, "b"]));
    const response = await client.send(requestTo(url, { timeout: 60 }));
    response.pause();
    await Bun.sleep(200);
    more.open();
    expect(
      await new Promise((resolve) => {
        let text = "";
        response.consume({
          data: (chunk) => {
            text += Buffer.from(chunk).toString();
          },
          end: () => resolve(text),
          failed: resolve,
        });
        response.resume();
      }),
    ).toBe("ab");
  });

  /** Waits until the upstream can write no more. */
  async function settled(exchange: Exchange): Promise<number> {
    for (let last = -1; last !== exchange.bytesWritten; await Bun.sleep(100)) last = exchange.bytesWritten;
    return exchange.bytesWritten;
  }
});

describe("a client that leaves", () => {
  test("before anything was sent sends nothing", async () => {
    const { name, url } = script(json({}));
    const presence = new TestPresence();
    presence.leave();
    await expect(client.send(requestTo(url, { presence }))).rejects.toMatchObject({ code: "client_closed" });
    expect(upstream.received(name)).toHaveLength(0);
  });

  test("while the connection is made ends the wait", async () => {
    const presence = new TestPresence();
    const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    // A server that accepts and never shakes hands.
    const sent = client.send(
      requestTo(`https://localhost:${listener.port}/`, { presence, connectTimeout: 10_000 }),
    );
    await Bun.sleep(30);
    presence.leave();
    await expect(sent).rejects.toMatchObject({ code: "client_closed" });
    listener.stop(true);
  });

  test("while the answer is awaited closes the connection", async () => {
    const presence = new TestPresence();
    const { name, url } = script(hang());
    const sent = client.send(requestTo(url, { presence }));
    const exchange = await upstream.request(name);
    presence.leave();
    await expect(sent).rejects.toMatchObject({ code: "client_closed" });
    await exchange.left;
  });

  test("in mid-body closes the connection, and its consumer is told once", async () => {
    const presence = new TestPresence();
    const { name, url } = script(endless("x".repeat(1000), "text/plain"));
    const response = await client.send(requestTo(url, { presence }));
    const told: string[] = [];
    response.consume({
      data() {
        if (told.length === 0) presence.leave();
        else told.push("data after the end");
      },
      end: () => void told.push("end"),
      failed: (error) => void told.push((error as { code?: string }).code ?? "?"),
    });
    await (await upstream.request(name)).left;
    expect(told).toEqual(["client_closed"]);
  });

  test("after the answer is whole harms nothing", async () => {
    const presence = new TestPresence();
    const own = freshClient();
    const { url } = script(answer(200, {}, "hi"));
    const response = await own.send(requestTo(url, { presence }));
    expect(await textOf(response)).toBe("hi");
    const before = upstream.connections();
    presence.leave();
    expect(await textOf(await own.send(requestTo(url)))).toBe("hi");
    expect(upstream.connections()).toBe(before);
  });
});

describe("timeouts", () => {
  test("of a connection whose server never shakes hands", async () => {
    let closed = 0;
    const listener = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data() {}, close: () => void closed++ },
    });
    const url = `https://localhost:${listener.port}/`;
    await expect(client.send(requestTo(url, { connectTimeout: 50 }))).rejects.toMatchObject({
      code: "connect_timeout",
    });
    await expect(
      client.send(requestTo(url, { connectTimeout: 10_000, totalAt: performance.now() + 50 })),
    ).rejects.toMatchObject({ code: "total_timeout" });
    await until("both are closed", () => closed === 2);
    listener.stop(true);
  });

  test("of the first byte, of silence, and of the whole close the connection", async () => {
    const silent = script(hang());
    await expect(client.send(requestTo(silent.url, { timeout: 50 }))).rejects.toMatchObject({
      code: "first_byte_timeout",
    });
    const stuck = script(stream(["a"], { finish: "hang" }));
    const response = await client.send(requestTo(stuck.url, { timeout: 200 }));
    await expect(response.bytes(100)).rejects.toMatchObject({ code: "silence_timeout" });
    const long = script(endless("x", "text/plain"));
    const running = await client.send(requestTo(long.url, { totalAt: performance.now() + 600 }));
    const failure = new Promise((resolve) => running.consume({ ...ignore, failed: resolve }));
    expect(await failure).toMatchObject({ code: "total_timeout" });
    for (const { name } of [silent, stuck, long]) await (await upstream.request(name)).left;
  });

  test("do not strike an answer that is slow but not silent", async () => {
    const pieces = Array.from({ length: 8 }, () => [() => Bun.sleep(40), "x"]).flat();
    const response = await client.send(requestTo(script(stream(pieces)).url, { timeout: 150 }));
    expect(await textOf(response)).toBe("xxxxxxxx");
  });
});

describe("an upload", () => {
  const source = (chunks: (string | Promise<void>)[], cancelled?: () => void) =>
    new ReadableStream<Uint8Array>({
      async pull(controller) {
        const next = chunks.shift();
        if (next === undefined) controller.close();
        else if (typeof next === "string") controller.enqueue(Buffer.from(next));
        else await next;
      },
      ...(cancelled === undefined ? {} : { cancel: cancelled }),
    });

  test("goes out in chunks as it comes, or under the length that was stated", async () => {
    const { name, url } = script(json({}));
    await client.send(requestTo(url, { method: "POST", body: source(["one", "", "two"]) }));
    const chunked = await upstream.request(name, 0);
    expect(chunked.header("transfer-encoding")).toEqual(["chunked"]);
    expect(Buffer.from(await chunked.body).toString()).toBe("onetwo");
    const headerLines = "content-length: 6\r\n";
    await client.send(requestTo(url, { method: "POST", headerLines, body: source(["one", "two"]) }));
    const whole = await upstream.request(name, 1);
    expect(whole.header("transfer-encoding")).toEqual([]);
    expect(whole.header("content-length")).toEqual(["6"]);
    expect(Buffer.from(await whole.body).toString()).toBe("onetwo");
  });

  test("is read only as fast as the upstream takes it", async () => {
    let pulled = 0;
    const { promise: paused, resolve: resume } = Promise.withResolvers<void>();
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket) {
          socket.pause();
          void paused.then(() => {
            socket.write("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
          });
        },
      },
    });
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pulled++;
        controller.enqueue(Buffer.alloc(65_536));
      },
    });
    const sent = client.send(requestTo(`http://127.0.0.1:${server.port}/`, { method: "POST", body }));
    await until("the upload has begun", () => pulled > 5);
    for (let last = -1; last !== pulled; await Bun.sleep(100)) last = pulled;
    expect(pulled).toBeLessThan(1000);
    resume();
    expect((await sent).status).toBe(200);
    server.stop(true);
  });

  test("is given up when the answer comes first, though the client sends nothing more", async () => {
    const cancelled = gate();
    const never = new Promise<void>(() => undefined);
    const { url } = script(async (exchange) => {
      await exchange.write("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
      await exchange.left;
    });
    const before = upstream.connections();
    const response = await client.send(
      requestTo(url, { method: "POST", body: source(["one", never], cancelled.open) }),
    );
    expect([response.status, await textOf(response)]).toEqual([413, "no"]);
    await cancelled.passed;
    await until("the connection is closed", () => upstream.connections() === before);
  });

  test("that the client breaks off ends the exchange", async () => {
    const { name, url } = script(json({}));
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from("one")),
      pull: () => Promise.reject(new Error("gone")),
    });
    await expect(client.send(requestTo(url, { method: "POST", body: body }))).rejects.toMatchObject({
      code: "client_closed",
    });
    await (await upstream.request(name)).left;
  });

  test("is not sent again on another connection", async () => {
    const own = freshClient();
    const { name, url } = script((exchange) =>
      upstream.received(name).length === 2 ? dropBeforeHead("reset")(exchange) : json({})(exchange),
    );
    await textOf(await own.send(requestTo(url)));
    const body = source(["one"]);
    await expect(own.send(requestTo(url, { method: "POST", body: body }))).rejects.toMatchObject({
      code: "upstream_disconnected",
    });
    expect(upstream.received(name)).toHaveLength(2);
  });
});

test("a large body is whole, also when its reader comes late", async () => {
  const response = await client.send(requestTo(script(large(5 * 1024 * 1024)).url));
  await Bun.sleep(50);
  expect((await response.bytes(5 * 1024 * 1024))?.length).toBe(5 * 1024 * 1024);
});
