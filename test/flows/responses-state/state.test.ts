import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { failureOf } from "../../support/doors.ts";
import { type Gateway, startGateway } from "../../support/gateway.ts";
import { until } from "../../support/until.ts";

let gateway: Gateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { server: { drain_timeout: 1 } } });
});
afterAll(() => gateway.stop());

const client = (apiKey = gateway.key) => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0 });

/** The demo provider in Responses itself, which keeps nothing, and by each conversion. */
const PATHS = ["native", "openai-chat", "anthropic-messages", "gemini"] as const;

/** A gateway whose demo provider is asked in this format. */
async function gatewayBy(path: (typeof PATHS)[number]): Promise<Gateway> {
  const rules = path === "native" ? [] : [{ from: "openai-responses", to: path }];
  return startGateway({ config: { conversion: { rules } } });
}

describe.each(PATHS)("the state of the Responses API, the target asked by %s", (path) => {
  let own: Gateway;
  beforeAll(async () => {
    own = await gatewayBy(path);
  });
  afterAll(() => own.stop());
  const openai = (apiKey = own.key) => new OpenAI({ baseURL: `${own.url}/v1`, apiKey, maxRetries: 0 });

  test("a response is continued by its id, fetched, listed and deleted", async () => {
    const { responses } = openai();
    const first = await responses.create({
      model: "demo/echo",
      instructions: "be brief",
      input: "the word is tram",
    });
    const second = await responses.create({
      model: "demo/echo",
      input: "which word?",
      previous_response_id: first.id,
    });
    const kept = await responses.retrieve(second.id);
    expect(kept.output_text).toBe(second.output_text);
    expect([
      second.previous_response_id,
      kept.previous_response_id,
      (kept as { store?: boolean }).store,
    ]).toEqual([path === "native" ? null : first.id, first.id, true]);
    const items = await Array.fromAsync(responses.inputItems.list(second.id, { order: "asc", limit: 1 }));
    expect(items.map((item) => "role" in item && item.role)).toEqual(["user", "assistant", "user"]);
    expect(await responses.delete(second.id)).toMatchObject({ id: second.id, deleted: true } as never);
    expect(await failureOf(() => responses.retrieve(second.id))).toMatchObject({ status: 404 });
    expect(await failureOf(() => openai("ams_wrong").responses.retrieve(first.id))).toMatchObject({
      status: 401,
    });
  });

  test("a streamed response is continued too", async () => {
    const { responses } = openai();
    const stream = responses.stream({ model: "demo/echo", input: "the word is tram" });
    const first = await stream.finalResponse();
    const second = await responses.create({
      model: "demo/echo",
      input: "and?",
      previous_response_id: first.id,
    });
    expect(second.usage?.input_tokens ?? 0).toBeGreaterThan(first.usage?.input_tokens ?? 0);
  });

  test("a tool loop brings back all that the model said before, and its seals", async () => {
    const { responses } = openai();
    const tools = ["one", "two"].map((name) => ({
      type: "function" as const,
      name,
      parameters: { type: "object", properties: {} },
      strict: false,
    }));
    const ask = { model: "demo/remembers", tools, include: ["reasoning.encrypted_content" as const] };
    let answer = await responses.create({ ...ask, input: "go" });
    for (let round = 0; round < 2; round++) {
      const calls = answer.output.filter((item) => item.type === "function_call");
      expect(calls).toHaveLength(2);
      const input = calls.map(({ call_id }) => ({
        type: "function_call_output" as const,
        call_id,
        output: `result ${round}`,
      }));
      answer = await responses.create({ ...ask, input, previous_response_id: answer.id });
    }
    const [, calls, ofCalls, seals, ofSeals] =
      /(\d) of (\d) calls and (\d) of (\d) seals/.exec(answer.output_text) ?? [];
    expect([calls, ofCalls]).toEqual(["4", "4"]);
    expect([seals, ofSeals]).toEqual(path === "openai-chat" ? ["0", "0"] : ["2", "2"]);
  });

  test("what is not kept is told as the API tells it", async () => {
    const { responses } = openai();
    const unstored = await responses.create({ model: "demo/echo", input: "x", store: false });
    for (const previous_response_id of [unstored.id, "resp_none"]) {
      const next = () => responses.create({ model: "demo/echo", input: "y", previous_response_id });
      expect(await failureOf(next)).toMatchObject({
        status: 400,
        code: "previous_response_not_found",
        param: "previous_response_id",
      });
    }
  });

  test("a response in the background is polled until it is done, resumed, and cancelled", async () => {
    const { responses } = openai();
    const queued = await responses.create({ model: "demo/slow-100", input: "x", background: true });
    expect([queued.status, queued.background]).toEqual(["queued", true]);
    const done = await until("it is done", async () => {
      const response = await responses.retrieve(queued.id);
      return response.status === "completed" ? response : null;
    });
    expect(done.output_text.length).toBeGreaterThan(0);
    const again = await responses.retrieve(queued.id, { stream: true, starting_after: 3 });
    const events = await Array.fromAsync(again);
    expect(events[0]?.sequence_number).toBe(4);
    expect(events.at(-1)?.type).toBe("response.completed");
    const next = await responses.create({ model: "demo/echo", input: "y", previous_response_id: queued.id });
    expect(next.status).toBe("completed");

    const long = await responses.create({ model: "demo/slow-60000", input: "x", background: true });
    expect((await responses.cancel(long.id)).status).toBe("cancelled");
    expect((await responses.retrieve(long.id)).status).toBe("cancelled");
  });

  test("a WebSocket continues what is stored nowhere", async () => {
    const ws = new ResponsesWS(openai());
    const done: { id: string; input: number }[] = [];
    const errors: unknown[] = [];
    ws.on("response.completed", ({ response }) =>
      done.push({ id: response.id, input: response.usage?.input_tokens ?? 0 }),
    );
    ws.on("error", (error) => errors.push(error.error));
    const create = (input: string, previous?: string) =>
      ws.send({
        type: "response.create",
        model: "demo/echo",
        input,
        store: false,
        ...(previous === undefined ? {} : { previous_response_id: previous }),
      });
    create("the word is tram");
    await until("the first is done", () => done.length === 1);
    create("and?", done[0]!.id);
    await until("the second is done", () => done.length === 2);
    expect(done[1]!.input).toBeGreaterThan(done[0]!.input);
    create("and?", "resp_none");
    await until("the error", () => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: 400, error: { code: "previous_response_not_found" } });
    ws.close();
  });
});

