import { afterEach, describe, expect, test } from "bun:test";
import { recordedExchanges } from "../../test/support/exchanges.ts";
import {
  openResponsesRoom,
  type ResponsesRoom,
  type RoomOptions,
} from "../../test/support/responses-room.ts";
import { until } from "../../test/support/until.ts";
import { backgroundWork } from "./background.ts";
import type { BackgroundWork } from "./background-run.ts";
import type { JsonObject } from "./json.ts";
import type { StoredCall } from "./stored-call.ts";

const recorded = recordedExchanges("openai-responses").find(({ stream }) => stream)!;
const recordedEvents = recorded.body.split(/(?<=\n\n)/).filter((event) => event !== "");

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

const REQUEST = { model: "gpt-5-mini", input: "x", background: true };

async function begin(room: ResponsesRoom, work: BackgroundWork, body: JsonObject = REQUEST) {
  const prepared = await room.responses.prepare(body, "key_1");
  return room.responses.startBackground(prepared, "key_1", work);
}

async function call(
  room: ResponsesRoom,
  kind: StoredCall["kind"],
  id: string,
  search = "",
): Promise<Response> {
  const answer = await room.responses.answerStored({ kind, id }, "key_1", search);
  if (!(answer instanceof Response)) throw new Error("kept elsewhere");
  return answer;
}

const get = async (room: ResponsesRoom, id: unknown) =>
  (await (await call(room, "get", String(id))).json()) as JsonObject;

/** The events of an SSE answer. */
async function eventsOf(response: Response): Promise<JsonObject[]> {
  const text = await response.text();
  return text
    .split("\n\n")
    .filter((event) => event.startsWith("event:"))
    .map((event) => JSON.parse(event.slice(event.indexOf("data: ") + 6)));
}

/** The members of a response that the Open Responses description requires. */
const REQUIRED = (
  "id object created_at completed_at status incomplete_details model previous_response_id instructions output error " +
  "tools tool_choice truncation parallel_tool_calls text top_p presence_penalty frequency_penalty top_logprobs temperature reasoning " +
  "usage max_output_tokens max_tool_calls store background service_tier metadata safety_identifier prompt_cache_key"
).split(" ");

const SSE = {
  "content-type": "text/event-stream",
  "x-amsterdam-provider": "gemini",
  "x-amsterdam-model": "g",
};

/** An answer that is told piece by piece, and whether it was given up. */
function slowly() {
  const { readable, writable } = new TransformStream<string, string>();
  const writer = writable.getWriter();
  const state = { isAborted: false, isCancelled: false };
  void writer.closed.catch(() => {
    state.isCancelled = true;
  });
  const work: BackgroundWork = async (signal) => {
    signal.addEventListener("abort", () => {
      state.isAborted = true;
    });
    return new Response(readable.pipeThrough(new TextEncoderStream()), { headers: SSE });
  };
  return { work, state, tell: (text: string) => writer.write(text), end: () => writer.close() };
}

