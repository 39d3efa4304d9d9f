import { describe, expect, test } from "bun:test";
import type { MessageCreateParamsNonStreaming } from "@anthropic-ai/sdk/resources/messages/messages";
import { Losses } from "../../exchange/losses.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

const user = { role: "user", content: "hi" };
const body = (members: object) => ({ model: "claude-opus-5", max_tokens: 9, messages: [user], ...members });
const content = (...blocks: unknown[]) => body({ messages: [{ role: "user", content: blocks }] });

describe("a request with a wrong member is refused, and the member named", () => {
  test.each([
    [null, "body"],
    [[], "body"],
    [{ messages: [user] }, "model"],
    [body({ model: 7 }), "model"],
    [{ model: "m" }, "messages"],
    [body({ messages: "hi" }), "messages"],
    [body({ messages: [null] }), "messages[0]"],
    [body({ messages: [{ content: "hi" }] }), "messages[0].role"],
    [body({ messages: [{ role: "tool", content: "hi" }] }), "messages[0].role"],
    [body({ messages: [{ role: "__proto__", content: "hi" }] }), "messages[0].role"],
    [body({ messages: [{ role: "user" }] }), "messages[0].content"],
    [body({ messages: [{ role: "user", content: { type: "text" } }] }), "messages[0].content"],
    [content("hi"), "messages[0].content[0]"],
    [content({ type: "text" }), "messages[0].content[0].text"],
    [content({ type: "txt", text: "hi" }), "messages[0].content[0].type"],
    [content({ type: "constructor" }), "messages[0].content[0].type"],
    [content({ type: "image" }), "messages[0].content[0].source"],
    [
      content({ type: "image", source: { type: "base64", data: "x" } }),
      "messages[0].content[0].source.media_type",
    ],
    [content({ type: "image", source: { type: "ftp" } }), "messages[0].content[0].source.type"],
    [content({ type: "tool_use", id: "a", name: "b", input: {} }), "messages[0].content[0].type"],
    [content({ type: "tool_result", content: "x" }), "messages[0].content[0].tool_use_id"],
    [
      content({
        type: "tool_result",
        tool_use_id: "a",
        content: [{ type: "tool_use", id: "b", name: "c", input: {} }],
      }),
      "messages[0].content[0].content[0].type",
    ],
    [
      body({
        messages: [{ role: "assistant", content: [{ type: "tool_use", id: "a", name: "b", input: "{}" }] }],
      }),
      "messages[0].content[0].input",
    ],
    [
      body({ messages: [{ role: "assistant", content: [{ type: "tool_result", tool_use_id: "a" }] }] }),
      "messages[0].content[0].type",
    ],
    [body({ system: 7 }), "system"],
    [body({ system: [{ type: "image", source: { type: "url", url: "u" } }] }), "system[0].type"],
    [body({ max_tokens: "9" }), "max_tokens"],
    [body({ temperature: "hot" }), "temperature"],
    [body({ stream: 1 }), "stream"],
    [body({ stop_sequences: "x" }), "stop_sequences"],
    [body({ stop_sequences: [1] }), "stop_sequences[0]"],
    [body({ tools: {} }), "tools"],
    [body({ tools: [{ name: "a" }] }), "tools[0].input_schema"],
    [body({ tools: [{ input_schema: {} }] }), "tools[0].name"],
    [body({ tool_choice: "auto" }), "tool_choice"],
    [body({ tool_choice: { type: "some" } }), "tool_choice.type"],
    [body({ tool_choice: { type: "tool" } }), "tool_choice.name"],
    [body({ output_config: { format: { type: "json_object" } } }), "output_config.format.type"],
    [body({ output_format: { type: "json_schema" } }), "output_format.schema"],
    [body({ metadata: [] }), "metadata"],
  ])("%j: %s", (request, param) => {
    expect(() => readRequest(request)).toThrow(expect.objectContaining({ code: "invalid_request", param }));
  });
});

test("tool results stand in messages of their own, in their order", () => {
  const result = (id: string) => ({ type: "tool_result", tool_use_id: id, content: id });
  const { messages } = readRequest(
    content(result("a"), result("b"), { type: "text", text: "and" }, result("c")),
  );
  expect(messages.map(({ role, parts }) => [role, parts.length])).toEqual([
    ["tool", 2],
    ["user", 1],
    ["tool", 1],
  ]);
});

test("a search result is a document to other APIs", () => {
  const found = {
    type: "search_result",
    source: "https://a.org",
    title: "A",
    content: [{ type: "text", text: "words" }],
  };
  expect(readRequest(content(found)).messages[0]!.parts[0]).toMatchObject({
    kind: "media",
    media: "document",
    name: "A",
    source: { kind: "text", text: "https://a.org\n\nwords" },
  });
});

describe("thinking is read", () => {
  test.each<[object, object | undefined]>([
    [{ thinking: { type: "enabled", budget_tokens: 2000 } }, { budget: 2000, summary: "auto" }],
    [
      { thinking: { type: "adaptive", display: "omitted" }, output_config: { effort: "xhigh" } },
      { adaptive: true, effort: "xhigh", summary: "none" },
    ],
    [{ thinking: { type: "disabled" }, output_config: { effort: "high" } }, { effort: "none" }],
    [{ thinking: { type: "between_tools" } }, { effort: "minimal" }],
    [{ output_config: { effort: "low" } }, { effort: "low" }],
    [{ output_config: { effort: "constructor" } }, undefined],
  ])("of %j", (members, reasoning) => {
    expect(readRequest(body(members)).reasoning as object | undefined).toEqual(reasoning);
  });
});

