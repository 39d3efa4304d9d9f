import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RECORDED_FORMATS, toldExchanges, UsageRoom } from "../../support/recorded-usage.ts";
import { until } from "../../support/until.ts";

let room: UsageRoom;
beforeAll(async () => {
  room = await UsageRoom.open();
});
afterAll(() => room.close());

/** The record of a request, and what reached the provider of it. */
async function sent(
  format: (typeof RECORDED_FORMATS)[number],
  more: object,
  headers: Record<string, string>,
) {
  const { exchange } = toldExchanges(format)[0]!;
  const request = { ...exchange, request: { ...exchange.request, ...more } };
  const id = await room.send(format, request, { headers });
  const reached = room.targets.upstream.received(exchange.id).at(-1)!;
  const body = JSON.parse(Buffer.from(await reached.body).toString());
  return { id, body, reached, asked: exchange.request };
}

const FIELDS = {
  agent_id: "planner",
  run_id: "run-1",
  request_parent_id: "parent-1",
  thread_id: 17,
  tags: { env: "test", deep: [1] },
};
const HEADERS = {
  "x-amsterdam-agent-id": "planner",
  "x-amsterdam-run-id": "run-1",
  "x-amsterdam-request-parent-id": "parent-1",
  "x-amsterdam-thread-id": "17",
};
const TOLD = { agentId: "planner", runId: "run-1", parentId: "parent-1", threadId: "17" };

describe.each(RECORDED_FORMATS)("the tracking fields of a request in %s", (format) => {
  test("are recorded from its body and never reach the provider", async () => {
    const { id, body, asked } = await sent(format, { ...FIELDS, request_id: `mine-${format}` }, {});
    expect(body).toEqual(asked);
    // The body's own id wins over the header's, which is `id`.
    const [record] = await room.records([`mine-${format}`]);
    expect(record).toMatchObject({ ...TOLD, tags: ["env=test"], duplicate: false });
    expect((await room.stored()).map(({ requestId }) => requestId)).not.toContain(id);
  });

  test("are recorded from its header and never reach the provider", async () => {
    const { id, reached } = await sent(format, {}, { ...HEADERS, "x-amsterdam-tags": "a, b" });
    for (const header of [...Object.keys(HEADERS), "x-amsterdam-tags", "x-amsterdam-request-id"])
      expect(reached.header(header)).toEqual([]);
    expect((await room.records([id]))[0]).toMatchObject({ ...TOLD, tags: ["a", "b"] });
  });

  test("of wrong types are passed over, and the request is served", async () => {
    const wrong = { agent_id: { a: 1 }, run_id: null, thread_id: [], request_parent_id: true, tags: 5 };
    const { id } = await sent(format, wrong, {});
    expect((await room.records([id]))[0]).toMatchObject({
      status: 200,
      agentId: null,
      runId: id,
      threadId: null,
      parentId: null,
      tags: [],
    });
  });
});

test("a request without ids gets one, is told it, and is a run of its own", async () => {
  const { gateway } = room.targets;
  const { exchange } = toldExchanges("openai-chat")[0]!;
  const response = await fetch(`${gateway.url}/v1/openai-chat/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key}`, "x-replay": exchange.id },
    body: JSON.stringify(exchange.request),
  });
  await response.arrayBuffer();
  const made = response.headers.get("x-request-id")!;
  expect(made.length).toBeGreaterThan(20);
  const [record] = await room.records([made]);
  expect(record).toMatchObject({ requestId: made, runId: made, parentId: null, duplicate: false });
});

test("requests with one id are both served and recorded, and the later one is marked", async () => {
  const first = await sent("anthropic-messages", { request_id: "twice" }, {});
  const second = await sent("gemini", { request_id: "twice" }, {});
  expect([first.body, second.body].map((body) => "request_id" in body)).toEqual([false, false]);
  const both = await until("both are recorded", async () => {
    const found = (await room.stored()).filter(({ requestId }) => requestId === "twice");
    return found.length === 2 ? found : null;
  });
  expect(both.map(({ provider, duplicate }) => [provider, duplicate])).toEqual([
    ["anthropic-messages", false],
    ["gemini", true],
  ]);
});