describe("a response in the background", () => {
  test("is queued at once, made without its client, and fetched when it is done", async () => {
    const room = await openRoom();
    const { work, tell, end } = slowly();
    const queued = (await (await begin(room, work)).json()) as JsonObject;
    expect(queued).toMatchObject({ object: "response", status: "queued", background: true, output: [] });
    expect(await get(room, queued.id)).toEqual(queued);
    for (const event of recordedEvents.slice(0, 2)) await tell(event);
    await until("it is in progress", async () => (await get(room, queued.id)).status === "in_progress");
    for (const event of recordedEvents.slice(2)) await tell(event);
    await end();
    const done = await until("it is done", async () => {
      const response = await get(room, queued.id);
      return response.status === "completed" ? response : null;
    });
    const original = JSON.parse(recordedEvents.at(-1)!.split("data: ")[1]!).response;
    expect(done).toMatchObject({ id: queued.id, background: true, store: true });
    expect(done.output).toEqual(original.output);
    expect(done.usage).toEqual(original.usage);
    await room.responses.close();
    const stored = await room.storage.responses.get({ id: String(queued.id), keyId: "key_1" });
    expect(stored).toMatchObject({ provider: "gemini", model: "g", status: "completed", leaseUntil: null });
  });

  test("has every member that the published description requires", async () => {
    const room = await openRoom();
    const queued = await (await begin(room, async () => new Response(null, { status: 500 }))).json();
    expect(Object.keys(queued as object)).toEqual(expect.arrayContaining(REQUIRED));
  });

  test("streams its events under its own id, in order, and again from any of them", async () => {
    const room = await openRoom();
    const { work, tell, end } = slowly();
    const stream = await begin(room, work, { ...REQUEST, stream: true });
    const [first] = await Promise.all([
      eventsOf(stream),
      (async () => {
        for (const event of recordedEvents) await tell(event);
        await end();
      })(),
    ]);
    expect(first.map((event) => event.sequence_number)).toEqual(first.map((_, index) => index));
    expect(first.slice(0, 3).map((event) => event.type)).toEqual([
      "response.created",
      "response.queued",
      "response.in_progress",
    ]);
    const id = (first[0]!.response as JsonObject).id;
    for (const event of first)
      if (event.response !== undefined) expect((event.response as JsonObject).id).toBe(id!);
    expect(first.length).toBe(recordedEvents.length + 1);
    const again = await eventsOf(await call(room, "get", String(id), "stream=true&starting_after=5"));
    expect(again).toEqual(first.slice(6));
  });

  test("that is followed after its events are gone tells its end", async () => {
    const room = await openRoom();
    const answer = async () => new Response(recorded.body, { headers: SSE });
    const { id } = (await (await begin(room, answer)).json()) as JsonObject;
    await until("it is done", async () => (await get(room, id)).status === "completed");
    await room.responses.close();
    const later = await openRoom({ storage: room.storage });
    const events = await eventsOf(await call(later, "get", String(id), "stream=true&starting_after=7"));
    expect(events.map((event) => [event.type, event.sequence_number])).toEqual([["response.completed", 8]]);
    expect((events[0]!.response as JsonObject).id).toBe(id!);
  });

  test("is cancelled: the work is given up, what was said stays, and again is harmless", async () => {
    const room = await openRoom();
    const { work, tell, state } = slowly();
    const { id } = (await (await begin(room, work)).json()) as JsonObject;
    const done = recordedEvents.findIndex((event) => event.includes('"response.output_item.done"'));
    for (const event of recordedEvents.slice(0, done + 1)) await tell(event);
    await until("it is in progress", async () => (await get(room, id)).status === "in_progress");
    await Bun.sleep(20);
    const cancelled = (await (await call(room, "cancel", String(id))).json()) as JsonObject;
    expect(cancelled).toMatchObject({ id, status: "cancelled", output: [{ type: "reasoning" }] });
    expect(state.isAborted).toBe(true);
    await until("the body is given up", () => state.isCancelled);
    expect(await get(room, id)).toEqual(cancelled);
    expect(await (await call(room, "cancel", String(id))).json()).toEqual(cancelled);
  });

  test("that has ended cannot be cancelled", async () => {
    const room = await openRoom();
    const answer = async () => new Response(recorded.body, { headers: SSE });
    const { id } = (await (await begin(room, answer)).json()) as JsonObject;
    await until("it is done", async () => (await get(room, id)).status === "completed");
    await expect(call(room, "cancel", String(id))).rejects.toThrow(
      "Cannot cancel a response that is completed.",
    );
  });

  test("is deleted while it is made, and does not come back", async () => {
    const room = await openRoom();
    const { work, state } = slowly();
    const { id } = (await (await begin(room, work)).json()) as JsonObject;
    await call(room, "delete", String(id));
    expect(state.isAborted).toBe(true);
    await room.responses.close();
    expect(await room.storage.responses.get({ id: String(id), keyId: "key_1" })).toBeNull();
  });

  test.each([
    ["an error answer", Response.json({ error: { message: "slow down" } }, { status: 429 }), "slow down"],
    ["an answer that is no JSON", new Response("<html>", { status: 502 }), "The answer had status 502."],
    ["an end before the end", new Response(recordedEvents[0]!), "The answer ended before it was complete."],
    [
      "an error in the stream",
      new Response(
        `${recordedEvents[0]}event: error\ndata: {"type":"error","error":{"message":"broke"}}\n\n`,
      ),
      "broke",
    ],
    [
      "bytes that are no events",
      new Response("event: x\ndata: {not json\n\n"),
      "The gateway failed to make this response.",
    ],
  ])("fails with %s, and says why", async (_, answer, words) => {
    const room = await openRoom();
    const { id } = (await (await begin(room, async () => answer.clone() as Response)).json()) as JsonObject;
    const failed = await until("it fails", async () => {
      const response = await get(room, id);
      return response.status === "failed" ? response : null;
    });
    const { code, message } = failed.error as JsonObject;
    expect(code).toBe(answer.status === 429 ? "rate_limit_exceeded" : "server_error");
    expect(message).toStartWith(words);
  });

  test("is asked for as its client could have asked, with the whole input", async () => {
    const room = await openRoom();
    room.responses.keep(
      { id: "resp_1", status: "completed", output: [] },
      await room.responses.prepare({ model: "m", input: "one" }, "key_1"),
      { keyId: "key_1", provider: null, model: null },
    );
    const body = { ...REQUEST, previous_response_id: "resp_1", input: "two", tags: ["a"] };
    const prepared = await room.responses.prepare(body, "key_1");
    const headers = new Headers({
      authorization: "Bearer k",
      "content-length": "1",
      "x-amp-thread-id": "T-1",
    });
    let request: Request | null = null;
    const work = backgroundWork(prepared, { headers, search: "?a=1" }, (inner) => {
      request = inner;
      return new Response(recorded.body, { headers: SSE });
    });
    const { id } = (await (await begin(room, work)).json()) as JsonObject;
    const asked = request! as Request;
    expect([asked.method, asked.url]).toEqual(["POST", "http://localhost/v1/responses?a=1"]);
    expect([asked.headers.get("authorization"), asked.headers.get("x-amp-thread-id")]).toEqual([
      "Bearer k",
      "T-1",
    ]);
    const sent = (await asked.json()) as JsonObject;
    expect(sent).toMatchObject({ model: "gpt-5-mini", tags: ["a"], stream: true, store: false });
    expect([sent.background, sent.previous_response_id, (sent.input as unknown[]).length]).toEqual([
      undefined,
      undefined,
      2,
    ]);
    await until("it is done", async () => (await get(room, id)).status === "completed");
  });

  test("that is one too many is refused", async () => {
    const room = await openRoom({ settings: { max_background: 1 } });
    await begin(room, slowly().work);
    await expect(begin(room, slowly().work)).rejects.toMatchObject({
      code: "server_overloaded",
      status: 503,
    });
  });

  test("cannot be continued before it has ended", async () => {
    const room = await openRoom();
    const { id } = (await (await begin(room, slowly().work)).json()) as JsonObject;
    const next = room.responses.prepare({ previous_response_id: id, input: "y" }, "key_1");
    await expect(next).rejects.toThrow("still being made");
  });

  test("is failed with a clear word when the gateway stops", async () => {
    const room = await openRoom();
    const { work, state } = slowly();
    const { id } = (await (await begin(room, work)).json()) as JsonObject;
    await room.responses.close();
    expect(state.isAborted).toBe(true);
    const stored = await room.storage.responses.get({ id: String(id), keyId: "key_1" });
    expect(stored?.status).toBe("failed");
    expect(JSON.parse(stored?.response ?? "").error.message).toContain("stopped before");
  });

  test("whose process is gone is failed for whoever asks, and in the storage", async () => {
    const room = await openRoom();
    const { id } = (await (await begin(room, slowly().work)).json()) as JsonObject;
    await room.responses.close();
    const key = { id: "resp_orphan", keyId: "key_1" };
    const stored = (await room.storage.responses.get({ id: String(id), keyId: "key_1" }))!;
    const unfinished = { ...stored, ...key, status: "in_progress", response: '{"status":"in_progress"}' };
    await room.storage.responses.put([{ ...unfinished, leaseUntil: Date.now() - 1 }]);
    const next = await openRoom({ storage: room.storage });
    expect(await get(next, key.id)).toMatchObject({ status: "failed", error: { code: "server_error" } });
    await until("it is stored so", async () => (await room.storage.responses.get(key))?.status === "failed");
  });

  test("that another process cancels is given up here", async () => {
    const here = await openRoom();
    const { work, state } = slowly();
    const { id } = (await (await begin(here, work)).json()) as JsonObject;
    const key = { id: String(id), keyId: "key_1" };
    await until("it is stored", async () => (await here.storage.responses.get(key)) !== null);
    const there = await openRoom({ storage: here.storage });
    expect(await (await call(there, "cancel", key.id)).json()).toMatchObject({ status: "cancelled" });
    await until("it is given up", () => state.isAborted, 10_000);
    expect(await get(here, id)).toMatchObject({ status: "cancelled" });
  }, 20_000);
});
