import { afterAll, beforeAll, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatChunk, chatProvider, chatText } from "../../support/chat.ts";
import { RawClient } from "../../support/client.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json, sseEvents, stream } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { gate, until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
const provider = (name: string) => chatProvider(`${upstream.url}/${name}`);
const statusOf = async (name: string) => (await chat(gateway, name)).status;

beforeAll(async () => {
  upstream = startFaultUpstream();
  for (const name of ["one", "two", "three"]) upstream.script(name, json(CHAT_ANSWER));
  gateway = await startGateway({ config: { providers: { one: provider("one") } } });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

test("a changed file takes effect by itself", async () => {
  expect(await statusOf("two")).toBe(404);
  gateway.writeConfig({ providers: { one: provider("one"), two: provider("two") } });
  await until("the new provider answers", async () => (await statusOf("two")) === 200);
  expect(await statusOf("one")).toBe(200);
});

test("a reload by SIGHUP drops no running stream, though its provider goes", async () => {
  const door = gate();
  const events = sseEvents(chatChunk("before"), chatChunk("after"), "[DONE]");
  upstream.script("one", stream([events[0]!, door.passed, ...events.slice(1)]));
  const client = await RawClient.connect(gateway.url);
  await client.send(chatText(gateway, "one", { stream: true }));
  await client.untilText("before");

  gateway.writeConfig({ providers: { three: provider("three") } });
  gateway.signal("SIGHUP");
  await until("the new provider answers", async () => (await statusOf("three")) === 200);
  expect(await statusOf("one")).toBe(404);
  door.open();
  expect((await client.response()).text).toBe(events.join(""));
  client.close();
});

test("an invalid file is refused and said so; the configuration before it stays", async () => {
  gateway.writeConfig({ providers: { three: { ...provider("three"), tiemout: 5 } } });
  gateway.signal("SIGHUP");
  await until("the refusal is logged", () => gateway.output().includes("tiemout"));
  expect(gateway.output()).toContain("timeout");
  expect(await statusOf("three")).toBe(200);
  gateway.writeConfig("providers: [unclosed");
  gateway.signal("SIGHUP");
  await until("the refusal is logged", () => gateway.output().includes("amsterdam.yaml:1"));
  expect(await statusOf("three")).toBe(200);
});

test("requests go on without a failure while the file changes again and again", async () => {
  let changing = true;
  const statuses = new Set<number>();
  const asking = Array.from({ length: 4 }, async () => {
    while (changing) statuses.add(await statusOf("three"));
  });
  for (let n = 0; n < 20; n++) {
    const extra = `extra-${n}`;
    gateway.writeConfig({ providers: { three: provider("three"), [extra]: provider("two") } });
    gateway.signal("SIGHUP");
    await until("the change has taken effect", async () => (await statusOf(extra)) === 200);
  }
  changing = false;
  await Promise.all(asking);
  expect([...statuses]).toEqual([200]);
});
