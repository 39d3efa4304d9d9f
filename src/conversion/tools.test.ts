import { describe, expect, test } from "bun:test";
import type { GenerateRequest, Tool } from "../exchange/request.ts";
import type { StreamEvent } from "../exchange/stream.ts";
import { ToolEvents } from "./tool-events.ts";
import { ToolAdapter } from "./tools.ts";

const requestWith = (tools: Tool[], over: Partial<GenerateRequest> = {}): GenerateRequest => ({
  model: "m",
  stream: true,
  messages: [],
  tools,
  streamUsage: true,
  ...over,
});

const PATCH: Tool = {
  kind: "custom",
  name: "apply_patch",
  description: "Edits files.",
  grammar: { syntax: "lark", definition: "start: X" },
};
const SEARCH: Tool = {
  kind: "function",
  name: "search",
  namespace: "mcp__docs",
  parameters: { type: "object" },
};

describe("a tool's name", () => {
  test("is kept where the target takes it", () => {
    const request = requestWith([{ kind: "function", name: "get_weather-2" }]);
    for (const format of ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const)
      expect(new ToolAdapter(request, format, "p").request(request).tools).toEqual(request.tools);
  });

  test.each(["a.b/c", "1st", "naïve", "x".repeat(200), "-dash"])(
    "%p becomes one that every target takes, and comes back",
    (name) => {
      const request = requestWith([
        { kind: "function", name },
        { kind: "function", name: "other" },
      ]);
      for (const format of ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const) {
        const tools = new ToolAdapter(request, format, "p");
        const [tool] = tools.request(request).tools;
        const sent = tool!.kind === "function" ? tool!.name : "";
        expect(sent).toMatch(/^[A-Za-z_][A-Za-z0-9_-]*$/);
        expect(sent.length).toBeLessThanOrEqual(format === "anthropic-messages" ? 128 : 64);
        expect(tools.clientTool(sent)?.name).toBe(name);
      }
    },
  );

  test("is unlike every other's, also where only forbidden characters told them apart", () => {
    const names = ["a.b", "a/b", "a_b", "a b"];
    const request = requestWith(names.map((name) => ({ kind: "function", name })));
    const tools = new ToolAdapter(request, "openai-chat", "openai");
    const sent = tools.request(request).tools.map((tool) => (tool.kind === "hosted" ? "" : tool.name));
    expect(new Set(sent).size).toBe(4);
    expect(sent.map((name) => tools.clientTool(name)?.name)).toEqual(names);
  });

  test("is joined to its namespace where the target has none, and parted from it in the answer", () => {
    const request = requestWith([SEARCH], {
      toolChoice: { mode: "tool", name: "search", namespace: "mcp__docs" },
      messages: [
        {
          role: "assistant",
          parts: [{ kind: "tool-call", id: "1", name: "search", namespace: "mcp__docs", arguments: "{}" }],
        },
      ],
    });
    const tools = new ToolAdapter(request, "anthropic-messages", "anthropic");
    const sent = tools.request(request);
    expect(sent.tools[0]).toEqual({
      kind: "function",
      name: "mcp__docs__search",
      parameters: { type: "object" },
    });
    expect(sent.toolChoice).toEqual({ mode: "tool", name: "mcp__docs__search" });
    expect(sent.messages[0]!.parts[0]).toEqual({
      kind: "tool-call",
      id: "1",
      name: "mcp__docs__search",
      arguments: "{}",
    });
    const choice = tools.answer({
      index: 0,
      finish: "tool-calls",
      parts: [{ kind: "tool-call", id: "2", name: "mcp__docs__search", arguments: "{}" }],
    });
    expect(choice.parts[0]).toMatchObject({ name: "search", namespace: "mcp__docs" });
    expect(new ToolAdapter(request, "openai-responses", "openai").request(request)).toEqual(request);
  });
});