describe("hosted tools are known by their type", () => {
  test.each([
    ["web_search_20260318", "web-search"],
    ["web_fetch_20250910", "web-fetch"],
    ["code_execution_20260521", "code-execution"],
    ["computer_20251124", "computer"],
    ["mcp_toolset", "mcp"],
    ["bash_20250124", "other"],
    ["text_editor_20250728", "other"],
  ])("%s", (type, hosted) => {
    expect(readRequest(body({ tools: [{ type, name: "n" }] })).tools[0]).toMatchObject({
      kind: "hosted",
      hosted,
      type,
    });
  });
});

test("everything that a request may hold comes back as it was", () => {
  const request = {
    model: "claude-opus-5",
    max_tokens: 4096,
    stream: false,
    system: [{ type: "text", text: "Be kind.", cache_control: { type: "ephemeral", ttl: "1h" } }],
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "Look.", cache_control: null },
          {
            type: "image",
            source: { type: "file", file_id: "file_1" },
            transformations: { oversized_image: "error" },
          },
          {
            type: "document",
            source: { type: "content", content: [{ type: "text", text: "a" }] },
            title: null,
            context: "c",
            citations: { enabled: true },
          },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "d" }, title: "D" },
          {
            type: "search_result",
            source: "https://a.org",
            title: "A",
            content: [{ type: "text", text: "words" }],
            cache_control: { type: "ephemeral" },
          },
          { type: "container_upload", file_id: "file_2" },
        ],
      },
      { role: "user", content: [{ type: "text", text: "Now." }] },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "", signature: "c2ln" },
          { type: "redacted_thinking", data: "ZGF0YQ" },
          {
            type: "text",
            text: "Cited.",
            citations: [
              {
                type: "char_location",
                cited_text: "d",
                document_index: 1,
                document_title: "D",
                start_char_index: 0,
                end_char_index: 1,
              },
            ],
          },
          { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: { query: "q" } },
          { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [] },
          {
            type: "tool_use",
            id: "toolu_1",
            name: "look",
            input: { a: [1, { b: null }] },
            caller: { type: "direct" },
            cache_control: { type: "ephemeral" },
          },
        ],
      },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "toolu_1",
            is_error: false,
            content: [
              { type: "text", text: "seen" },
              { type: "image", source: { type: "url", url: "https://a.org/a.png" } },
              { type: "tool_reference", tool_name: "look" },
            ],
          },
          { type: "text", text: "Go on." },
        ],
      },
      { role: "system", content: "Be brief." },
    ],
    tools: [
      {
        name: "look",
        description: "Looks.",
        input_schema: { type: "object", anyOf: [{ required: ["a"] }] },
        strict: true,
        eager_input_streaming: true,
        defer_loading: false,
        input_examples: [{ a: 1 }],
        cache_control: { type: "ephemeral" },
      },
      { type: "custom", name: "write", input_schema: { type: "object" } },
      {
        type: "web_search_20260318",
        name: "web_search",
        max_uses: 2,
        user_location: { type: "approximate", city: "Oslo" },
      },
      { type: "bash_20250124", name: "bash" },
    ],
    tool_choice: { type: "any", disable_parallel_tool_use: true },
    stop_sequences: ["\n", "x"],
    temperature: 0.3,
    top_k: 4,
    top_p: 0.5,
    thinking: { type: "enabled", budget_tokens: 2048, display: "omitted" },
    output_config: {
      effort: "max",
      format: { type: "json_schema", schema: { type: "object", minProperties: 1 } },
    },
    metadata: { user_id: "u", extra: 1 },
    service_tier: "standard_only",
    cache_control: { type: "ephemeral" },
    container: { id: "c", skills: [] },
    context_management: { edits: [] },
    mcp_servers: [{ type: "url", url: "https://mcp.example.com", name: "m" }],
    speed: "fast",
  };
  const losses = new Losses(true);
  expect(
    writeRequest(readRequest(request), { model: "claude-opus-5", losses, provider: "anthropic" }),
  ).toEqual(request as unknown as ReturnType<typeof writeRequest>);
});

test("seals of other APIs are read as theirs, marks of none as none", () => {
  const thinking = (signature: string) => ({ type: "thinking", thinking: "hm", signature });
  const { messages } = readRequest(
    body({
      messages: [
        user,
        {
          role: "assistant",
          content: ["amsterdam.seal.g.c2ln", "amsterdam.seal.none", "", "c2ln"].map(thinking),
        },
      ],
    }),
  );
  expect(messages[1]!.parts.map((part) => (part.kind === "reasoning" ? part.seal : null))).toEqual([
    { origin: "gemini", value: "c2ln" },
    undefined,
    undefined,
    { origin: "anthropic-messages", value: "c2ln" },
  ]);
});

test("the SDK's request types are read", () => {
  const request = {
    model: "claude-opus-5",
    max_tokens: 1,
    messages: [{ role: "user", content: "hi" }],
    tools: [{ name: "a", input_schema: { type: "object" } }],
    tool_choice: { type: "none" },
  } satisfies MessageCreateParamsNonStreaming;
  expect(readRequest(request)).toMatchObject({
    toolChoice: { mode: "none" },
    tools: [{ kind: "function", name: "a" }],
  });
});

test("huge arguments and lone surrogates pass", () => {
  const long = "x".repeat(10_000_000);
  const request = body({
    messages: [
      user,
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "a", name: "b", input: { long, half: "\ud800" } }],
      },
    ],
  });
  const started = performance.now();
  const written = writeRequest(readRequest(request), {
    model: "m",
    losses: new Losses(),
    provider: "anthropic",
  });
  expect(written.messages).toEqual(request.messages as typeof written.messages);
  expect(performance.now() - started).toBeLessThan(20_000);
});
