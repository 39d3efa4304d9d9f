import { expect, test } from "bun:test";
import { parseEvent } from "../../src/lib/sse.ts";
import { validateMessage } from "./anthropic-message.ts";
import { validateStream } from "./anthropic-stream.ts";
import { recordedExchanges } from "./exchanges.ts";

const recorded = recordedExchanges("anthropic-messages").filter(({ status }) => status === 200);
const eventsOf = (body: string) =>
  body
    .trim()
    .split(/\r?\n\r?\n/)
    .map(parseEvent);
const stream = eventsOf(recorded.find(({ features }) => features.includes("parallel"))!.body);
const withArguments = eventsOf(recorded.find(({ body }) => body.includes('"partial_json":"{'))!.body);

test.each(recorded.filter((exchange) => exchange.stream))(
  "nothing is wrong with the recorded stream $id",
  ({ body }) => {
    expect(validateStream(eventsOf(body), false)).toEqual([]);
  },
);

test.each(recorded.filter((exchange) => !exchange.stream))(
  "nothing is wrong with the recorded answer $id",
  ({ body }) => {
    expect(validateMessage(JSON.parse(body), false)).toEqual([]);
  },
);

/** The indexes of the first event of a type. */
const at = (type: string) => stream.findIndex(({ event }) => event === type);

test.each([
  ["no start", () => stream.slice(1), "events[0]: content_block_start before the message"],
  ["no stop", () => stream.slice(0, -1), "end: neither message_stop nor an error came"],
  ["an event after the end", () => [...stream, stream[1]!], "after the end"],
  ["a second start", () => [stream[0]!, ...stream], "events[1]: a second message_start"],
  [
    "a block without its start",
    () => stream.toSpliced(at("content_block_start"), 1),
    "a delta outside of a block",
  ],
  [
    "a block without its stop",
    () => stream.toSpliced(at("content_block_stop"), 1),
    "a block begins inside another",
  ],
  [
    "a gap in the indexes",
    () => stream.map((event) => ({ ...event, data: event.data.replace('"index":1', '"index":2') })),
    "index is 2, not 1",
  ],
  [
    "a stop reason without a call",
    () =>
      stream.map((event) => ({
        ...event,
        data: event.data.replaceAll('"type":"tool_use"', '"type":"server_tool_use"'),
      })),
    "no tool was called",
  ],
  [
    "a name that is not the type",
    () =>
      stream.with(at("content_block_stop"), { ...stream[at("content_block_stop")]!, event: "message_stop" }),
    "is named message_stop and has type content_block_stop",
  ],
  [
    "broken arguments",
    () => withArguments.filter(({ data }) => !data.includes('"partial_json":"{')),
    "the input is no JSON object",
  ],
])("%s is found", (_name, broken, finding) => {
  expect(validateStream(broken(), false).join("\n")).toContain(finding);
});

test("strict asks for what the recordings are older than", () => {
  expect(validateStream(stream)).toContain("events[0].message.diagnostics: is missing");
});

test("an error event may end a stream at any point", () => {
  const error = {
    event: "error",
    data: '{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}',
  };
  expect(validateStream([...stream.slice(0, 4), error], false)).toEqual([]);
});
