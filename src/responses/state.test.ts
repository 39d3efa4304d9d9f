import { afterEach, describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../test/support/exchanges.ts";
import {
  openResponsesRoom,
  type ResponsesRoom,
  type RoomOptions,
} from "../../test/support/responses-room.ts";
import { until } from "../../test/support/until.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { HttpResponse } from "../upstream/http/exchange.ts";
import { HeaderList } from "../upstream/http/headers.ts";
import type { Success } from "../upstream/outcome.ts";
import type { AnswerConverter } from "../upstream/target.ts";
import type { JsonObject } from "./json.ts";
import type { Maker } from "./kept.ts";
import { mayRefer, type Prepared, refusalBy } from "./request.ts";
import { storedCall } from "./stored-call.ts";

const maker: Maker = { keyId: "key_1", provider: "anthropic", model: "claude-opus-4-1" };

let rooms: ResponsesRoom[] = [];
afterEach(async () => {
  for (const room of rooms) await room.close();
  rooms = [];
});

async function openRoom(options: RoomOptions = {}): Promise<ResponsesRoom> {
  const room = await openResponsesRoom(options);
  rooms.push(room);
  return room;
}

const message = (text: string, id = "msg_a") => ({
  type: "message",
  id,
  status: "completed",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
});

const answer = (id: string, output: JsonObject[] = [message(`answer of ${id}`)]) => ({
  id,
  object: "response",
  created_at: 1,
  status: "completed",
  previous_response_id: null,
  output,
});

/** Prepares a request and keeps an answer to it. */
async function turn(
  { responses }: ResponsesRoom,
  body: JsonObject,
  id: string,
  output?: JsonObject[],
): Promise<Prepared> {
  const prepared = await responses.prepare(body, "key_1");
  responses.keep(answer(id, output), prepared, maker);
  return prepared;
}

const UNREAD = Buffer.from('{"model":"m","input":"x"}');

interface Answered {
  readonly body?: string;
  readonly chunks?: readonly string[];
  readonly status?: number;
  readonly converter?: AnswerConverter;
}

/** Lets an answer pass, and returns what its client sees. */
function served(
  { responses }: ResponsesRoom,
  { body, chunks = [], status = 200, converter }: Answered,
  asked: Prepared | Buffer,
  by: Maker & { keepsState?: boolean } = maker,
) {
  const response: HttpResponse = {
    status,
    headers: new HeaderList(),
    bytes: async () => null,
    wholeBody: () => null,
    unread() {},
    consume(consumer) {
      for (const chunk of chunks) consumer.data(Buffer.from(chunk));
      consumer.end();
    },
    pause() {},
    resume() {},
    cancel() {},
  };
  const success: Success = {
    ok: true,
    response,
    delivery: body === undefined ? "events" : "whole",
    body: body === undefined ? null : Buffer.from(body),
    converter: converter ?? null,
  };
  const passed = responses.served(success, asked, { keepsState: true, ...by });
  const seen: string[] = [];
  (passed.converter?.stream(passed.response) ?? passed.response).consume({
    data: (chunk) => seen.push(Buffer.from(chunk).toString()),
    end: () => seen.push("end"),
    failed: () => seen.push("failed"),
  });
  return { success: passed, seen };
}

/** What is noted of an answer is noted once that is on its way. */
const afterwards = () => new Promise((resolve) => setImmediate(resolve));

/** Calls as `GET resp_1/input_items?limit=1`. */
async function call({ responses }: ResponsesRoom, line: string, keyId = "key_1"): Promise<JsonObject> {
  const [method = "", path = ""] = line.split(" ");
  const [rest = "", search = ""] = path.split("?");
  const read = storedCall(method, rest);
  if (read === null || read.kind === null) throw new Error(`no such call: ${line}`);
  const response = await responses.answerStored(read, keyId, search);
  return response instanceof Response ? ((await response.json()) as JsonObject) : { ...response };
}

async function refusal(work: Promise<unknown>): Promise<[number, string, string, string | undefined]> {
  const error = await work.then(
    () => null,
    (error: unknown) => error,
  );
  if (!(error instanceof GatewayError)) throw new Error(`not refused: ${error}`);
  return [error.status, error.code, error.message, error.param];
}

describe("a request that continues a response", () => {
  test("gets the input and output of every response before it, oldest first, and not their instructions", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", instructions: "be brief", input: "first" }, "resp_1");
    const second = {
      model: "m",
      previous_response_id: "resp_1",
      input: [{ role: "user", content: "second" }],
    };
    await turn(room, second, "resp_2", [message("two", "msg_b")]);
    const { body, nativeBody, unresolved, previousId } = await room.responses.prepare(
      { model: "m", previous_response_id: "resp_2", input: "third", temperature: 0 },
      "key_1",
    );
    expect([unresolved, previousId]).toEqual([null, "resp_2"]);
    expect(Object.keys(body).sort()).toEqual(["input", "model", "temperature"]);
    expect(Object.keys(nativeBody).sort()).toEqual(["input", "model", "temperature"]);
    const texts = (body.input as JsonObject[]).map((item) => [
      item.role,
      (item.content as JsonObject[])[0]!.text,
    ]);
    expect(texts).toEqual([
      ["user", "first"],
      ["assistant", "answer of resp_1"],
      ["user", "second"],
      ["assistant", "two"],
      ["user", "third"],
    ]);
  });

  test("goes on as it came when it refers to nothing", async () => {
    const room = await openRoom();
    const body = { model: "m", input: [{ role: "user", content: "hi" }], store: false };
    const prepared = await room.responses.prepare(body, "key_1");
    expect(prepared.body).toBe(body);
    expect([prepared.store, prepared.background, prepared.unresolved]).toEqual([false, false, null]);
  });

  test("is told in the API's own words when the response is not kept, or is another key's", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    for (const [id, keyId] of [
      ["resp_9", "key_1"],
      ["resp_1", "key_2"],
    ] as const) {
      const body = { model: "m", input: "y", previous_response_id: id };
      const { unresolved, body: same } = await room.responses.prepare(body, keyId);
      expect(same).toBe(body);
      expect(unresolved?.error).toMatchObject({
        status: 400,
        code: "previous_response_not_found",
        param: "previous_response_id",
        message: `Previous response with id '${id}' not found.`,
      });
    }
  });

  test("is not continued from a chain with a response missing in it", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    await turn(room, { model: "m", input: "y", previous_response_id: "resp_1" }, "resp_2");
    await call(room, "DELETE resp_1");
    const { unresolved } = await room.responses.prepare(
      { model: "m", input: "z", previous_response_id: "resp_2" },
      "key_1",
    );
    expect(unresolved?.error.code).toBe("previous_response_not_found");
  });

  test("finds the items that it refers to, in its chain and in other responses of its key", async () => {
    const room = await openRoom();
    const call1 = {
      type: "function_call",
      id: "fc_1",
      call_id: "c1",
      name: "f",
      arguments: "{}",
      status: "completed",
    };
    await turn(room, { model: "m", input: "x" }, "resp_1", [call1]);
    const body = {
      model: "m",
      input: [
        { role: "user", content: "x" },
        { type: "item_reference", id: "fc_1" },
        { type: "function_call_output", call_id: "c1", output: "1" },
      ],
    };
    const { body: resolved, nativeBody, unresolved } = await room.responses.prepare(body, "key_1");
    expect(unresolved).toBeNull();
    expect(resolved.input).toEqual([body.input[0], call1, body.input[2]]);
    const { id: _id, status: _status, ...portable } = call1;
    expect(nativeBody.input).toEqual([body.input[0], portable, body.input[2]]);
    expect((await room.responses.prepare(body, "key_2")).unresolved?.error).toMatchObject({
      status: 404,
      param: "input",
      message: "Item with id 'fc_1' not found.",
    });
  });

  test("keeps what it referred to, so that it can be continued itself", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1", [message("one", "msg_one")]);
    await turn(
      room,
      { model: "m", input: [{ id: "msg_one" }, { role: "user", content: "and?" }] },
      "resp_2",
      [],
    );
    const next = await room.responses.prepare({ previous_response_id: "resp_2", input: "go" }, "key_1");
    expect((next.body.input as JsonObject[]).map((item) => item.role)).toEqual(["assistant", "user", "user"]);
  });

  test("carries thoughts to another API only where they are sealed, and no ids that it would look for", async () => {
    const room = await openRoom();
    const sealed = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "abc" };
    const open = { type: "reasoning", id: "rs_2", summary: [] };
    await turn(room, { model: "m", input: "x" }, "resp_1", [sealed, open, message("y")]);
    const { nativeBody, body } = await room.responses.prepare(
      { previous_response_id: "resp_1", input: [] },
      "key_1",
    );
    const kinds = (items: unknown) =>
      (items as JsonObject[]).map((item) => [item.type, item.id !== undefined]);
    expect(kinds(body.input)).toEqual([
      ["message", true],
      ["reasoning", true],
      ["reasoning", true],
      ["message", true],
    ]);
    expect(kinds(nativeBody.input)).toEqual([
      ["message", false],
      ["reasoning", true],
      ["message", false],
    ]);
  });

  test.each([
    [{ previous_response_id: 7 }, "previous_response_id"],
    [{ previous_response_id: "resp_1", conversation: "conv_1" }, "previous_response_id"],
    [{ background: true, store: false }, "background"],
  ])("is refused when it contradicts itself: %j", async (body, param) => {
    const room = await openRoom();
    const [status, code, , wrong] = await refusal(room.responses.prepare(body, "key_1"));
    expect([status, code, wrong]).toEqual([400, "invalid_request", param]);
  });

  test("that names a conversation is for a provider that has them", async () => {
    const room = await openRoom();
    const { unresolved } = await room.responses.prepare(
      { conversation: { id: "conv_1" }, input: "x" },
      "key_1",
    );
    expect(unresolved?.error).toMatchObject({ status: 400, param: "conversation" });
  });

  test("bodies that refer to nothing are known by their bytes", () => {
    expect(mayRefer(Buffer.from('{"model":"m","input":"my previous_response_id"}'))).toBe(false);
    expect(mayRefer(Buffer.from('{"previous_response_id" : "x"}'))).toBe(true);
    expect(mayRefer(Buffer.from('{"input":[{"type":"item_reference","id":"x"}]}'))).toBe(true);
  });

  test("hostile inputs are read as nothing, and never throw", async () => {
    const room = await openRoom();
    for (const input of [null, 7, [null, 1, "x", [], {}, { id: 3 }], { __proto__: { x: 1 } }, undefined]) {
      const prepared = await room.responses.prepare({ model: "m", input }, "key_1");
      room.responses.keep(answer("resp_h"), prepared, maker);
      expect((await call(room, "GET resp_h/input_items")).object).toBe("list");
    }
    const proto = JSON.parse('{"id":"__proto__","output":[{"id":"constructor"}],"status":"completed"}');
    room.responses.keep(proto, await room.responses.prepare({ input: "x" }, "key_1"), maker);
    expect((await call(room, "GET __proto__")).id).toBe("__proto__");
    room.responses.keep({ id: 7 }, await room.responses.prepare({ input: "x" }, "key_1"), maker);
    room.responses.keep("text", await room.responses.prepare({ input: "x" }, "key_1"), maker);
  });
});

