import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type OpenAI from "openai";
import { recordedExchanges } from "../../../test/support/exchanges.ts";
import { responses, streams } from "../../../test/support/neutral.ts";
import { validateStream } from "../../../test/support/open-responses.ts";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import type { GenerateResponse } from "../../exchange/response.ts";
import { eventsOf as eventsTelling } from "../../exchange/split.ts";
import type { PartStart, StreamEvent } from "../../exchange/stream.ts";
import { openaiResponsesCodec as codec } from "./codec.ts";
import {
  answerContext,
  asked,
  assembled,
  eventsIn,
  eventsOf,
  neutral,
  read,
  without,
  written,
} from "./testing.ts";

type Event = Record<string, unknown>;

/** The bodies of a written stream, which must keep to the published description. */
function bodies(text: string): Event[] {
  const events = eventsIn(text);
  expect(validateStream(events)).toEqual([]);
  return events.filter(({ data }) => data !== "[DONE]").map(({ data }) => JSON.parse(data));
}

const start: StreamEvent = { type: "start", id: "x", model: "claude" };
const part = (of: PartStart, ...texts: string[]): StreamEvent[] => [
  { type: "part-start", choice: 0, part: of },
  ...texts.map((text): StreamEvent => ({ type: "delta", choice: 0, text })),
  { type: "part-end", choice: 0 },
];
const finish = (reason: "stop" | "length" | "tool-calls"): StreamEvent[] => [
  { type: "finish", choice: 0, reason },
  { type: "end" },
];
const types = (events: readonly Event[]) => events.map(({ type }) => String(type).replace("response.", ""));

