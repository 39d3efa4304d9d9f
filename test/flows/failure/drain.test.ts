import { afterEach, beforeEach, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatChunk, chatProvider, chatText } from "../../support/chat.ts";
import { RawClient } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { gate, until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway | undefined;
beforeEach(() => {
  upstream = startFaultUpstream();
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  upstream.stop();
});

async function start(drainTimeout: number): Promise<Gateway> {
  gateway = await startGateway({
    config: {
      server: { drain_timeout: drainTimeout },
      providers: {
        up: chatProvider(`${upstream.url}/up`),
        well: chatProvider(`${upstream.url}/well`),
      },
    },
  });
  return gateway;
}

/** Whether a new request is served: a refusal, by status or by a closed port, is not. */
async function isServing(running: Gateway): Promise<boolean> {
  try {
    return (await chat(running, "well")).status === 200;
  } catch {
    return false;
  }
}

test.each(["SIGTERM", "SIGINT"] as const)(
  "after %s a running stream is finished, nothing new is begun, and the exit code is 0",
  async (signal) => {
    const running = await start(60);
    const door = gate();
    const events = sseEvents(chatChunk("before"), chatChunk("after"), "[DONE]");
    upstream.script("well", json(CHAT_ANSWER));
    upstream.script("up", stream([events[0]!, door.passed, ...events.slice(1)]));
    const client = await RawClient.connect(running.url);
    await client.send(chatText(running, "up", { stream: true }));
    await client.untilText("before");

    running.signal(signal);
    await until("new requests are refused", async () => !(await isServing(running)));
    door.open();
    expect((await client.response()).text).toBe(events.join(""));
    expect(await running.exited).toBe(0);
  },
);

test("streams that outlast the drain timeout are ended with an error event, and the exit code is 0", async () => {
  const running = await start(1);
  upstream.script("up", stream(sseEvents(chatChunk("before")), { finish: "hang" }));
  const client = await RawClient.connect(running.url);
  await client.send(chatText(running, "up", { stream: true }));
  await client.untilText("before");

  running.signal("SIGTERM");
  const { text } = await client.response();
  expect(JSON.parse(text.trimEnd().split("\n\ndata: ").at(-1)!).error.code).toBe("draining");
  expect(await running.exited).toBe(0);
  await upstream.received("up")[0]!.left;
});

test("an idle keep-alive connection does not hold the end up", async () => {
  const running = await start(60);
  upstream.script("well", json(CHAT_ANSWER));
  const client = await RawClient.connect(running.url);
  await client.send(chatText(running, "well"));
  await client.response();
  running.signal("SIGTERM");
  expect(await running.exited).toBe(0);
});