describe("what a provider keeps", () => {
  test("is known by its id: calls about it are sent on, and only that provider can continue it", async () => {
    const room = await openRoom();
    const recorded = recordedExchanges("openai-responses").find(
      ({ stream, status }) => !stream && status === 200,
    )!;
    const native = { body: JSON.stringify({ ...JSON.parse(recorded.body), store: true }) };
    const id = JSON.parse(native.body).id as string;
    served(room, native, UNREAD, { keyId: "key_1", provider: "openai", model: "gpt-5" });
    await afterwards();
    expect(await call(room, `GET ${id}`)).toEqual({ provider: "openai", model: "gpt-5" });
    expect((await refusal(call(room, `GET ${id}`, "key_2")))[0]).toBe(404);
    const body = { previous_response_id: id, input: "x" };
    const { unresolved, body: same } = await room.responses.prepare(body, "key_1");
    expect(same).toBe(body);
    expect(unresolved).toMatchObject({ provider: "openai", error: { code: "invalid_request" } });
    const prepared = await room.responses.prepare(body, "key_1");
    expect(refusalBy(prepared, { provider: "openai", isNative: true })).toBeNull();
    expect(refusalBy(prepared, { provider: "azure", isNative: true })).toBe(prepared.unresolved!.error);
    const unknown = await room.responses.prepare({ previous_response_id: "resp_9" }, "key_1");
    expect(refusalBy(unknown, { provider: "azure", isNative: true })).toBeNull();
    expect(refusalBy(unknown, { provider: "azure", isNative: false })?.code).toBe(
      "previous_response_not_found",
    );
  });

  test("is read from the first event of a stream, and from nothing else", async () => {
    const room = await openRoom();
    const native = { keyId: "key_1", provider: "openai", model: null };
    const stream =
      'event: x\r\n\r\n: hi\n\ndata: {"response":{"id":"resp_c"}}\n\ndata: {"response":{"id":"resp_d"}}\n\n';
    const { seen } = served(room, { chunks: [...stream] }, UNREAD, native);
    expect(seen.join("")).toBe(`${stream}end`);
    expect(await call(room, "GET resp_c")).toMatchObject({ provider: "openai" });
    expect((await refusal(call(room, "GET resp_d")))[0]).toBe(404);
  });

  test("is not looked for where there is nothing to be found", async () => {
    const room = await openRoom();
    const native = { keyId: "key_1", provider: "openai", model: null };
    const unstored = '{"object":"response","id":"x","store":false}';
    for (const body of ["", "{", "null", '{"id":"x"}', '{"response":{"id":"a b"}}', unstored])
      served(room, { body }, UNREAD, native);
    served(room, { body: '{"object":"response","id":"x"}', status: 400 }, UNREAD, native);
    served(room, { body: '{"object":"response","id":"x"}' }, UNREAD, { ...native, provider: null });
    await afterwards();
    for (const id of ["x", "a b"]) expect((await refusal(call(room, `GET ${id}`)))[0]).toBe(404);
  });
});