describe("a free-form tool", () => {
  const request = requestWith([PATCH], {
    messages: [
      {
        role: "assistant",
        parts: [{ kind: "tool-call", id: "1", name: "apply_patch", arguments: "*** Begin\n", custom: true }],
      },
      {
        role: "tool",
        parts: [{ kind: "tool-result", callId: "1", custom: true, parts: [{ kind: "text", text: "ok" }] }],
      },
    ],
  });

  test("stays one at the provider that has them", () => {
    expect(new ToolAdapter(request, "openai-chat", "openai").request(request)).toEqual(request);
  });

  test("is a function of one text elsewhere, in the history too, with its grammar told", () => {
    const sent = new ToolAdapter(request, "gemini", "gemini").request(request);
    expect(sent.tools[0]).toMatchObject({
      kind: "function",
      name: "apply_patch",
      parameters: { required: ["input"], properties: { input: { type: "string" } } },
    });
    expect(JSON.stringify(sent.tools[0])).toContain("start: X");
    expect(sent.messages[0]!.parts[0]).toEqual({
      kind: "tool-call",
      id: "1",
      name: "apply_patch",
      arguments: '{"input":"*** Begin\\n"}',
    });
    expect(sent.messages[1]!.parts[0]).toEqual({
      kind: "tool-result",
      callId: "1",
      parts: [{ kind: "text", text: "ok" }],
    });
  });

  test.each([
    ['{"input":"line\\n"}', "line\n"],
    ['{"input":{"a":1}}', '{"a":1}'],
    ["not json", "not json"],
    ['{"other":1}', '{"other":1}'],
    ['{"input":""}', ""],
  ])("called with %j was called with %j", (args, text) => {
    const tools = new ToolAdapter(request, "gemini", "gemini");
    const part = { kind: "tool-call", id: "c", name: "apply_patch", arguments: args } as const;
    const expected = {
      kind: "tool-call",
      id: "c",
      name: "apply_patch",
      arguments: text,
      custom: true,
    } as const;
    expect(tools.answer({ index: 0, finish: "tool-calls", parts: [part] }).parts).toEqual([expected]);

    const events = new ToolEvents(tools);
    const stream: StreamEvent[] = [
      { type: "part-start", choice: 0, part: { kind: "tool-call", id: "c", name: "apply_patch" } },
      ...[...args].map((text): StreamEvent => ({ type: "delta", choice: 0, text })),
      { type: "part-end", choice: 0 },
      { type: "part-start", choice: 0, part: { kind: "text" } },
      { type: "delta", choice: 0, text: "after" },
      { type: "part-end", choice: 0 },
    ];
    const out = stream.flatMap((event) => events.take(event));
    expect(out[0]).toEqual({
      type: "part-start",
      choice: 0,
      part: { kind: "tool-call", id: "c", name: "apply_patch", custom: true },
    });
    expect(out.slice(1, text === "" ? 1 : 2)).toEqual(
      text === "" ? [] : [{ type: "delta", choice: 0, text }],
    );
    expect(out.slice(-4)).toEqual(stream.slice(-4));
  });
});

describe("a call that nobody could answer", () => {
  const adapter = new ToolAdapter(requestWith([]), "openai-chat", "openai");
  const begin = (id: string, name: string): StreamEvent => ({
    type: "part-start",
    choice: 0,
    part: { kind: "tool-call", id, name },
  });
  const whole = (id: string, name: string) =>
    adapter.answer({
      index: 0,
      parts: [{ kind: "tool-call", id, name, arguments: "{}" }],
      finish: "tool-calls",
    });

  test("is an error where it has no name", () => {
    expect(() => new ToolEvents(adapter).take(begin("call_1", ""))).toThrow("without a name");
    expect(() => whole("call_1", "")).toThrow("without a name");
  });

  test("gets an id where it has none", () => {
    expect(JSON.stringify(new ToolEvents(adapter).take(begin("", "f")))).toMatch(/"id":"call_\w{24}"/);
    expect(JSON.stringify(whole("", "f"))).toMatch(/"id":"call_\w{24}"/);
  });
});
