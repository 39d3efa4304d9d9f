import { afterAll, beforeAll, expect, test } from "bun:test";
import { chat, chatChunk, chatProvider } from "../../support/chat.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import * as faults from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import type { Behaviour } from "../../support/raw-server.ts";
import { until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
beforeAll(async () => {
  upstream = startFaultUpstream();
  gateway = await startGateway({
    config: {
      breaker: { enabled: false },
      providers: { up: chatProvider(`${upstream.url}/up`) },
    },
  });
});
afterAll(async () => {
  expect(gateway.logs().filter((line) => line.error === "gateway_error")).toEqual([]);
  await gateway.stop();
  upstream.stop();
});

const event = faults.sseEvents(chatChunk("one"));
const jsonHeaders = { headers: { "content-type": "application/json" } };

/** Where a request may be when its client leaves, and whether the client has had the answer's head by then. */
const STAGES: [stage: string, behaviour: Behaviour, stream: boolean, begun: boolean][] = [
  ["waits for the status line", faults.hang(), false, false],
  ["waits for a stream's status line", faults.hang(), true, false],
  ["waits within the head", faults.raw("HTTP/1.1 200 OK\r\ncontent-type: te", "hang"), true, false],
  ["waits for a stream's first event", faults.stream([], { finish: "hang" }), true, false],
  [
    "waits for the rest of a whole answer",
    faults.stream(['{"id":'], { ...jsonHeaders, finish: "hang" }),
    false,
    false,
  ],
  ["waits between two events", faults.stream(event, { finish: "hang" }), true, true],
  ["waits within an event", faults.stream([...event, "data: {"], { finish: "hang" }), true, true],
  ["receives without pause", faults.endless("data: {}\n\n", "text/event-stream"), true, true],
];

test.each(STAGES)(
  "a client that leaves while it %s ends the upstream's work within a second",
  async (_, behaviour, stream, begun) => {
    upstream.script("up", behaviour);
    const before = upstream.received("up").length;
    const leave = new AbortController();
    const asked = chat(gateway, "up", { stream, signal: leave.signal });
    const ending = asked.then(
      () => "answered",
      () => "left",
    );
    const exchange = await upstream.request("up", before);
    if (begun) await (await asked).body!.getReader().read();
    const left = performance.now();
    leave.abort();
    await exchange.left;
    expect(exchange.leftAt! - left).toBeLessThan(1000);
    expect(await ending).toBe(begun ? "answered" : "left");
  },
);

test("what a client that left had asked for is logged as closed by the client", async () => {
  const closed = () => gateway.logs().filter((line) => line.error === "client_closed").length;
  await until("every one is logged", () => closed() >= STAGES.length);
});
