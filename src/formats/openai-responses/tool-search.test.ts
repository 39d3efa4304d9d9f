import { describe, expect, test } from "bun:test";
import type { GenerateResponse } from "../../exchange/response.ts";
import { eventsOf } from "../../exchange/split.ts";
import { openaiResponsesCodec as codec } from "./codec.ts";
import { answerContext, eventsIn, read, requestContext, written } from "./testing.ts";

const parameters = { type: "object", properties: { query: { type: "string" } }, required: ["query"] };
const search = { type: "tool_search", execution: "client", description: "Finds tools.", parameters };
const found = {
  type: "function",
  name: "create_issue",
  description: "d",
  parameters: { type: "object" },
  defer_loading: true,
};
const conversation = {
  model: "model-1",
  input: [
    { type: "message", role: "user", content: "Report it." },
    {
      type: "tool_search_call",
      id: "tsc_1",
      call_id: "a",
      execution: "client",
      status: "completed",
      arguments: { query: "issue" },
    },
    {
      type: "tool_search_output",
      call_id: "a",
      execution: "client",
      status: "completed",
      tools: [{ type: "namespace", name: "tracker", description: "Issues", tools: [found] }],
    },
  ],
  tools: [search, { type: "function", name: "shell", parameters: { type: "object" }, strict: false }],
};

describe("a search for tools that the client carries out", () => {
  test("is a function to other APIs, with what it found beside the request's tools", () => {
    const { tools, messages } = read(conversation);
    expect(tools).toMatchObject([
      { kind: "function", name: "tool_search", description: "Finds tools.", parameters },
      { name: "shell" },
      { kind: "function", name: "create_issue", namespace: "tracker" },
    ]);
    expect(messages.slice(1)).toMatchObject([
      {
        role: "assistant",
        parts: [{ kind: "tool-call", id: "a", name: "tool_search", arguments: '{"query":"issue"}' }],
      },
      {
        role: "tool",
        parts: [
          {
            kind: "tool-result",
            callId: "a",
            parts: [{ text: "These tools can be called now: tracker.create_issue" }],
          },
        ],
      },
    ]);
  });

  test("that found nothing, or what is offered anyway, adds no tools", () => {
    const output = (tools: object[]) => [
      ...conversation.input.slice(0, 2),
      { type: "tool_search_output", call_id: "a", execution: "client", tools },
    ];
    const none = read({ ...conversation, input: output([]) });
    expect(none.messages[2]).toMatchObject({ parts: [{ parts: [{ text: "No tools were found." }] }] });
    expect(none.tools).toHaveLength(2);
    const shell = { type: "function", name: "shell", parameters: { type: "object" } };
    expect(read({ ...conversation, input: output([shell, shell]) }).tools).toHaveLength(2);
  });

  test("goes out as it came in its own format", () => {
    expect(codec.writeRequest(read(conversation), requestContext())).toEqual(conversation);
  });

  test("is left to the provider that carries it out itself", () => {
    const hosted = { type: "tool_search" };
    const call = { type: "tool_search_call", arguments: {}, execution: "server" };
    const { tools, messages } = read({ model: "m", input: [call], tools: [hosted] });
    expect(tools).toMatchObject([{ kind: "hosted", type: "tool_search" }]);
    expect(messages).toMatchObject([{ parts: [{ kind: "native", type: "tool_search_call" }] }]);
  });
});

describe("a call of it", () => {
  const answer = (args: string): GenerateResponse => ({
    id: "resp_1",
    model: "x",
    choices: [
      {
        index: 0,
        parts: [
          { kind: "tool-call", id: "b", name: "tool_search", arguments: args },
          { kind: "tool-call", id: "c", name: "shell", arguments: "{}" },
        ],
        finish: "tool-calls",
      },
    ],
  });
  const item = (args: unknown) => ({
    type: "tool_search_call",
    id: expect.stringMatching(/^tsc_ams/),
    call_id: "b",
    execution: "client",
    arguments: args,
    status: "completed",
  });

  test.each([
    ['{"query":"x"}', { query: "x" }],
    ["{}", {}],
    ['{"query":', '{"query":'],
  ])("is an item of its own, whole and streamed: %s", (args, expected) => {
    const context = answerContext(read(conversation));
    expect(codec.writeResponse(answer(args), context)).toMatchObject({
      output: [item(expected), { type: "function_call", name: "shell" }],
    });
    const events = eventsIn(written([...eventsOf(answer(args))], answerContext(read(conversation))));
    const told = events.slice(0, -1).map(({ data }) => JSON.parse(data) as { type: string; item?: object });
    expect(told.map(({ type }) => type).slice(2, 5)).toEqual([
      "response.output_item.added",
      "response.output_item.done",
      "response.output_item.added",
    ]);
    expect(told[2]?.item).toMatchObject({ type: "tool_search_call", arguments: {}, status: "in_progress" });
    expect(told[3]?.item).toEqual(item(expected));
  });

  test("is a function's where the client offers a function of that name", () => {
    const request = read({ model: "m", input: "Hi", tools: [{ type: "function", name: "tool_search" }] });
    expect(codec.writeResponse(answer("{}"), answerContext(request))).toMatchObject({
      output: [{ type: "function_call", name: "tool_search" }, {}],
    });
  });
});