describe("a written stream", () => {
  test("has the events that Open Responses wants, in its order", () => {
    const text = written(
      [
        start,
        ...part({ kind: "reasoning" }, "h", "m"),
        ...part({ kind: "text" }, "Hi"),
        ...part({ kind: "tool-call", id: "toolu_1", name: "f" }, '{"a"', ":1}"),
        { type: "usage", usage: { input: 1, output: 2 } },
        ...finish("tool-calls"),
      ],
      answerContext(asked),
    );
    const events = bodies(text);
    expect(types(events)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
    expect(text).toEndWith("data: [DONE]\n\n");
    expect(events.at(-1)?.response).toMatchObject({
      status: "completed",
      output: [{ type: "reasoning" }, { type: "message" }, { type: "function_call", arguments: '{"a":1}' }],
      usage: { total_tokens: 3 },
    });
    expect(events as unknown as OpenAI.Responses.ResponseStreamEvent[]).toHaveLength(21);
  });

  test("tells the seal of a thought when its item is done, and a thought of nothing else without text", () => {
    const events = bodies(
      written(
        [
          start,
          { type: "part-start", choice: 0, part: { kind: "reasoning", redacted: true } },
          { type: "seal", choice: 0, seal: { origin: "anthropic-messages", value: "sig" } },
          { type: "part-end", choice: 0 },
          ...finish("stop"),
        ],
        answerContext(asked),
      ),
    );
    expect(types(events)).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "output_item.done",
      "completed",
    ]);
    expect(events[3]?.item).toMatchObject({ summary: [], encrypted_content: "amsterdam.seal.a.sig" });
  });

  test("has the input of a free-form tool, and an empty object for a call without arguments", () => {
    const events = bodies(
      written(
        [
          start,
          ...part({ kind: "tool-call", id: "a", name: "patch", custom: true }, "x"),
          ...part({ kind: "tool-call", id: "b", name: "f" }),
          ...finish("tool-calls"),
        ],
        answerContext(asked),
      ),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: "response.custom_tool_call_input.done", input: "x" }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ type: "response.function_call_arguments.done", name: "f", arguments: "{}" }),
    );
  });

  test("ends incomplete where the tokens did, with the last item incomplete", () => {
    const text = written([start, ...part({ kind: "text" }, "Hi"), ...finish("length")], answerContext(asked));
    const events = bodies(text);
    expect(events.at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { incomplete_details: { reason: "max_output_tokens" }, output: [{ status: "incomplete" }] },
    });
  });

  test("tells an error and that the response failed, wherever it comes", () => {
    const error: StreamEvent = {
      type: "error",
      error: { status: 529, message: "Overloaded", code: "overloaded_error" },
    };
    const open: StreamEvent[] = [start, ...part({ kind: "text" }, "Hi").slice(0, 2), error];
    for (const events of [[error], [start, error], open]) {
      const told = bodies(written(events, answerContext(asked)));
      expect(types(told).slice(-2)).toEqual(["error", "failed"]);
      expect(told.at(-2)).toMatchObject({
        message: "Overloaded",
        error: { type: "server_error", code: "overloaded_error", message: "Overloaded", param: null },
      });
      expect(told.at(-1)?.response).toMatchObject({
        error: { code: "overloaded_error", message: "Overloaded" },
      });
    }
  });

  test("says nothing after its end, and nothing of further choices", () => {
    const losses = new Losses();
    const writer = codec.createStreamWriter(answerContext(asked, losses));
    writer.write(start);
    expect(writer.write({ type: "part-start", choice: 1, part: { kind: "text" } })).toBe("");
    expect(losses.items).toEqual(["answer: choices but the first"]);
    writer.write({ type: "end" });
    expect(writer.write({ type: "end" })).toBe("");
  });

  test("leaves no gap in the numbers of items where one is not told", () => {
    const native = { kind: "native", format: "gemini", type: "executableCode", value: {} } as const;
    const events = bodies(
      written(
        [
          start,
          ...part({ kind: "text" }, "a"),
          { type: "part", choice: 0, part: native },
          ...part({ kind: "text" }, "b"),
          ...finish("stop"),
        ],
        answerContext(asked, new Losses()),
      ),
    );
    expect(events.at(-1)?.response).toMatchObject({ output: [{ type: "message" }, { type: "message" }] });
  });

  test("is the same answer as the whole one, and reads back as it was, whatever it is", () => {
    const features = {
      thoughts: "openai-responses",
      summaries: true,
      refusals: true,
      citations: true,
      logprobs: true,
      id: "resp_1",
      createdAt: 5,
      usage: ["input", "cachedInput", "cacheWriteInput", "output", "reasoning"],
    } as const;
    const cut = responses(features).chain((response) => fc.tuple(fc.constant(response), streams(response)));
    fc.assert(
      fc.property(cut, ([response, events]) => {
        const text = written(events, answerContext(asked));
        const whole = codec.writeResponse(response, answerContext(asked));
        const last = bodies(text).at(-1)?.response as object;
        expect(last).toEqual(JSON.parse(JSON.stringify(whole)));
        const back = assembled(neutral(eventsIn(text)));
        expect(back.complete).toBe(true);
        const same = without(codec.readResponse(whole), "itemId", "extensions");
        expect(without(back.response, "itemId", "extensions")).toEqual(same);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a stream that was read", () => {
  const recorded = recordedExchanges("openai-responses").filter(
    ({ status, stream }) => status === 200 && stream,
  );
  /** The same thoughts are encrypted anew for the last event, and one provider changes ids from event to event. */
  const comparable = (response: GenerateResponse) => without(response, "id", "itemId", "seal");

  for (const { id, request, body } of recorded) {
    const events = neutral(eventsIn(body));

    test(`gives the answer that its last event tells: ${id}`, () => {
      const { response, error, complete } = assembled(events);
      expect(error).toBeNull();
      expect(complete).toBe(true);
      const last = eventsIn(body).findLast(({ data }) => data.startsWith("{"));
      const told = JSON.parse(last?.data ?? "").response;
      // Some providers' last event leaves the output out.
      if (told.output.length > 0) expect(comparable(response)).toEqual(comparable(codec.readResponse(told)));
    });

    test(`is written again as Open Responses wants it: ${id}`, () => {
      expect(validateStream(eventsIn(written(events, answerContext(read(request)))))).toEqual([]);
    });

    test(`tells an error wherever it is cut off: ${id}`, () => {
      const all = eventsIn(body);
      for (let i = 0; i < all.length - 1; i += 1 + Math.floor(all.length / 20)) {
        const cut = neutral(all.slice(0, i));
        expect(cut.at(-1)).toMatchObject({ type: "error", error: { code: "upstream_disconnected" } });
        expect(validateStream(eventsIn(written(cut, answerContext(asked))))).toEqual([]);
      }
    });
  }

  const created = { type: "response.created", response: { id: "resp_1", model: "m" } };
  const completed = (more: object = {}) => ({
    type: "response.completed",
    response: { status: "completed", ...more },
  });
  const message = { type: "message", id: "msg_1", role: "assistant", content: [] };
  const call = (n: number) => ({
    type: "function_call",
    id: `fc_${n}`,
    call_id: `c${n}`,
    name: `f${n}`,
    arguments: "",
  });
  const partsOf = (...events: object[]) => assembled(neutral(eventsOf(events))).response.choices[0]?.parts;

  test("has items that overlap one after the other", () => {
    const parts = partsOf(
      created,
      { type: "response.output_item.added", output_index: 0, item: call(0) },
      { type: "response.output_item.added", output_index: 1, item: call(1) },
      { type: "response.function_call_arguments.delta", output_index: 1, delta: '{"b":' },
      { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"a":1}' },
      { type: "response.function_call_arguments.delta", output_index: 1, delta: "2}" },
      { type: "response.output_item.done", output_index: 1, item: { ...call(1), arguments: '{"b":2}' } },
      { type: "response.output_item.done", output_index: 0, item: { ...call(0), arguments: '{"a":1}' } },
      completed(),
    );
    expect(parts).toMatchObject([
      { id: "c0", arguments: '{"a":1}' },
      { id: "c1", arguments: '{"b":2}' },
    ]);
  });

  test("may leave out beginnings, deltas and ends", () => {
    const text = { type: "output_text", text: "Hello" };
    expect(
      partsOf(
        { type: "response.output_text.delta", item_id: "msg_1", delta: "Hel" },
        { type: "response.output_text.done", item_id: "msg_1", text: "Hello" },
        { type: "response.output_item.done", output_index: 1, item: { ...call(1), arguments: "{}" } },
        completed(),
      ),
    ).toMatchObject([
      { kind: "text", text: "Hello" },
      { kind: "tool-call", id: "c1" },
    ]);
    expect(partsOf(created, completed({ output: [{ ...message, content: [text] }] }))).toMatchObject([
      { text: "Hello" },
    ]);
  });

  test("may repeat itself and go on after its end", () => {
    const done = {
      type: "response.output_item.done",
      output_index: 0,
      item: { ...call(0), arguments: "{}" },
    };
    const events = neutral(eventsOf([created, created, done, done, completed(), completed(), done]));
    expect(events.filter(({ type }) => type === "part-start")).toHaveLength(1);
    expect(events.at(-1)?.type).toBe("end");
  });

  test("may have events and items that are not known", () => {
    const item = { type: "future_call", id: "x_1", status: "completed" };
    const parts = partsOf(
      created,
      { type: "response.future.delta", output_index: 0, delta: "x" },
      { type: "keepalive" },
      { type: "response.output_item.added", output_index: 0, item },
      { type: "response.future_call.searching", output_index: 0, item_id: "x_1" },
      { type: "response.output_item.done", output_index: 0, item },
      completed(),
    );
    expect(parts).toEqual([{ kind: "native", format: "openai-responses", type: "future_call", value: item }]);
  });

  test("has each summary as a thought, with the seal on the last", () => {
    const of = { item_id: "rs_1", output_index: 0 };
    const summary = [
      { type: "summary_text", text: "a" },
      { type: "summary_text", text: "b" },
    ];
    const item = { type: "reasoning", id: "rs_1", summary, encrypted_content: "s" };
    const told = neutral(
      eventsOf([
        created,
        {
          type: "response.output_item.added",
          output_index: 0,
          item: { ...item, summary: [], encrypted_content: "early" },
        },
        { type: "response.reasoning_summary_text.delta", ...of, summary_index: 0, delta: "a" },
        { type: "response.reasoning_summary_text.delta", ...of, summary_index: 1, delta: "b" },
        { type: "response.output_item.done", output_index: 0, item },
        completed(),
      ]),
    );
    const { parts } = assembled(told).response.choices[0] ?? {};
    expect(parts).toEqual(codec.readResponse({ output: [item] }).choices[0]?.parts);
    expect(parts).toMatchObject([{ text: "a" }, { text: "b", seal: { value: "s" } }]);
    expect(parts?.[0]).not.toHaveProperty("seal");
  });

  const errors: [string, object, object][] = [
    [
      "nested",
      { type: "error", error: { type: "server_error", code: "server_overloaded", message: "no" } },
      { status: 503, code: "server_overloaded", message: "no" },
    ],
    [
      "flat",
      { type: "error", code: "rate_limit_exceeded", message: "no", param: "x" },
      { status: 429, code: "rate_limit_exceeded", message: "no", param: "x" },
    ],
    ["without a type", { error: { message: "no", code: 500 } }, { status: 500, code: "500", message: "no" }],
    [
      "of a failed response",
      { type: "response.failed", response: { error: { code: "server_error", message: "no" } } },
      { status: 502, code: "server_error", message: "no" },
    ],
  ];
  for (const [name, event, error] of errors)
    test(`ends in its error: ${name}`, () => {
      const events = neutral(eventsOf([created, event, completed()]));
      expect(events.at(-1)).toEqual({ type: "error", error } as StreamEvent);
    });

  test("is told to be none of this format where it is not", () => {
    const { push } = bound();
    for (const data of ["<html>", "[]", "1", '{"choices":[]}'])
      expect(() => push({ event: null, data })).toThrow(GatewayError);
    expect(push({ event: null, data: "[DONE]" })).toEqual([]);
  });

  test("gives the events of a whole answer that is told as a stream", () => {
    const response = codec.readResponse({
      id: "resp_1",
      model: "m",
      output: [{ ...message, content: [{ type: "output_text", text: "Hi" }] }],
    });
    expect(assembled([...eventsTelling(response)]).response).toEqual(response);
  });
});

function bound() {
  const reader = codec.createStreamReader();
  return { push: reader.push.bind(reader) };
}
