import { describe, expect, test } from "bun:test";
import { Assembler } from "../../exchange/assemble.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { createStreamReader } from "./read-stream.ts";

type Told = { readonly type: string; readonly [member: string]: unknown };

const START = { type: "message_start", message: { id: "msg_1", model: "m", usage: { input_tokens: 5 } } };
const STOP = [
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 7 } },
  { type: "message_stop" },
];
const open = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});
const delta = (index: number, piece: object) => ({ type: "content_block_delta", index, delta: piece });
const close = (index: number) => ({ type: "content_block_stop", index });
const text = (index: number, words: string) => delta(index, { type: "text_delta", text: words });
const json = (index: number, piece: string) =>
  delta(index, { type: "input_json_delta", partial_json: piece });
const call = (name: string) => ({ type: "tool_use", id: `toolu_${name}`, name, input: {} });

function read(...told: Told[]): StreamEvent[] {
  const reader = createStreamReader();
  const events = told.flatMap((data) => reader.push({ event: data.type, data: JSON.stringify(data) }));
  return [...events, ...reader.end()];
}

function answer(...told: Told[]) {
  const assembler = new Assembler();
  for (const event of read(...told)) assembler.take(event);
  return assembler.result();
}

const partsOf = (...told: Told[]) => answer(START, ...told, ...STOP).response.choices[0]!.parts;

test("calls whose pieces are mixed come one after the other", () => {
  expect(
    partsOf(
      open(0, call("a")),
      open(1, call("b")),
      json(1, '{"b":'),
      json(0, '{"a":'),
      json(1, "2}"),
      json(0, "1}"),
      close(0),
      close(1),
    ),
  ).toEqual([
    { kind: "tool-call", id: "toolu_a", name: "a", arguments: '{"a":1}' },
    { kind: "tool-call", id: "toolu_b", name: "b", arguments: '{"b":2}' },
  ]);
});

test("only one part is open at a time, whatever the server mixes", () => {
  const events = read(
    START,
    open(0, { type: "text", text: "" }),
    open(1, call("b")),
    json(1, "{}"),
    text(0, "hi"),
    close(1),
    close(0),
    ...STOP,
  );
  expect(events.map(({ type }) => type)).toEqual([
    "start",
    "usage",
    "part-start",
    "delta",
    "part-end",
    "part-start",
    "delta",
    "part-end",
    "usage",
    "finish",
    "end",
  ]);
});

describe("a broken stream is read as far as it tells", () => {
  test.each([
    ["a block's start is missing", [text(0, "hi"), close(0)]],
    ["a block's stop is missing", [open(0, { type: "text", text: "" }), text(0, "hi")]],
    [
      "a block begins twice",
      [open(0, { type: "text", text: "" }), open(0, { type: "text", text: "" }), text(0, "hi"), close(0)],
    ],
    ["a block stops twice", [open(0, { type: "text", text: "hi" }), close(0), close(0)]],
    [
      "unknown events and deltas come",
      [{ type: "news" }, open(0, { type: "text", text: "hi" }), delta(0, { type: "x" }), close(0)],
    ],
    [
      "events lack their members",
      [
        { type: "content_block_start" },
        { type: "content_block_delta" },
        open(0, { type: "text", text: "hi" }),
        close(0),
      ],
    ],
    ["message_start comes again", [START, open(0, { type: "text", text: "hi" }), close(0)]],
  ] as [string, Told[]][])("where %s", (_what, told) => {
    expect(partsOf(...told)).toEqual([{ kind: "text", text: "hi" }]);
  });

  test("where message_start is missing", () => {
    const { response, complete } = answer(text(0, "hi"), ...STOP);
    expect(complete).toBe(true);
    expect(response).toMatchObject({ id: "", choices: [{ parts: [{ text: "hi" }], finish: "stop" }] });
  });

  test("where message_stop is missing", () => {
    expect(answer(START, text(0, "hi"), STOP[0]!).complete).toBe(true);
  });

  test("where events come after the end", () => {
    expect(read(START, ...STOP, text(0, "hi"), { type: "error" }).at(-1)!.type).toBe("end");
  });
});

