import { afterEach, describe, expect, test } from "bun:test";
import { rawRequest, requestText } from "../../test/support/client.ts";
import { until } from "../../test/support/until.ts";
import type { Logger } from "../lib/logger.ts";
import { type HttpServer, startHttpServer } from "./http-server.ts";
import { CLOSE_CODES, type Socket, type SocketTalk, type WebSocketDoor } from "./web-sockets.ts";

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Answers each message with itself in capitals, and tells what happened to it. */
class Echo implements SocketTalk {
  socket: Socket | null = null;
  readonly happened: string[] = [];
  opened(socket: Socket): void {
    this.socket = socket;
  }
  message(text: string): void {
    this.socket?.send(text.toUpperCase());
  }
  drain(): void {
    this.happened.push("drain");
    this.socket?.close(CLOSE_CODES.goingAway, "bye");
  }
  closed(): void {
    this.happened.push("closed");
  }
}

let servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers) await server.close();
  servers = [];
});

function start(door: Partial<WebSocketDoor> & Pick<WebSocketDoor, "accept">): HttpServer {
  const server = startHttpServer({
    hostname: "127.0.0.1",
    port: 0,
    logger,
    handle: (request) => new Response(`http ${new URL(request.url).pathname}`),
    webSocketDoor: { path: "/talk", maxMessageBytes: 1000, stallTimeout: 1000, ...door },
  });
  servers.push(server);
  return server;
}

interface Client {
  readonly ws: WebSocket;
  readonly messages: string[];
  readonly closed: Promise<{ code: number; reason: string }>;
}

async function connect(server: HttpServer, path = "/talk"): Promise<Client> {
  const ws = new WebSocket(`${server.url.replace("http", "ws")}${path}`);
  const messages: string[] = [];
  ws.addEventListener("message", (event) => messages.push(String(event.data)));
  const { promise: closed, resolve } = Promise.withResolvers<{ code: number; reason: string }>();
  ws.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
  await new Promise<void>((opened, failed) => {
    ws.addEventListener("open", () => opened());
    ws.addEventListener("error", () => failed(new Error("refused")));
  });
  return { ws, messages, closed };
}

const UPGRADE = {
  connection: "Upgrade",
  upgrade: "WebSocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

describe("a WebSocket door", () => {
  test("hands messages over in both directions, and tells of the end", async () => {
    const talk = new Echo();
    const client = await connect(start({ accept: () => talk }), "/talk?x=1");
    client.ws.send("łódź 🚋");
    await until("the echo", () => client.messages.length === 1);
    expect(client.messages).toEqual(["ŁÓDŹ 🚋"]);
    client.ws.close();
    await until("the end", () => talk.happened.includes("closed"));
  });

  test("is a door for sockets alone: other requests and paths go to the handler", async () => {
    const server = start({ accept: () => new Echo() });
    expect(await (await fetch(`${server.url}/talk`)).text()).toBe("http /talk");
    expect(await (await fetch(`${server.url}/talk`, { method: "POST" })).text()).toBe("http /talk");
    const other = await rawRequest(server.url, requestText("GET", "/talk/more", UPGRADE));
    expect(other.text).toBe("http /talk/more");
  });

  test("refuses with a response of its own", async () => {
    const server = start({ accept: () => Response.json({ no: true }, { status: 401 }) });
    const refusal = await rawRequest(server.url, requestText("GET", "/talk", UPGRADE));
    expect([refusal.status, refusal.text]).toEqual([401, '{"no":true}']);
    await expect(connect(server)).rejects.toThrow("refused");
  });

  test("answers 400 to a handshake that is none, and gives the talk up", async () => {
    const talk = new Echo();
    const server = start({ accept: () => talk });
    const { "sec-websocket-key": _key, ...incomplete } = UPGRADE;
    const answer = await rawRequest(server.url, requestText("GET", "/talk", incomplete));
    expect([answer.status, talk.happened]).toEqual([400, ["closed"]]);
  });

  test("closes on a message that is too long, and on one that is no text", async () => {
    const server = start({ accept: () => new Echo() });
    const long = await connect(server);
    long.ws.send("x".repeat(1000));
    await until("the echo", () => long.messages.length === 1);
    long.ws.send("x".repeat(1001));
    expect([1006, 1009]).toContain((await long.closed).code);
    const binary = await connect(server);
    binary.ws.send(new Uint8Array([1]));
    expect((await binary.closed).code).toBe(1003);
  });

  test("drains: open talks are told, and no new one is begun", async () => {
    const talk = new Echo();
    const server = start({ accept: () => talk });
    const client = await connect(server);
    server.stopAccepting();
    expect(await client.closed).toEqual({ code: 1001, reason: "bye" });
    await expect(connect(server)).rejects.toThrow();
  });

  test("waits for a client that reads slowly, and cuts off one that does not read", async () => {
    const talk = new Echo();
    const server = start({ accept: () => talk, stallTimeout: 300 });
    // A raw socket that shakes hands and never reads again.
    const client = await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: { data: (socket) => void socket.pause() },
    });
    client.write(requestText("GET", "/talk", { host: "x", ...UPGRADE }));
    await until("it is open", () => talk.socket !== null);
    const socket = talk.socket!;
    const large = "x".repeat(1_000_000);
    let sent = 0;
    while (socket.send(large) && sent < 40) sent++;
    expect(sent).toBeLessThan(40);
    const from = performance.now();
    await socket.writable();
    expect(performance.now() - from).toBeGreaterThan(250);
    await until("it is cut off", () => talk.happened.includes("closed"));
    client.end();
  });
});
