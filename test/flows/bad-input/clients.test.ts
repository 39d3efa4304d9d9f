import { afterAll, beforeAll, expect, test } from "bun:test";
import { chatChunk, chatProvider, chatText } from "../../support/chat.ts";
import { RawClient, rawRequest } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { endless, hang, json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { CAN_READ_PROC, openConnections } from "../../support/process-facts.ts";
import { until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
const FOREVER = endless("data: {}\n\n", "text/event-stream");

beforeAll(async () => {
  upstream = startFaultUpstream();
  const scripts = {
    well: json({}),
    hang: hang(),
    open: stream(sseEvents(chatChunk("one")), { finish: "hang" }),
    endless: FOREVER,
    unread: FOREVER,
  };
  const provider = (name: keyof typeof scripts) => chatProvider(upstream.script(name, scripts[name]));
  gateway = await startGateway({
    config: {
      server: { body_timeout: 30, stall_timeout: 2 },
      breaker: { enabled: false },
      providers: {
        well: provider("well"),
        hang: provider("hang"),
        open: provider("open"),
        endless: provider("endless"),
        unread: provider("unread"),
      },
    },
  });
});

afterAll(async () => {
  // Whatever its clients did, the gateway holds no connection of theirs and none to an upstream that is still busy.
  if (CAN_READ_PROC)
    await until(
      "the gateway has closed every client's connection",
      () => openConnections(gateway.port) === 0,
    );
  for (const name of ["hang", "open", "endless", "unread"]) {
    for (const exchange of upstream.received(name)) await exchange.left;
  }
  expect(gateway.logs().filter((line) => line.error === "gateway_error")).toEqual([]);
  expect(await gateway.stop()).toBe(0);
  upstream.stop();
});

const leave = [
  ["in order", (client: RawClient) => client.close()],
  ["by a reset", (client: RawClient) => client.reset()],
] as const;

test.each(leave)("a client may leave %s within the head and within the body", async (_, go) => {
  const text = chatText(gateway, "well");
  for (const length of [1, 10, text.indexOf("\r\n\r\n") + 2, text.indexOf("\r\n\r\n") + 4, text.length - 1]) {
    const client = await RawClient.connect(gateway.url);
    await client.send(text.subarray(0, length));
    go(client);
    await client.untilClosed();
  }
  expect(upstream.received("well")).toEqual([]);
});

test.each(leave)(
  "a client that leaves %s while it waits for the first byte ends the upstream's work",
  async (_, go) => {
    const before = upstream.received("hang").length;
    const client = await RawClient.connect(gateway.url);
    await client.send(chatText(gateway, "hang"));
    const exchange = await upstream.request("hang", before);
    go(client);
    await exchange.left;
  },
);

test.each(leave)(
  "a client that leaves %s in the middle of a stream ends the upstream's work",
  async (_, go) => {
    for (const name of ["open", "endless"]) {
      const before = upstream.received(name).length;
      const client = await RawClient.connect(gateway.url);
      await client.send(chatText(gateway, name, { stream: true }));
      await client.untilText("data: ");
      go(client);
      await (await upstream.request(name, before)).left;
    }
  },
);

test("a client that leaves right after it has sent its request costs no more than that", async () => {
  for (let n = 0; n < 20; n++) {
    const client = await RawClient.connect(gateway.url);
    await client.send(chatText(gateway, "hang"));
    client.reset();
  }
  expect((await rawRequest(gateway.url, chatText(gateway, "well"))).status).toBe(200);
});

test("a client that does not read holds the upstream back, and is given up after the stall timeout", async () => {
  const client = await RawClient.connect(gateway.url);
  client.pause();
  await client.send(chatText(gateway, "unread", { stream: true }));
  const exchange = await upstream.request("unread");
  await exchange.left;
  // What fits into the socket buffers of three hops, not what an upstream can send in two seconds.
  expect(exchange.bytesWritten).toBeLessThan(64 * 1024 * 1024);
  client.reset();
});

test("pipelined requests are answered in order, or the connection is closed", async () => {
  const client = await RawClient.connect(gateway.url);
  const text = chatText(gateway, "well");
  await client.send(Buffer.concat([text, text]));
  for (let n = 0; n < 2; n++) {
    await until("an answer or the end", () => client.closed || client.received.length > 0);
    if (client.received.length > 0) expect((await client.response()).status).toBe(200);
  }
  client.close();
});