describe("stored responses", () => {
  test("outlive a restart; what ran in the background has failed or is done", async () => {
    const { responses } = client();
    const first = await responses.create({ model: "demo/echo", input: "x" });
    const running = await responses.create({ model: "demo/slow-60000", input: "x", background: true });
    const restarted = await gateway.restart();
    gateway = restarted;
    const after = client().responses;
    expect((await after.retrieve(first.id)).id).toBe(first.id);
    const ended = await after.retrieve(running.id);
    expect([ended.status, ended.error?.message]).toEqual(["failed", expect.stringContaining("stopped")]);
  }, 60_000);
});

describe("responses that their provider keeps", () => {
  const asked: string[] = [];
  const upstream = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      asked.push(`${request.method} ${pathname}${search} ${await request.text()}`);
      const response = {
        id: "resp_native",
        object: "response",
        status: "completed",
        store: true,
        output: [],
      };
      if (request.method !== "POST" || pathname !== "/v1/responses") return Response.json(response);
      if (!asked.at(-1)!.includes('"stream":true')) return Response.json(response);
      const event = { type: "response.completed", response: { ...response, id: "resp_streamed" } };
      return new Response(`event: response.completed\ndata: ${JSON.stringify(event)}\n\n`, {
        headers: { "content-type": "text/event-stream" },
      });
    },
  });
  let own: Gateway;
  beforeAll(async () => {
    const openai = { base_url: `${upstream.url}v1`, api_key: "sk-test" };
    own = await startGateway({ config: { providers: { openai } } });
  });
  afterAll(async () => {
    await own.stop();
    await upstream.stop(true);
  });
  const call = (method: string, path: string, body?: string) =>
    fetch(`${own.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${own.key}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body }),
    });

  test("are asked for as the client asked, and calls about them are sent on", async () => {
    const body =
      '{ "model":"gpt-5", "input":"x", "previous_response_id":"resp_before" , "background": true }';
    expect((await call("POST", "/v1/responses", body)).status).toBe(200);
    await (await call("POST", "/v1/responses", '{"model":"gpt-5","input":"x","stream":true}')).text();
    expect((await call("GET", "/v1/responses/resp_native?include=a")).status).toBe(200);
    expect((await call("GET", "/v1/responses/resp_streamed/input_items?limit=1")).status).toBe(200);
    expect((await call("POST", "/v1/responses/resp_native/cancel")).status).toBe(200);
    expect((await call("DELETE", "/v1/responses/resp_native")).status).toBe(200);
    expect((await call("GET", "/v1/responses/resp_other")).status).toBe(404);
    expect(asked).toEqual([
      `POST /v1/responses ${body}`,
      'POST /v1/responses {"model":"gpt-5","input":"x","stream":true}',
      "GET /v1/responses/resp_native?include=a ",
      "GET /v1/responses/resp_streamed/input_items?limit=1 ",
      "POST /v1/responses/resp_native/cancel ",
      "DELETE /v1/responses/resp_native ",
    ]);
  });

  test("cannot be continued elsewhere, and that is said", async () => {
    const body = { model: "demo/echo", input: "x", previous_response_id: "resp_native" };
    const refusal = await call("POST", "/v1/responses", JSON.stringify(body));
    expect(refusal.status).toBe(400);
    const { error } = (await refusal.json()) as { error: { message: string } };
    expect(error.message).toContain("kept by the provider openai");
  });
});

test("paths and methods that the API does not have are told as such", async () => {
  const call = (method: string, path: string) =>
    fetch(`${gateway.url}${path}`, { method, headers: { authorization: `Bearer ${gateway.key}` } });
  const put = await call("PUT", "/v1/responses/resp_1");
  expect([put.status, put.headers.get("allow")]).toEqual([405, "GET, HEAD, DELETE"]);
  expect((await call("GET", "/v1/responses")).status).toBe(405);
  expect((await call("GET", "/v1/responses/resp_1/more")).status).toBe(404);
});