test("a stream that ends early ends in an error", () => {
  expect(read(START, open(0, { type: "text", text: "" }), text(0, "hi")).at(-1)).toEqual({
    type: "error",
    error: {
      status: 502,
      message: "The provider's stream ended before its answer was complete.",
      code: "upstream_disconnected",
    },
  });
});

test("an error event ends the stream", () => {
  const events = read(
    START,
    { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
    ...STOP,
  );
  expect(events.at(-1)).toEqual({
    type: "error",
    error: { status: 529, message: "Overloaded", code: "overloaded_error" },
  });
});

test("an event that is no JSON is refused", () => {
  expect(() => createStreamReader().push({ event: "message_start", data: "{" })).toThrow(
    expect.objectContaining({ code: "upstream_invalid" }),
  );
});

test.each(["", "[DONE]", "null", "7"])("data %j tells nothing", (data) => {
  expect(createStreamReader().push({ event: null, data })).toEqual([]);
});

describe("a tool's call", () => {
  test("without arguments has an empty object", () => {
    expect(partsOf(open(0, call("a")), json(0, ""), close(0))[0]).toMatchObject({ arguments: "{}" });
  });

  test("has the input of its start where no deltas follow", () => {
    const whole = { ...call("a"), input: { city: "Oslo" } };
    expect(partsOf(open(0, whole), close(0))[0]).toMatchObject({ arguments: '{"city":"Oslo"}' });
  });

  test("without an id is given one", () => {
    const [part] = partsOf(open(0, { type: "tool_use", name: "a", input: {} }), close(0));
    expect(part).toMatchObject({ id: expect.stringMatching(/^toolu_[0-9a-f]{24}$/) });
  });
});

test("thoughts carry their signature", () => {
  const thinking = open(0, { type: "thinking", thinking: "", signature: "" });
  const signature = delta(0, { type: "signature_delta", signature: "c2ln" });
  expect(
    partsOf(thinking, delta(0, { type: "thinking_delta", thinking: "hm" }), signature, close(0)),
  ).toEqual([{ kind: "reasoning", text: "hm", seal: { origin: "anthropic-messages", value: "c2ln" } }]);
});

test("a block that this API alone has comes whole, with its input from the deltas", () => {
  const use = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
  expect(partsOf(open(0, use), json(0, '{"query":'), json(0, '"x"}'), close(0))).toEqual([
    {
      kind: "native",
      format: "anthropic-messages",
      type: "server_tool_use",
      value: { ...use, input: { query: "x" } },
    },
  ]);
});

describe("usage", () => {
  const usageOf = (start: object, end: object) =>
    answer({ ...START, message: { usage: start } }, { ...STOP[0]!, usage: end }, STOP[1]!).response.usage;

  test("counts all of the input, and the last count holds", () => {
    const start = {
      input_tokens: 10,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 30,
      output_tokens: 1,
    };
    const end = { output_tokens: 9, output_tokens_details: { thinking_tokens: 4 } };
    expect(usageOf(start, end)).toEqual({
      input: 60,
      cachedInput: 30,
      cacheWriteInput: 20,
      output: 9,
      reasoning: 4,
    });
    expect(usageOf(start, { ...end, input_tokens: 12, cache_read_input_tokens: null })).toMatchObject({
      input: 62,
    });
  });

  test("of input is not taken back by a later nothing", () => {
    expect(usageOf({ input_tokens: 10 }, { input_tokens: 0, output_tokens: 3 })).toEqual({
      input: 10,
      output: 3,
    });
  });

  test("may be told at the end only", () => {
    expect(usageOf({ input_tokens: 0, output_tokens: 0 }, { input_tokens: 8, output_tokens: 3 })).toEqual({
      input: 8,
      output: 3,
    });
  });
});
