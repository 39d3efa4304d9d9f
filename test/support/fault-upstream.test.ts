import { afterAll, describe, expect, test } from "bun:test";
import { RawClient, rawRequest, requestText } from "./client.ts";
import { startFaultUpstream } from "./fault-upstream.ts";
import * as faults from "./faults.ts";
import { closedPort } from "./raw-server.ts";
import { gate, until } from "./until.ts";

const upstream = startFaultUpstream();
afterAll(() => upstream.stop());

describe("the fault upstream", () => {
  test("answers well when it is told to, and keeps the request as it came", async () => {
    const url = upstream.script("well", faults.json({ ok: true }));
    const response = await fetch(`${url}/a?b=c`, {
      method: "POST",
      body: "héllo",
      headers: { "X-One": "1" },
    });
    expect(await response.json()).toEqual({ ok: true });
    const request = await upstream.request("well");
    expect(request.target).toBe("/well/a?b=c");
    expect(request.header("x-one")).toEqual(["1"]);
    expect(Buffer.from(await request.body).toString()).toBe("héllo");
    expect(request.leftAt).toBeNull();
  });

  test("reads chunked bodies and several requests on one connection", async () => {
    upstream.script("twice", faults.json(1));
    const client = await RawClient.connect(upstream.url);
    const body = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    await client.send(requestText("POST", "/twice", { "transfer-encoding": "chunked" }) + body);
    await client.response();
    await client.send(requestText("GET", "/twice", {}));
    expect((await client.response()).text).toBe("1");
    const first = await upstream.request("twice");
    expect(Buffer.from(await first.body).toString()).toBe("abcde");
    client.close();
  });

  test("notes when the peer leaves", async () => {
    upstream.script("hang", faults.hang());
    const client = await RawClient.connect(upstream.url);
    await client.send(requestText("GET", "/hang", {}));
    const request = await upstream.request("hang");
    client.reset();
    await request.left;
    expect(request.leftAt).toBeGreaterThan(0);
  });

  test("holds an endless stream back when the peer does not read", async () => {
    upstream.script("endless", faults.endless("x".repeat(1000), "text/plain"));
    const client = await RawClient.connect(upstream.url);
    client.pause();
    await client.send(requestText("GET", "/endless", {}));
    const request = await upstream.request("endless");
    let before = -1;
    await until("the sender stands still", async () => {
      const still = request.bytesWritten > 0 && request.bytesWritten === before;
      before = request.bytesWritten;
      await Bun.sleep(50);
      return still;
    });
    expect(request.bytesWritten).toBeLessThan(64_000_000);
    client.reset();
    await request.left;
  });

  test("breaks off, resets and closes as scripted", async () => {
    upstream.script("short", faults.wrongLength(100, "{}"));
    upstream.script("nothing", faults.dropBeforeHead("close"));
    upstream.script("reset", faults.stream(["one"], { finish: "reset" }));
    upstream.script("cut", faults.stream(["one"], { finish: "close" }));
    upstream.script("half", faults.raw("HTTP/1.1 200 OK\r\n", "half-close"));
    for (const name of ["short", "nothing", "reset", "cut", "half"]) {
      await expect(rawRequest(upstream.url, requestText("GET", `/${name}`, {}))).rejects.toThrow(
        "The server closed",
      );
    }
    await until("all have come", () => upstream.received("half").length === 1);
  });

  test("waits in mid-stream for a gate", async () => {
    const door = gate();
    upstream.script(
      "gated",
      faults.stream([...faults.sseEvents({ n: 1 }), door.passed, ...faults.sseEvents({ n: 2 })]),
    );
    const client = await RawClient.connect(upstream.url);
    await client.send(requestText("GET", "/gated", {}));
    await client.untilText('{"n":1}');
    expect(client.text()).not.toContain('{"n":2}');
    door.open();
    expect((await client.response()).text).toBe('data: {"n":1}\n\ndata: {"n":2}\n\n');
    client.close();
  });

  test("compresses in every encoding so that a client can undo it", async () => {
    for (const encoding of ["gzip", "br", "zstd", "deflate"] as const) {
      const url = upstream.script(encoding, faults.compressed(encoding, "application/json", '{"a":1}'));
      const response = await fetch(url);
      expect(response.headers.get("content-encoding")).toBe(encoding);
      expect(await response.json()).toEqual({ a: 1 });
    }
  });

  test("fails a number of times, then answers; interim answers come before the answer", async () => {
    upstream.script("flaky", faults.flaky(2, faults.json({}, 503), faults.interim(faults.json({ ok: 1 }))));
    const statuses: string[] = [];
    for (let n = 0; n < 3; n++) {
      const client = await RawClient.connect(upstream.url);
      await client.send(requestText("GET", "/flaky", {}));
      statuses.push((await client.head()).start.split(" ")[1] ?? "");
      client.close();
    }
    expect(statuses).toEqual(["503", "503", "100"]);
  });

  test("a closed port refuses connections", async () => {
    await expect(fetch(`http://127.0.0.1:${closedPort()}`)).rejects.toThrow();
  });
});
