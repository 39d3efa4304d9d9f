import { afterAll, expect, test } from "bun:test";
import { RawClient, requestText } from "../../test/support/client.ts";
import { until } from "../../test/support/until.ts";
import { Deadlines } from "../lib/deadlines.ts";
import { ClientPresence } from "./client-presence.ts";

const deadlines = new Deadlines(5);
const presences = new Map<string, { presence: ClientPresence; gone: number }>();
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  development: false,
  fetch(request, self) {
    const seen = { presence: new ClientPresence(request, self, deadlines), gone: 0 };
    seen.presence.onGone = () => seen.gone++;
    presences.set(new URL(request.url).pathname, seen);
    return new Promise<Response>(() => undefined);
  },
});
afterAll(() => server.stop(true));

async function ask(path: string) {
  const client = await RawClient.connect(`http://127.0.0.1:${server.port}`);
  await client.send(requestText("GET", path, {}));
  const seen = await until("the request is there", () => presences.get(path));
  return { client, seen };
}

test.each([
  ["at once", 0],
  ["after a while", 150],
])("a client that leaves %s is noticed, once", async (_, after) => {
  const { client, seen } = await ask(`/leaves-${after}`);
  await Bun.sleep(after);
  expect([seen.presence.gone, seen.gone]).toEqual([false, 0]);
  client.reset();
  await until("it is noticed", () => seen.gone > 0);
  await Bun.sleep(100);
  expect([seen.presence.gone, seen.gone]).toEqual([true, 1]);
});

test("a client that stays is not taken for one that left", async () => {
  const { client, seen } = await ask("/stays");
  await Bun.sleep(200);
  expect([seen.presence.gone, seen.gone]).toEqual([false, 0]);
  client.close();
});

test.each([
  ["at once", 0],
  ["after a while", 150],
])("when the request has ended, %s, nobody is told any more", async (_, after) => {
  const { client, seen } = await ask(`/ends-${after}`);
  await Bun.sleep(after);
  seen.presence.end();
  client.reset();
  await Bun.sleep(150);
  expect(seen.gone).toBe(0);
});

test("whoever listens when the client leaves is told, not who listened before", async () => {
  const { client, seen } = await ask("/changes");
  let told = 0;
  seen.presence.onGone = () => told++;
  client.reset();
  await until("it is noticed", () => told > 0);
  expect([told, seen.gone]).toEqual([1, 0]);
});
