import { afterAll, beforeAll, expect, test } from "bun:test";
import { CHAT_ANSWER, chat, chatProvider, errorOf } from "../../support/chat.ts";
import { type FaultUpstream, startFaultUpstream } from "../../support/fault-upstream.ts";
import { json } from "../../support/faults.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

let upstream: FaultUpstream;
let gateway: Gateway;
const UPSTREAMS = ["opens", "recovers", "relapses", "refuses", "limits"] as const;

beforeAll(async () => {
  upstream = startFaultUpstream();
  const breaker = (open: number) => ({ failure_share: 0.5, window: 60, minimum_calls: 4, open });
  const provider = (name: string, open: number) => [
    name,
    chatProvider(`${upstream.url}/${name}`, { breaker: breaker(open) }),
  ];
  gateway = await startGateway({
    config: {
      global_retry: { max_attempts: 1 },
      providers: Object.fromEntries(UPSTREAMS.map((name) => provider(name, name === "opens" ? 600 : 1))),
    },
  });
});
afterAll(async () => {
  await gateway.stop();
  upstream.stop();
});

/** Asks `count` times in turn and returns the statuses. */
async function statuses(name: string, count: number): Promise<number[]> {
  const found: number[] = [];
  for (let n = 0; n < count; n++) found.push((await chat(gateway, name)).status);
  return found;
}

test("an upstream that keeps failing is spared, and the client is told when to come again", async () => {
  upstream.script("opens", json({}, 500));
  expect(await statuses("opens", 4)).toEqual([500, 500, 500, 500]);
  const response = await chat(gateway, "opens");
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await errorOf(response)).toMatchObject({ status: 503, code: "breaker_open" });
  expect(await statuses("opens", 5)).toEqual([503, 503, 503, 503, 503]);
  expect(upstream.received("opens")).toHaveLength(4);
  const health = await (
    await fetch(`${gateway.url}/health/detailed`, { headers: { authorization: `Bearer ${gateway.key}` } })
  ).text();
  expect(health).toContain('"open"');
});

test("after a time one request is let through, and its success closes the breaker", async () => {
  upstream.script("recovers", json({}, 500));
  await statuses("recovers", 4);
  expect(await statuses("recovers", 1)).toEqual([503]);
  upstream.script("recovers", json(CHAT_ANSWER));
  await until(
    "the breaker lets a request through",
    async () => (await chat(gateway, "recovers")).status === 200,
  );
  expect(await statuses("recovers", 5)).toEqual([200, 200, 200, 200, 200]);
});

test("the failure of the request that was let through opens it again at once", async () => {
  upstream.script("relapses", json({}, 500));
  await statuses("relapses", 4);
  const before = upstream.received("relapses").length;
  await until(
    "the breaker lets a request through",
    async () => (await chat(gateway, "relapses")).status === 500,
  );
  expect(await statuses("relapses", 3)).toEqual([503, 503, 503]);
  expect(upstream.received("relapses")).toHaveLength(before + 1);
});

test("refusals and limits are answers of an upstream that works", async () => {
  upstream.script("refuses", json({}, 400));
  upstream.script("limits", json({}, 429));
  expect(new Set(await statuses("refuses", 12))).toEqual(new Set([400]));
  expect(new Set(await statuses("limits", 12))).toEqual(new Set([429]));
});
