import { describe, expect, test } from "bun:test";
import { type SseEvent, SseSplitter } from "../../src/lib/sse.ts";
import { recordedExchanges } from "./exchanges.ts";
import { validateResponse, validateStream } from "./open-responses.ts";

type Body = Record<string, unknown>;

function eventsIn(body: string): SseEvent[] {
  const events: SseEvent[] = [];
  const splitter = new SseSplitter();
  splitter.push(new TextEncoder().encode(body), (event) => events.push(event));
  splitter.end((event) => events.push(event));
  return events;
}

/** What OpenAI and others leave out though the description wants it; an answer of ours may not. */
const LEFT_OUT = [
  "does not end with [DONE]",
  "is missing",
  // Encrypted reasoning is encrypted anew for the last event.
  "the response's output is not what the items' done events told",
];

const settings = {
  object: "response",
  created_at: 1,
  completed_at: null,
  incomplete_details: null,
  model: "m",
  previous_response_id: null,
  instructions: null,
  error: null,
  tools: [],
  tool_choice: "auto",
  truncation: "disabled",
  parallel_tool_calls: true,
  text: { format: { type: "text" } },
  top_p: 1,
  presence_penalty: 0,
  frequency_penalty: 0,
  top_logprobs: 0,
  temperature: 1,
  reasoning: { effort: null, summary: null },
  usage: null,
  max_output_tokens: null,
  max_tool_calls: null,
  store: false,
  background: false,
  service_tier: "default",
  metadata: {},
  safety_identifier: null,
  prompt_cache_key: null,
};

function response(status: string, output: unknown[]): Body {
  return { id: "resp_1", ...settings, status, output };
}

/** A stream of one message and one call, as bodies without sequence numbers. */
function stream(): Body[] {
  const message = { type: "message", id: "msg_1", role: "assistant", status: "in_progress", content: [] };
  const part = { type: "output_text", text: "", annotations: [], logprobs: [] };
  const of = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const call = {
    type: "function_call",
    id: "fc_1",
    call_id: "c",
    name: "f",
    arguments: "",
    status: "in_progress",
  };
  const doneMessage = { ...message, status: "completed", content: [{ ...part, text: "Hi" }] };
  const doneCall = { ...call, status: "completed", arguments: "{}" };
  return [
    { type: "response.created", response: response("in_progress", []) },
    { type: "response.in_progress", response: response("in_progress", []) },
    { type: "response.output_item.added", output_index: 0, item: message },
    { type: "response.content_part.added", ...of, part },
    { type: "response.output_text.delta", ...of, delta: "Hi", logprobs: [] },
    { type: "response.output_text.done", ...of, text: "Hi", logprobs: [] },
    { type: "response.content_part.done", ...of, part: { ...part, text: "Hi" } },
    { type: "response.output_item.done", output_index: 0, item: doneMessage },
    { type: "response.output_item.added", output_index: 1, item: call },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 1, delta: "{}" },
    {
      type: "response.function_call_arguments.done",
      item_id: "fc_1",
      output_index: 1,
      arguments: "{}",
      name: "f",
    },
    { type: "response.output_item.done", output_index: 1, item: doneCall },
    { type: "response.completed", response: response("completed", [doneMessage, doneCall]) },
  ];
}

function breaches(bodies: readonly Body[]): string[] {
  const events = bodies.map((body, i) => ({
    event: String(body.type),
    data: JSON.stringify({ ...body, sequence_number: i }),
  }));
  return validateStream([...events, { event: null, data: "[DONE]" }]);
}

/** The stream with some events in place of those from `at` on. */
function changed(at: number, remove: number, ...put: Body[]): Body[] {
  return stream().toSpliced(at, remove, ...put);
}

describe("the validator of Open Responses", () => {
  test("accepts a stream and a response that keep to the description", () => {
    expect(breaches(stream())).toEqual([]);
    expect(validateResponse(stream().at(-1)?.response)).toEqual([]);
  });

  for (const { id, status, stream: streamed, body } of recordedExchanges("openai-responses")) {
    if (status !== 200) continue;
    test(`finds nothing in ${id}, as a provider sent it, but what providers leave out`, () => {
      const found = streamed ? validateStream(eventsIn(body)) : validateResponse(JSON.parse(body));
      expect(found.filter((breach) => !LEFT_OUT.some((known) => breach.endsWith(known)))).toEqual([]);
    });
  }

  const at = (i: number, change: Body) => changed(i, 1, { ...stream()[i], ...change });
  const cases: [string, Body[], string][] = [
    ["a missing field", at(3, { part: { type: "output_text", text: "" } }), "$.part.annotations is missing"],
    ["a field of the wrong type", at(4, { delta: 1 }), "$.delta is 1, not of type string"],
    ["a wrong first event", changed(0, 1), "does not come here"],
    ["an item without its announcement", changed(2, 1), "no item is open"],
    ["a part without its announcement", changed(3, 1), "no part is open"],
    ["a gap in output_index", at(2, { output_index: 1 }), "output_index is not 0"],
    ["a wrong content_index", at(4, { content_index: 1 }), "its index is not 0"],
    ["another item's id", at(9, { item_id: "fc_2" }), "item_id is not the open item's"],
    ["items that overlap", changed(7, 1), "another item is still open"],
    ["deltas that are not the text", at(4, { delta: "Ho" }), "the text is not what the deltas told"],
    ["missing done of a text", changed(5, 1), "the text's own done event is missing"],
    ["missing done of arguments", changed(10, 1), "the done event of arguments is missing"],
    [
      "text within a call",
      changed(9, 0, { ...stream()[4], item_id: "fc_1", output_index: 1 }),
      "not of the open",
    ],
    ["a missing end", changed(12, 1), "neither completed, incomplete nor failed"],
    ["an event after the end", changed(13, 0, { ...stream()[11] }), "comes after the end"],
    [
      "output that was not told",
      at(12, { response: response("completed", []) }),
      "the response's output is not",
    ],
    ["an error that is the end", changed(12, 1, error()), "not followed by response.failed"],
    ["an unknown status", at(12, { response: response("failed", []) }), "the response's status is failed"],
  ];
  for (const [name, bodies, breach] of cases)
    test(`tells ${name}`, () => {
      expect(breaches(bodies).join("\n")).toContain(breach);
    });

  test("tells wrong sequence numbers, event lines and a missing [DONE]", () => {
    const [first] = stream();
    const found = validateStream([
      { event: "x", data: JSON.stringify({ ...first, sequence_number: 1 }) },
    ]).join();
    expect(found).toContain("the event line says x");
    expect(found).toContain("sequence_number is not 0");
    expect(found).toContain("does not end with [DONE]");
  });

  test("tells statuses that contradict and ids that are not unique", () => {
    const item = { type: "message", id: "m", role: "assistant", status: "incomplete", content: [] };
    const found = validateResponse(response("completed", [item, item])).join();
    expect(found).toContain("incomplete and not the last");
    expect(found).toContain("incomplete in a response that is completed");
    expect(found).toContain("the same id");
  });

  test("holds described items to their description and others to an id", () => {
    expect(validateResponse(response("completed", [{ type: "web_search_call", id: "ws_1" }]))).toEqual([]);
    expect(validateResponse(response("completed", [{ type: "web_search_call" }])).join()).toContain(
      "id is missing",
    );
    expect(validateResponse(response("completed", [{ type: "reasoning", id: "r" }])).join()).toContain(
      "summary",
    );
  });
});

function error(): Body {
  return { type: "error", error: { type: "server_error", code: null, message: "no", param: null } };
}
