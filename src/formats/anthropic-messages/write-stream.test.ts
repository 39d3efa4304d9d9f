import { describe, expect, test } from "bun:test";
import { validateMessage } from "../../../test/support/anthropic-message.ts";
import { validateStream } from "../../../test/support/anthropic-stream.ts";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { Choice, FinishReason, GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import type { StreamEvent } from "../../exchange/stream.ts";
import { parseEvent } from "../../lib/sse.ts";
import { readRequest } from "./read-request.ts";
import { writeResponse } from "./write-response.ts";
import { createStreamWriter, keepAlive } from "./write-stream.ts";

const request = readRequest({ model: "claude-opus-5", messages: [] });
const context = (losses = new Losses(true)) => ({
  request,
  model: "claude-opus-5",
  losses,
  newId: () => "abc123",
  now: () => 0,
});
const answer = (parts: Part[], choice: Partial<Choice> = {}): GenerateResponse => ({
  id: "chatcmpl-1",
  model: "gpt-5",
  choices: [{ index: 0, parts, finish: "stop", ...choice }],
  usage: { input: 100, cachedInput: 60, cacheWriteInput: 10, output: 20, reasoning: 5 },
});

function streamed(events: Iterable<StreamEvent>, losses?: Losses) {
  const writer = createStreamWriter(context(losses));
  const text = [...events].map((event) => writer.write(event)).join("");
  return text.trim().split("\n\n").map(parseEvent);
}
const dataOf = (events: ReturnType<typeof streamed>) => events.map(({ data }) => JSON.parse(data));

const call: Part = { kind: "tool-call", id: "call_1", name: "look", arguments: '{"a":1}' };
const every: Part[] = [
  { kind: "reasoning", text: "hm" },
  { kind: "reasoning", text: "", seal: { origin: "openai-responses", value: "enc" } },
  { kind: "reasoning", text: "", redacted: true, seal: { origin: "anthropic-messages", value: "ZGF0" } },
  { kind: "text", text: "a", citations: [{ url: "https://a.org", title: "A", start: 0, end: 1 }] },
  { kind: "refusal", text: "no" },
  {
    kind: "native",
    format: "anthropic-messages",
    type: "server_tool_use",
    value: { type: "server_tool_use", id: "s", name: "web_search", input: { query: "q" } },
  },
  {
    kind: "native",
    format: "anthropic-messages",
    type: "web_search_tool_result",
    value: { type: "web_search_tool_result", tool_use_id: "s", content: [] },
  },
  call,
  { ...call, id: "call_2", arguments: "{}" },
];

describe("an answer with everything in it", () => {
  const events = streamed(eventsOf(answer(every, { finish: "tool-calls" })));

  test("is a valid stream, and a valid message", () => {
    expect(validateStream(events)).toEqual([]);
    expect(validateMessage(writeResponse(answer(every, { finish: "tool-calls" }), context()))).toEqual([]);
  });

  test("tells the blocks of the whole message one after the other", () => {
    const starts = dataOf(events).filter(({ type }) => type === "content_block_start");
    const message = writeResponse(answer(every, { finish: "tool-calls" }), context()) as {
      content: object[];
    };
    expect(starts.map(({ content_block }) => content_block.type)).toEqual(
      message.content.map((block) => (block as { type: string }).type),
    );
  });

  test("names the client's model and an id of the API's kind, and counts the input without what was cached", () => {
    const [start] = dataOf(events);
    expect(start.message).toMatchObject({ id: "msg_abc123", model: "claude-opus-5", stop_reason: null });
    expect(dataOf(events).at(-2)).toMatchObject({
      delta: { stop_reason: "tool_use", stop_sequence: null },
      usage: {
        input_tokens: 30,
        cache_read_input_tokens: 60,
        cache_creation_input_tokens: 10,
        output_tokens: 20,
        output_tokens_details: { thinking_tokens: 5 },
      },
    });
  });
});

test("thoughts without a signature get a mark, those of other APIs their seal with its origin", () => {
  const { content } = writeResponse(answer(every), context()) as { content: object[] };
  expect(content.slice(0, 3)).toEqual([
    { type: "thinking", thinking: "hm", signature: "amsterdam.seal.none" },
    { type: "thinking", thinking: "", signature: "amsterdam.seal.r.enc" },
    { type: "redacted_thinking", data: "ZGF0" },
  ]);
});

test("a citation of another API is told as a search result's, with the seals' mark", () => {
  const { content } = writeResponse(answer([every[3]!]), context()) as { content: object[] };
  expect(content).toEqual([
    {
      type: "text",
      text: "a",
      citations: [
        {
          type: "web_search_result_location",
          url: "https://a.org",
          title: "A",
          cited_text: "",
          encrypted_index: "amsterdam.seal.citation",
        },
      ],
    },
  ]);
});

test("texts without words have no block", () => {
  const parts: Part[] = [{ kind: "text", text: "" }, call];
  const starts = dataOf(streamed(eventsOf(answer(parts)))).filter(
    ({ type }) => type === "content_block_start",
  );
  expect(starts).toMatchObject([{ index: 0, content_block: { type: "tool_use" } }]);
  expect(writeResponse(answer(parts), context())).toMatchObject({ content: [{ type: "tool_use" }] });
});

describe("why the answer ended", () => {
  test.each<[FinishReason, Part, string]>([
    ["stop", { kind: "text", text: "a" }, "end_turn"],
    ["stop", call, "tool_use"],
    ["stop", { kind: "refusal", text: "no" }, "refusal"],
    ["tool-calls", call, "tool_use"],
    ["length", call, "max_tokens"],
    ["context", { kind: "text", text: "a" }, "model_context_window_exceeded"],
    ["stop-sequence", { kind: "text", text: "a" }, "stop_sequence"],
    ["content-filter", { kind: "text", text: "a" }, "refusal"],
    ["refusal", { kind: "text", text: "a" }, "refusal"],
    ["pause", { kind: "text", text: "a" }, "pause_turn"],
    ["other", { kind: "text", text: "a" }, "end_turn"],
  ])("%s after %j is %s", (finish, part, stop_reason) => {
    expect(writeResponse(answer([part], { finish }), context())).toMatchObject({ stop_reason });
    expect(dataOf(streamed(eventsOf(answer([part], { finish })))).at(-2).delta).toMatchObject({
      stop_reason,
    });
  });

  test("tells the stop sequence that was met", () => {
    const ended = answer([{ kind: "text", text: "a" }], { finish: "stop-sequence", stopSequence: "END" });
    expect(writeResponse(ended, context())).toMatchObject({ stop_sequence: "END" });
    expect(dataOf(streamed(eventsOf(ended))).at(-2).delta).toMatchObject({ stop_sequence: "END" });
  });
});

describe("an error", () => {
  test("ends the stream in the API's shape", () => {
    const begun: StreamEvent[] = [
      { type: "start", id: "", model: "" },
      { type: "part-start", choice: 0, part: { kind: "text" } },
      { type: "delta", choice: 0, text: "hi" },
      { type: "error", error: { status: 429, message: "Slow down.", code: "rate_limit_exceeded" } },
      { type: "end" },
    ];
    const events = streamed(begun);
    expect(validateStream(events)).toEqual([]);
    expect(dataOf(events).at(-1)).toEqual({
      type: "error",
      error: { type: "rate_limit_error", message: "Slow down." },
      request_id: null,
    });
  });

  test("of Anthropic's own keeps its type", () => {
    const [event] = dataOf(
      streamed([{ type: "error", error: { status: 500, message: "m", code: "overloaded_error" } }]),
    );
    expect(event.error.type).toBe("overloaded_error");
  });
});

describe("what the API has no place for is named", () => {
  const image: Part = { kind: "media", media: "image", source: { kind: "base64", data: "iVBOR" } };
  const native: Part = { kind: "native", format: "gemini", type: "executableCode", value: {} };
  const odd: GenerateResponse = {
    ...answer([image, native]),
    choices: [
      { index: 0, parts: [image, native, { ...call, arguments: "{" }], finish: "length" },
      { index: 1, parts: [call], finish: "stop" },
    ],
  };

  test("in a message", () => {
    const losses = new Losses();
    const message = writeResponse(odd, context(losses));
    expect(message).toMatchObject({ content: [{ type: "tool_use", input: {} }] });
    expect(losses.items).toEqual([
      "choices: all but the first",
      "choices[0].parts[0]: image",
      "choices[0].parts[1]: executableCode",
      "choices[0].parts[2].arguments: no JSON object",
    ]);
  });

  test("in a stream", () => {
    const losses = new Losses();
    expect(streamed(eventsOf(odd), losses).length).toBeGreaterThan(3);
    expect(losses.items).toEqual(["image", "executableCode", "choices: all but the first"]);
  });
});

test("the keep-alive is a ping", () => {
  expect(parseEvent(keepAlive)).toEqual({ event: "ping", data: '{"type": "ping"}' });
  expect(keepAlive.endsWith("\n\n")).toBe(true);
});