describe("what a provider answers and does not keep", () => {
  test("is kept here, whole and streamed, however the stream is cut and its lines end", async () => {
    const by = { ...maker, keepsState: false };
    const whole = await openRoom();
    served(whole, { body: JSON.stringify(answer("resp_w")) }, UNREAD, by);
    await afterwards();
    expect(await call(whole, "GET resp_w")).toMatchObject({ id: "resp_w", store: true });
    const recorded = recordedExchanges("openai-responses").find(({ stream }) => stream)!;
    const id = /"id":"(resp_\w+)"/.exec(recorded.body)![1]!;
    for (const body of [
      recorded.body,
      recorded.body.replaceAll("\n", "\r\n"),
      recorded.body.replace(/^event.*\n/gm, ""),
    ]) {
      const room = await openRoom();
      const { seen } = served(room, { chunks: body.match(/[\s\S]{1,997}/g)! }, UNREAD, by);
      expect(seen.join("")).toBe(`${body}end`);
      expect(await call(room, `GET ${id}`)).toMatchObject({ id, status: "completed" });
    }
  });
});

describe("a stored response", () => {
  test("is told as it was, with what it continues, to its own key alone", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    await turn(room, { model: "m", input: "y", previous_response_id: "resp_1" }, "resp_2");
    expect(await call(room, "GET resp_2")).toEqual({
      ...answer("resp_2"),
      previous_response_id: "resp_1",
      store: true,
      background: false,
    });
    const words = "Response with id 'resp_2' not found.";
    expect(await refusal(call(room, "GET resp_2", "key_2"))).toEqual([404, "not_found", words, undefined]);
  });

  test("outlives the process that made it", async () => {
    const first = await openRoom();
    await turn(first, { model: "m", input: "x" }, "resp_1");
    await first.responses.close();
    const second = await openRoom({ storage: first.storage });
    expect((await call(second, "GET resp_1")).id).toBe("resp_1");
    const next = { previous_response_id: "resp_1", input: "y" };
    expect(((await second.responses.prepare(next, "key_1")).body.input as unknown[]).length).toBe(3);
  });

  test("is not kept where the request forbids it", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x", store: false }, "resp_1");
    expect((await refusal(call(room, "GET resp_1")))[0]).toBe(404);
  });

  /** A converter whose target said what the client is to get. */
  const converter = (streams: boolean): AnswerConverter => ({
    streams,
    contentType: "",
    keepAlive: null,
    losses: [],
    whole: (body) => body,
    stream: (source) => source,
    streamError: () =>
      'event: error\ndata: {}\n\nevent: response.failed\ndata: {"type":"response.failed","response":{"id":"resp_f","status":"failed"}}\n\n',
    facts: () => null,
    readError: () => ({ status: 500, message: "" }),
  });

  test("is taken from the last event of a stream, wherever that is cut between events", async () => {
    const recorded = recordedExchanges("openai-responses").find(({ stream }) => stream)!;
    const id = /"id":"(resp_\w+)"/.exec(recorded.body)![1]!;
    for (const cut of [/(?<=\n\n)/, /(?!)/]) {
      const room = await openRoom();
      const prepared = await room.responses.prepare({ model: "m", input: "x" }, "key_1");
      const chunks = recorded.body.split(cut);
      const { seen } = served(room, { chunks, converter: converter(true) }, prepared);
      expect(seen).toEqual([...chunks, "end"]);
      expect(await call(room, `GET ${id}`)).toMatchObject({ id, status: "completed", store: true });
    }
  });

  test("is taken from a whole answer, from one that is told in events, and from a failure", async () => {
    const room = await openRoom();
    const prepared = await room.responses.prepare({ model: "m", input: "x" }, "key_1");
    served(room, { body: JSON.stringify(answer("resp_w")), converter: converter(false) }, prepared);
    const completed = { type: "response.completed", response: answer("resp_e") };
    const events = `event: response.completed\ndata: ${JSON.stringify(completed)}\n\n`;
    served(room, { body: events, converter: converter(true) }, prepared);
    const { success } = served(room, { chunks: [], converter: converter(true) }, prepared);
    success.converter?.streamError(new GatewayError("upstream_error", "x"));
    served(room, { body: JSON.stringify(answer("resp_u")), converter: converter(false) }, UNREAD);
    const unstored = Buffer.from('{"input":"x","store":false}');
    served(room, { body: JSON.stringify(answer("resp_n")), converter: converter(false) }, unstored);
    served(room, { body: JSON.stringify(answer("resp_b")), converter: converter(false) }, Buffer.from("{"));
    await afterwards();
    expect(room.logged).toEqual(["A response could not be kept"]);
    expect((await refusal(call(room, "GET resp_n")))[0]).toBe(404);
    for (const [id, status] of [
      ["resp_w", "completed"],
      ["resp_e", "completed"],
      ["resp_u", "completed"],
      ["resp_f", "failed"],
    ])
      expect(await call(room, `GET ${id}`)).toMatchObject({ id, status });
  });

  test("says in a converted answer what it continues, and passes as it is otherwise", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    const next = await room.responses.prepare({ previous_response_id: "resp_1", input: "y" }, "key_1");
    const whole = JSON.stringify(answer("resp_w"));
    const { success } = served(room, { body: whole, converter: converter(false) }, next);
    const told = JSON.parse(Buffer.from(success.body!).toString());
    expect(told).toEqual({ ...answer("resp_w"), previous_response_id: "resp_1" });
    const delta = 'event: response.output_text.delta\ndata: {"delta":"\\"previous_response_id\\": null"}\n\n';
    const created = { type: "response.created", response: answer("resp_s") };
    const chunks = [
      `event: response.created\ndata: ${JSON.stringify(created)}\n\n`,
      delta,
      ": keep-alive\n\n",
    ];
    const { seen } = served(room, { chunks, converter: converter(true) }, next);
    expect(seen[0]).toContain('"previous_response_id":"resp_1"');
    expect(seen.slice(1)).toEqual([...chunks.slice(1), "end"]);
  });

  test("is deleted once, and with it what could be continued", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    expect((await refusal(call(room, "DELETE resp_1", "key_2")))[0]).toBe(404);
    expect(await call(room, "DELETE resp_1")).toEqual({ id: "resp_1", object: "response", deleted: true });
    expect((await refusal(call(room, "DELETE resp_1")))[0]).toBe(404);
    await room.responses.close();
    expect(await room.storage.responses.get({ id: "resp_1", keyId: "key_1" })).toBeNull();
  });

  test("expires", async () => {
    const room = await openRoom({ settings: { retention_days: 0.000001 } });
    await turn(room, { model: "m", input: "x" }, "resp_1");
    await Bun.sleep(100);
    expect((await refusal(call(room, "GET resp_1")))[0]).toBe(404);
    await room.responses.close();
    await openRoom({ storage: room.storage });
    await until("it is deleted", async () => {
      return (await room.storage.responses.get({ id: "resp_1", keyId: "key_1" })) === null;
    });
  });

  test("that was not made in the background can be neither cancelled nor streamed", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1");
    expect((await refusal(call(room, "POST resp_1/cancel")))[2]).toBe(
      "Cannot cancel a synchronous response.",
    );
    expect((await refusal(call(room, "GET resp_1?stream=true")))[3]).toBe("stream");
  });
});

