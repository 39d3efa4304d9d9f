import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import type { ResponseUsage } from "openai/resources/responses/responses";
import type { RequestRecord } from "../../../src/records/record.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { storedRecords } from "../../support/stored-records.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
let openai: OpenAI;
beforeAll(async () => {
  gateway = await startGateway();
  openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.key, maxRetries: 0 });
});
afterAll(() => gateway.stop());

/** The records of a run, once there are so many. */
function recordsOf(run: string, count: number): Promise<RequestRecord[]> {
  return until(`${count} records of ${run}`, async () => {
    const own = (await storedRecords(gateway.dir, 1)).filter(({ runId }) => runId === run);
    return own.length >= count ? own : null;
  });
}

const counted = ({ input_tokens: input, output_tokens: output }: ResponseUsage) => ({ input, output });

/** Fields of the gateway's own, which the SDK's types do not have. */
const tracked = <Body extends object>(body: Body, tracking: object): Body => ({ ...body, ...tracking });

describe("a response in the background", () => {
  test("is recorded twice: as it was asked for, and below it what it took", async () => {
    const asked = tracked(
      { model: "demo/slow-100", input: "a b c", background: true },
      { run_id: "in-the-background", request_id: "asked", tags: ["late"] },
    );
    const { id, usage: none } = await openai.responses.create(asked);
    expect(none ?? null).toBeNull();
    const done = await until("it is done", async () => {
      const response = await openai.responses.retrieve(id);
      return response.status === "completed" ? response : null;
    });
    const [first, second, ...more] = await recordsOf("in-the-background", 2);
    expect(more).toEqual([]);
    expect(first).toMatchObject({ requestId: "asked", usage: null, usageSource: null, cost: null });
    expect(second).toMatchObject({
      parentId: "asked",
      duplicate: false,
      stream: true,
      usage: counted(done.usage!),
      usageSource: "provider",
      tags: ["late"],
    });
    expect(second!.requestId).not.toBe("asked");
  });

  test("that is followed as a stream is not counted twice", async () => {
    const asked = tracked(
      { model: "demo/echo", input: "a b c", background: true, stream: true as const },
      { run_id: "followed" },
    );
    let usage: ResponseUsage | undefined;
    for await (const event of await openai.responses.create(asked))
      if (event.type === "response.completed") usage = event.response.usage;
    const records = await recordsOf("followed", 2);
    expect(records.map((record) => record.usage === null)).toEqual([true, false]);
    expect(records[1]).toMatchObject({ parentId: records[0]!.requestId, usage: counted(usage!) });
  });

  test("at a provider that keeps it has used nothing yet", async () => {
    const queued = {
      id: "resp_1",
      object: "response",
      status: "queued",
      output: [],
      usage: null,
      model: "m",
    };
    const provider = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json(queued) });
    const own = await startGateway({
      config: {
        providers: {
          keeps: { base_url: `${provider.url.origin}/v1`, api_key: "key", formats: ["openai-responses"] },
        },
      },
    });
    try {
      const client = new OpenAI({ baseURL: `${own.url}/v1`, apiKey: own.key, maxRetries: 0 });
      await client.responses.create({ model: "keeps/m", input: "a b c", background: true });
      const [record] = await storedRecords(own.dir, 1);
      expect(record).toMatchObject({ provider: "keeps", status: 200, usage: null, usageSource: null });
    } finally {
      await own.stop();
      await provider.stop(true);
    }
  });
});

test("each response over a WebSocket is recorded with what it took", async () => {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/v1/responses`, {
    headers: {
      authorization: `Bearer ${gateway.key}`,
      "x-amsterdam-run-id": "over-a-socket",
      "x-amsterdam-request-id": "the-socket",
    },
  });
  const done: { id: string; usage: ResponseUsage }[] = [];
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(String(data));
    if (event.type === "response.completed") done.push(event.response);
  };
  await new Promise((opened) => socket.addEventListener("open", opened));
  const create = (input: string, more: object = {}) =>
    socket.send(
      JSON.stringify({ type: "response.create", model: "demo/echo", input, store: false, ...more }),
    );
  create("the word is tram", { request_id: "first" });
  await until("the first is done", () => done.length === 1);
  create("and?", { previous_response_id: done[0]!.id });
  await until("the second is done", () => done.length === 2);
  socket.close();
  const records = await recordsOf("over-a-socket", 2);
  for (const [i, record] of records.entries())
    expect(record).toMatchObject({
      path: "/v1/responses",
      operation: "generate",
      duplicate: false,
      usage: counted(done[i]!.usage),
      usageSource: "provider",
      finish: "stop",
    });
  expect(records[0]!.requestId).toBe("first");
  expect(records[1]!.requestId).not.toBe("the-socket");
});
