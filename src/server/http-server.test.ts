import { describe, expect, test } from "bun:test";
import { RawClient, rawRequest, requestText } from "../../test/support/client.ts";
import { until } from "../../test/support/until.ts";
import type { Logger } from "../lib/logger.ts";
import { type Handler, type HttpServer, ListenError, startHttpServer } from "./http-server.ts";
import { withServiceDoors } from "./service-doors.ts";

const logged: unknown[] = [];
const logger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error: (message, fields) => logged.push([message, fields?.error]),
};

const start = (handle: Handler, over: { hostname?: string; port?: number } = {}): HttpServer =>
  startHttpServer({ hostname: "127.0.0.1", port: 0, logger, handle, ...over });

describe("the server", () => {
  test("answers what its handler says, at its address", async () => {
    const server = start((request) => new Response(request.method));
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
      expect(await (await fetch(server.url, { method })).text()).toBe(method);
    expect((await fetch(server.url, { method: "HEAD" })).status).toBe(200);
    await server.close();
  });

  test("says what is wrong with an address that is taken, or is not this machine's", async () => {
    const server = start(() => new Response());
    const again = () => start(() => new Response(), { port: server.port });
    expect(again).toThrow(ListenError);
    expect(again).toThrow(`Port ${server.port} on 127.0.0.1 is in use`);
    expect(() => start(() => new Response(), { hostname: "192.0.2.1" })).toThrow(ListenError);
    await server.close();
  });

  test.each(["nohost.invalid", "no host", "::zz"])("says that %s cannot be resolved", (hostname) => {
    const attempt = () => start(() => new Response(), { hostname });
    expect(attempt).toThrow(ListenError);
    expect(attempt).toThrow(`"${hostname}" cannot be resolved`);
    expect(attempt).toThrow("HOST");
  });

  test("that finds a name's port taken says so, and not that the name is unknown", async () => {
    const server = start(() => new Response(), { hostname: "localhost" });
    const again = () => start(() => new Response(), { hostname: "localhost", port: server.port });
    expect(again).toThrow(`Port ${server.port} on localhost is in use`);
    await server.close();
  });

  test("answers 500 and logs it where its handler fails, and serves on", async () => {
    const server = start((request) => {
      if (request.url.endsWith("/fine")) return new Response("fine");
      throw new Error("a secret cause");
    });
    const response = await fetch(`${server.url}/x`);
    const body = await response.text();
    expect([response.status, JSON.parse(body).error.code, body.includes("secret")]).toEqual([
      500,
      "gateway_error",
      false,
    ]);
    expect(logged).toContainEqual([
      "A response could not be made",
      expect.objectContaining({ message: "a secret cause" }),
    ]);
    expect(await (await fetch(`${server.url}/fine`)).text()).toBe("fine");
    await server.close();
  });

  test("that stops accepting finishes what it is answering", async () => {
    const go = Promise.withResolvers<void>();
    let asked = 0;
    const server = start(async () => {
      asked++;
      await go.promise;
      return new Response("done");
    });
    const client = await RawClient.connect(server.url);
    await client.send(requestText("GET", "/", {}));
    await until("the request is there", () => asked === 1);
    server.stopAccepting();
    await expect(RawClient.connect(server.url).then((late) => late.untilClosed())).rejects.toThrow();
    go.resolve();
    expect((await client.response()).text).toBe("done");
    await server.close();
  });

  test("that is closed ends every connection", async () => {
    const server = start(() => new Promise<Response>(() => undefined));
    const client = await RawClient.connect(server.url);
    await client.send(requestText("GET", "/", {}));
    await Bun.sleep(20);
    await server.close();
    await client.untilClosed();
  });

  test("refuses requests that two parsers could read in two ways", async () => {
    let reached = 0;
    const server = start(async (request) => {
      await request.text();
      reached++;
      return new Response("read");
    });
    const head = "POST / HTTP/1.1\r\nHost: a\r\n";
    const texts = [
      "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
      "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 5x\r\n\r\nhello",
      "Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
      "Content-Length : 5\r\n\r\nhello",
    ];
    for (const text of texts) {
      const client = await RawClient.connect(server.url);
      await client.send(head + text);
      const response = await client.response();
      expect([text, response.status]).toEqual([text, 400]);
      await client.untilClosed();
    }
    expect(reached).toBe(0);
    await server.close();
  });

  test("prints nothing of its own when an answer is broken off", async () => {
    const program = `
      import { startHttpServer } from ${JSON.stringify(`${import.meta.dirname}/http-server.ts`)};
      const pull = (controller) => {
        controller.write("half"); controller.flush();
        return new Promise((_, reject) => setTimeout(() => reject(new Error("broken off")), 20));
      };
      const handle = () => new Response(new ReadableStream({ type: "direct", pull }));
      const logger = { error: (message) => console.log(message) };
      const server = startHttpServer({ hostname: "127.0.0.1", port: 0, logger, handle });
      await fetch(server.url).then((response) => response.text()).catch(() => console.log("cut"));
      process.exit(0);`;
    const child = Bun.spawn([process.execPath, "-e", program], { stdout: "pipe", stderr: "pipe" });
    const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect([output, errors]).toEqual(["cut\n", ""]);
  });
});

describe("service doors", () => {
  const doors = { "/": () => new Response("front"), "/health": () => Response.json({ status: "ok" }) };

  test("answer GET and HEAD at their paths alone, and leave the rest to others", async () => {
    const server = start(
      withServiceDoors(doors, (request) => new Response(`next ${new URL(request.url).pathname}`)),
    );
    const get = async (path: string, method = "GET") => {
      const response = await rawRequest(server.url, requestText(method, path, {}));
      return [response.status, response.text, response.header("allow")[0] ?? null];
    };
    expect(await get("/")).toEqual([200, "front", null]);
    expect(await get("/health?verbose=1")).toEqual([200, '{"status":"ok"}', null]);
    expect(await get("/health", "POST")).toEqual([405, "", "GET, HEAD"]);
    for (const path of ["/health/", "/Health", "/constructor", "/v1/x"])
      expect(await get(path)).toEqual([200, `next ${path}`, null]);
    expect((await fetch(`${server.url}/health`, { method: "HEAD" })).status).toBe(200);
    await server.close();
  });

  test("do not answer for a path that only the Host header names", async () => {
    const server = start(withServiceDoors(doors, () => new Response("next")));
    const response = await rawRequest(server.url, "GET /v1/x HTTP/1.1\r\nHost: a/health#\r\n\r\n");
    expect(response.text).toBe("next");
    await server.close();
  });
});