describe("input items", () => {
  const ids = (page: JsonObject) => (page.data as JsonObject[]).map((item) => item.id);

  test("are listed newest first in pages, with ids that stay", async () => {
    const room = await openRoom();
    const input = Array.from({ length: 25 }, (_, index) => ({ role: "user", content: `m${index}` }));
    await turn(room, { model: "m", input }, "resp_1");
    const first = await call(room, "GET resp_1/input_items");
    expect(first).toMatchObject({
      object: "list",
      has_more: true,
      first_id: ids(first)[0],
      last_id: ids(first)[19],
    });
    expect((first.data as JsonObject[])[0]).toMatchObject({
      type: "message",
      role: "user",
      status: "completed",
      content: [{ type: "input_text", text: "m24" }],
    });
    const second = await call(room, `GET resp_1/input_items?after=${first.last_id}`);
    expect([ids(second).length, second.has_more]).toEqual([5, false]);
    const all = await call(room, "GET resp_1/input_items?order=asc&limit=100");
    expect(ids(all)).toEqual([...ids(first), ...ids(second)].toReversed());
  });

  test("are those of the whole conversation", async () => {
    const room = await openRoom();
    await turn(room, { model: "m", input: "x" }, "resp_1", [message("one", "msg_one")]);
    await turn(room, { model: "m", input: "y", previous_response_id: "resp_1" }, "resp_2");
    const { data } = (await call(room, "GET resp_2/input_items?order=asc")) as { data: JsonObject[] };
    expect(data.map((item) => item.role)).toEqual(["user", "assistant", "user"]);
    expect(data[1]!.id).toBe("msg_one");
  });

  test.each(["limit=0", "limit=101", "limit=x", "limit=", "limit=1.5", "order=up", "after=msg_none"])(
    "refuse %s",
    async (search) => {
      const room = await openRoom();
      await turn(room, { model: "m", input: "x" }, "resp_1");
      const [status, code, , param] = await refusal(call(room, `GET resp_1/input_items?${search}`));
      expect([status, code, param]).toEqual([400, "invalid_request", search.split("=")[0]]);
    },
  );
});

