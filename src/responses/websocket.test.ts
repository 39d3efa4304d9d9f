import { afterEach, describe, expect, test } from "bun:test";
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { rawRequest, requestText } from "../../test/support/client.ts";
import { recordedExchanges } from "../../test/support/exchanges.ts";
import { until } from "../../test/support/until.ts";
import { KeyRing } from "../auth/key-ring.ts";
import type { Logger } from "../lib/logger.ts";
import { type Handler, type HttpServer, startHttpServer } from "../server/http-server.ts";
import type { JsonObject } from "./json.ts";
import { responsesSocket } from "./websocket.ts";

const KEY = "ams_test_key_for_sockets";
const logged: unknown[] = [];
const logger: Logger = { debug() {}, info() {}, warn() {}, error: (_, fields) => logged.push(fields?.error) };
const recorded = recordedExchanges("openai-responses").find(({ stream }) => stream)!;
const recordedEvents = recorded.body.split(/(?<=\n\n)/).filter((event) => event !== "");
const RECORDED_ID = /"id":"(resp_\w+)"/.exec(recorded.body)![1]!;

let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.toReversed()) await each.close();
  open = [];
});

interface Asked {
  readonly body: JsonObject;
  readonly headers: Headers;
  readonly url: string;
  readonly signal: AbortSignal;
}

/** A gateway whose handler answers with what `answer` makes, by default the recorded stream under a fresh id. */
function start(
  answer: (asked: Asked, count: number) => Response | Promise<Response> = (_, count) =>
    sse(streamAs(`resp_${count}`)),
  options: { maxAge?: number } = {},
): { server: HttpServer; asked: Asked[]; url: string } {
  const asked: Asked[] = [];
  const handle: Handler = async (request) => {
    const { headers, url, signal } = request;
    if (request.method !== "POST") return new Response("http", { status: 405 });
    asked.push({ body: (await request.json()) as JsonObject, headers, url, signal });
    return answer(asked.at(-1)!, asked.length);
  };
  const server = startHttpServer({
    hostname: "127.0.0.1",
    port: 0,
    logger,
    handle,
    webSocketDoor: responsesSocket({
      handle,
      logger,
      ring: new KeyRing([{ id: "key_1", name: "test", key: KEY }]),
      maxMessageBytes: 1024 * 1024,
      stallTimeout: 5000,
      ...options,
    }),
  });
  open.push(server);
  return { server, asked, url: `${server.url}/v1` };
}

const sse = (body: string | ReadableStream) =>
  new Response(body, { headers: { "content-type": "text/event-stream" } });
const streamAs = (id: string) =>
  `: keep-alive\n\n${recorded.body.replaceAll(RECORDED_ID, id)}data: [DONE]\n\n`;

/** OpenAI's own client, with what it was told. */
async function connect(url: string) {
  const ws = new ResponsesWS(new OpenAI({ apiKey: KEY, baseURL: url }));
  const events: JsonObject[] = [];
  const errors: JsonObject[] = [];
  const closed: number[] = [];
  ws.on("event", (event) => events.push(event as unknown as JsonObject));
  ws.on("error", (error) =>
    errors.push((error.error ?? { message: error.message }) as unknown as JsonObject),
  );
  ws.on("close", (code) => closed.push(code));
  open.push(ws);
  const send = (event: JsonObject) => ws.sendRaw(JSON.stringify(event));
  const create = (event: JsonObject = {}) =>
    send({ type: "response.create", model: "m", input: "hi", ...event });
  const done = (count = 1) =>
    until(`${count} responses are done`, () => {
      const final = events.filter(({ type }) => type === "response.completed");
      return final.length >= count ? final : null;
    });
  return { ws, events, errors, closed, send, create, done };
}

const input = (asked: Asked | undefined) =>
  ((asked?.body.input ?? []) as JsonObject[]).map((item) => item.role ?? item.type);