describe("a storage that fails", () => {
  /** A storage that does nothing until it is mended. */
  const broken = () => {
    const state = { isBroken: true };
    const through: RoomOptions["through"] = (store) =>
      new Proxy(store, {
        get(target, name) {
          const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
          return (...args: unknown[]) =>
            state.isBroken ? Promise.reject(new Error("the disk is gone")) : method.apply(target, args);
        },
      });
    return { state, through };
  };

  test("keeps no turn from following at once, and is caught up with when it returns", async () => {
    const { state, through } = broken();
    const room = await openRoom({ through });
    await turn(room, { model: "m", input: "x" }, "resp_1");
    const next = await turn(room, { model: "m", input: "y", previous_response_id: "resp_1" }, "resp_2");
    expect((next.body.input as unknown[]).length).toBe(3);
    expect((await call(room, "GET resp_2")).id).toBe("resp_2");
    await until("it is logged", () =>
      room.logged.includes("Responses cannot be stored; they wait in memory."),
    );
    state.isBroken = false;
    expect(await room.responses.close()).toBe(0);
    expect(await room.storage.responses.get({ id: "resp_2", keyId: "key_1" })).not.toBeNull();
  });

  test("is told as such where an answer would need it, and not as a response that is not there", async () => {
    const { state, through } = broken();
    const room = await openRoom({ through });
    expect(await refusal(call(room, "GET resp_1"))).toEqual([
      503,
      "server_overloaded",
      "Stored responses cannot be read at the moment.",
      undefined,
    ]);
    const body = { previous_response_id: "resp_1", input: "x" };
    expect((await refusal(room.responses.prepare(body, "key_1")))[0]).toBe(503);
    state.isBroken = false;
  });

  test("loses what is more than may wait, says so, and serves on", async () => {
    const { through, state } = broken();
    const room = await openRoom({ through, settings: { memory_mb: 0.01 } });
    for (const id of ["resp_1", "resp_2", "resp_3"])
      await turn(room, { model: "m", input: "x".repeat(4_000) }, id);
    expect(room.logged).toContain(
      "Responses are not stored because too many wait to be (responses.memory_mb).",
    );
    state.isBroken = false;
    await room.responses.close();
    const kept = await Promise.all(
      ["resp_1", "resp_2", "resp_3"].map((id) => room.storage.responses.get({ id, keyId: "key_1" })),
    );
    expect(kept.map((stored) => stored !== null)).toEqual([true, true, false]);
  });
});

test("paths of stored responses are read as the API has them", () => {
  expect(storedCall("GET", "resp_1")).toEqual({ kind: "get", id: "resp_1" });
  expect(storedCall("DELETE", "resp%5f1")).toEqual({ kind: "delete", id: "resp_1" });
  expect(storedCall("GET", "resp_1/input_items")).toEqual({ kind: "input-items", id: "resp_1" });
  expect(storedCall("POST", "resp_1/cancel")).toEqual({ kind: "cancel", id: "resp_1" });
  expect(storedCall("PUT", "resp_1")).toEqual({ kind: null, allow: "GET, HEAD, DELETE" });
  expect(storedCall("GET", "resp_1/cancel")).toEqual({ kind: null, allow: "POST" });
  for (const path of [
    "",
    "/",
    "resp_1/",
    "resp_1/x",
    "resp_1/cancel/x",
    "%zz",
    "compact",
    "resp_1/constructor",
  ])
    expect([path, storedCall("POST", path)?.kind ?? null]).toEqual([path, null]);
  expect(storedCall("constructor", "resp_1")?.kind).toBeNull();
});