describe("the Responses API over a WebSocket", () => {
  test("tells a turn's events as messages, the same as they are streamed", async () => {
    const { url, asked } = start(() => sse(recorded.body));
    const { events, create, done } = await connect(url);
    create({ store: true, temperature: 0, stream_options: { include_obfuscation: false } });
    await done();
    const sent = recordedEvents.map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)));
    expect(events).toEqual(sent);
    const [{ body, headers, url: asURL }] = asked as [Asked];
    expect(body).toEqual({ model: "m", input: "hi", store: true, temperature: 0, stream: true });
    expect(new URL(asURL).pathname).toBe("/v1/responses");
    expect(headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect([headers.get("upgrade"), headers.get("sec-websocket-key")]).toEqual([null, null]);
    expect(Number(headers.get("content-length"))).toBeGreaterThan(0);
  });

  test("is opened with a key alone", async () => {
    const { server } = start();
    const upgrade = {
      host: "x",
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const ask = (fields: Record<string, string>) =>
      rawRequest(server.url, requestText("GET", "/v1/responses", { ...upgrade, ...fields }));
    for (const fields of [{}, { authorization: "Bearer ams_wrong" }] as Record<string, string>[]) {
      const refused = await ask(fields);
      expect([refused.status, JSON.parse(refused.text).error.code]).toEqual([401, "invalid_api_key"]);
    }
    const client = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses?key=${KEY}`);
    await new Promise((resolve) => client.addEventListener("open", resolve));
    client.close();
  });

  test("continues what is kept nowhere else from the connection's own memory", async () => {
    const { url, asked } = start();
    const { create, events, done } = await connect(url);
    create({ store: false });
    await done(1);
    create({ store: false, previous_response_id: "resp_1", input: [{ role: "user", content: "two" }] });
    await done(2);
    create({ store: false, previous_response_id: "resp_2", input: "three" });
    await done(3);
    expect(asked[0]!.body.include).toEqual(["reasoning.encrypted_content"]);
    expect(asked.map(({ body }) => body.previous_response_id)).toEqual([undefined, undefined, undefined]);
    const said = ["reasoning", "function_call"];
    const turn = ["user", ...recordedOutput().filter((type) => said.includes(type))];
    expect(input(asked[1])).toEqual([...turn, "user"]);
    expect(input(asked[2])).toEqual([...turn, ...turn, "user"]);
    const named = events.filter(({ response }) => (response as JsonObject)?.id === "resp_2");
    expect(new Set(named.map(({ response }) => (response as JsonObject).previous_response_id))).toEqual(
      new Set(["resp_1"]),
    );
  });

  test("leaves what it does not remember to the gateway, and tells its refusal", async () => {
    const error = {
      type: "invalid_request_error",
      code: "previous_response_not_found",
      message: "Previous response with id 'resp_x' not found.",
      param: "previous_response_id",
    };
    const { url, asked } = start(() => Response.json({ error }, { status: 400 }));
    const { create, errors } = await connect(url);
    create({ previous_response_id: "resp_x" });
    await until("the error", () => errors.length === 1);
    expect(asked[0]!.body.previous_response_id).toBe("resp_x");
    expect(errors[0]).toEqual({ type: "error", status: 400, error });
  });

  test("forgets what a turn that failed continued", async () => {
    const { url, asked } = start((_, count) =>
      count === 2
        ? Response.json({ error: { message: "no" } }, { status: 500 })
        : sse(streamAs(`resp_${count}`)),
    );
    const { create, errors, done } = await connect(url);
    create({ store: false });
    await done(1);
    create({ store: false, previous_response_id: "resp_1" });
    await until("the error", () => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: 500, error: { type: "server_error", message: "no" } });
    create({ store: false, previous_response_id: "resp_1" });
    await done(2);
    expect(asked[2]!.body.previous_response_id).toBe("resp_1");
  });

  test("is warmed up without a model, and continued from there", async () => {
    const { url, asked } = start();
    const { create, events, done } = await connect(url);
    create({ generate: false, store: false, input: [{ role: "user", content: "one" }], tools: [] });
    const [warm] = (await done(1)) as [JsonObject];
    expect(asked).toHaveLength(0);
    expect(events.map(({ type, sequence_number }) => [type, sequence_number])).toEqual([
      ["response.created", 0],
      ["response.in_progress", 1],
      ["response.completed", 2],
    ]);
    const { id } = warm.response as JsonObject;
    create({ store: false, previous_response_id: id, input: "two" });
    await done(2);
    expect(input(asked[0])).toEqual(["user", "user"]);
  });

  test("answers the requests of a lane one after the other, and lanes side by side", async () => {
    const gates = new Map<unknown, () => void>();
    let running = 0;
    let most = 0;
    const { url, asked } = start(async ({ body }, count) => {
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => gates.set(body.input, resolve));
      running--;
      return sse(streamAs(`resp_${count}`));
    });
    const { create, events, done } = await connect(url);
    create({ input: "a1", stream_id: "a" });
    create({ input: "a2", stream_id: "a" });
    create({ input: "b1", stream_id: "b" });
    create({ input: "d1" });
    await until("three run", () => gates.size === 3);
    expect(asked.map(({ body }) => body.input).sort()).toEqual(["a1", "b1", "d1"]);
    expect(asked.some(({ body }) => "stream_id" in body)).toBe(false);
    for (const name of ["b1", "d1", "a1"]) gates.get(name)?.();
    await until("the second of the lane runs", () => gates.has("a2"));
    gates.get("a2")?.();
    await done(4);
    expect(most).toBe(3);
    const lanes = events.filter(({ type }) => type === "response.completed").map((event) => event.stream_id);
    expect(lanes.toSorted()).toEqual(["a", "a", "b", undefined] as never);
    expect(events.filter((event) => event.stream_id === "b")).toHaveLength(recordedEvents.length);
  });

  test("takes no more than 32 lanes, and 16 responses at once", async () => {
    const { url, asked } = start(() => new Promise<Response>(() => {}));
    const { create, errors } = await connect(url);
    for (let lane = 0; lane < 33; lane++) create({ stream_id: `lane.${lane}` });
    await until("the last is refused", () => errors.length === 1);
    expect(errors[0]).toMatchObject({
      stream_id: "lane.32",
      status: 400,
      error: { code: "websocket_stream_limit_reached", param: "stream_id" },
    });
    expect(asked).toHaveLength(16);
  });

  test("cancels what runs when its client leaves, and begins nothing more", async () => {
    let isGivenUp = false;
    const { url, asked } = start(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(Buffer.from(recordedEvents[0]!)),
        cancel() {
          isGivenUp = true;
        },
      });
      return sse(body);
    });
    const { ws, create, events } = await connect(url);
    create();
    create();
    await until("the first event", () => events.length === 1);
    ws.close();
    await until("the answer is given up", () => isGivenUp);
    expect(asked).toHaveLength(1);
    expect(asked[0]!.signal.aborted).toBe(true);
  });

  test.each([
    ["{", "invalid_json", null],
    ["[]", "invalid_json", null],
    ["null", "invalid_json", null],
    ['{"type":"response.cancel"}', "invalid_value", "type"],
    ['{"type":"__proto__"}', "invalid_value", "type"],
    ['{"type":"response.create","stream_id":""}', "invalid_stream_id", "stream_id"],
    ['{"type":"response.create","stream_id":"a\\"b"}', "invalid_stream_id", "stream_id"],
    ['{"type":"response.create","stream_id":7}', "invalid_stream_id", "stream_id"],
    ['{"type":"response.create","model":"m","background":true}', "unsupported_parameter", "background"],
    ['{"type":"response.create"}', "missing_required_parameter", "model"],
  ])("says what is wrong with %s, and goes on", async (text, code, param) => {
    const { url } = start();
    const { ws, create, errors, done } = await connect(url);
    ws.sendRaw(text);
    await until("the error", () => errors.length === 1);
    expect(errors[0]).toMatchObject({ type: "error", status: 400, error: { code, param } });
    create();
    await done();
  });

  test("refuses to be steered in the API's own words", async () => {
    const { url } = start();
    const { send, events } = await connect(url);
    send({ type: "response.steer", input: "stop", previous_response_id: "resp_1" });
    await until("the refusal", () => events.length === 1);
    expect(events[0]).toMatchObject({
      type: "response.steer.failed",
      steer: { input: "stop", previous_response_id: "resp_1" },
      error: { code: "steering_not_supported" },
    });
  });

  test("ends after its time: what runs is answered first, what comes later is refused", async () => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const { url } = start(async () => gate.then(() => sse(recorded.body)), { maxAge: 200 });
    const { create, errors, closed, done } = await connect(url);
    create();
    await Bun.sleep(250);
    create();
    await until("the second is refused", () => errors.length === 1);
    expect(errors[0]).toMatchObject({ status: 400, error: { code: "websocket_connection_limit_reached" } });
    resolve();
    await done();
    await until("it is closed", () => closed.length === 1);
    expect(closed).toEqual([1000]);
  });

  test("that is idle is told when its time is over", async () => {
    const { url } = start(undefined, { maxAge: 50 });
    const { errors, closed } = await connect(url);
    await until("it is closed", () => closed.length === 1);
    expect(errors[0]).toMatchObject({ error: { code: "websocket_connection_limit_reached" } });
  });

  test("drains: what runs is answered, then the socket is closed with 1001", async () => {
    const { promise: gate, resolve } = Promise.withResolvers<void>();
    const { server, url, asked } = start(async () => gate.then(() => sse(recorded.body)));
    const busy = await connect(url);
    const idle = await connect(url);
    busy.create();
    await until("it runs", () => asked.length === 1);
    await until("the other is open", () => idle.ws.socket.readyState === WebSocket.OPEN);
    server.stopAccepting();
    await until("the idle one is closed", () => idle.closed.length === 1);
    expect([idle.closed, busy.closed]).toEqual([[1001], []]);
    resolve();
    await busy.done();
    await until("the busy one is closed", () => busy.closed.length === 1);
    expect(busy.closed).toEqual([1001]);
  });

  test("answers a handler that fails with an error, and goes on", async () => {
    const { url } = start((_, count) => {
      if (count === 1) throw new Error("a defect");
      return sse(recorded.body);
    });
    const { create, errors, done } = await connect(url);
    create({ stream_id: "x" });
    await until("the error", () => errors.length === 1);
    expect(errors[0]).toMatchObject({ stream_id: "x", status: 500, error: { type: "server_error" } });
    expect(JSON.stringify(errors)).not.toContain("defect");
    expect(logged).toContainEqual(expect.objectContaining({ message: "a defect" }));
    create();
    await done();
  });
});

function recordedOutput(): string[] {
  const completed = JSON.parse(recordedEvents.at(-1)!.split("data: ")[1]!);
  return completed.response.output.map((item: JsonObject) => item.type);
}
