import { describe, expect, test } from "bun:test";
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import { GatewayError } from "../../exchange/errors.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import { readRequest } from "./read-request.ts";

const user = { role: "user", content: "hi" } as const;

function read(body: object): GenerateRequest {
  return readRequest({ model: "m", messages: [user], ...body });
}

const partsOf = (message: object) => read({ messages: [message] }).messages[0]!.parts;

describe("messages", () => {
  test("keep their roles, names and order", () => {
    const { messages } = read({
      messages: [
        { role: "developer", content: "Be brief." },
        { role: "user", content: "hi", name: "ada" },
        { role: "assistant", content: "hello" },
        { role: "system", content: [{ type: "text", text: "late" }] },
      ] satisfies ChatCompletionCreateParams["messages"],
    });
    expect(messages).toMatchObject([
      { role: "developer", parts: [{ text: "Be brief." }] },
      { role: "user", name: "ada" },
      { role: "assistant", parts: [{ kind: "text", text: "hello" }] },
      { role: "system", parts: [{ text: "late" }] },
    ]);
  });

  test("hold images, sound, files and films", () => {
    const parts = partsOf({
      role: "user",
      content: [
        { type: "image_url", image_url: { url: "data:image/PNG;base64,QQ==", detail: "low" } },
        { type: "image_url", image_url: { url: "https://x.example/a.png" } },
        { type: "input_audio", input_audio: { data: "QQ==", format: "mp3" } },
        { type: "file", file: { file_data: "data:application/pdf;base64,QQ==", filename: "a.pdf" } },
        { type: "file", file: { file_data: "QQ==", filename: "a.pdf" } },
        { type: "file", file: { file_id: "file-1" } },
        { type: "video_url", video_url: { url: "https://x.example/a.mp4" } },
      ],
    });
    const pdf = { media: "document", mimeType: "application/pdf", source: { kind: "base64", data: "QQ==" } };
    expect(parts).toMatchObject([
      { media: "image", mimeType: "image/png", source: { kind: "base64", data: "QQ==" }, detail: "low" },
      { media: "image", source: { kind: "url", url: "https://x.example/a.png" } },
      { media: "audio", mimeType: "audio/mpeg", source: { data: "QQ==" } },
      { ...pdf, name: "a.pdf" },
      { ...pdf, name: "a.pdf" },
      { media: "document", source: { kind: "file", id: "file-1" } },
      { media: "video", source: { kind: "url", url: "https://x.example/a.mp4" } },
    ]);
  });

  test("of tools that follow each other are one", () => {
    const { messages } = read({
      messages: [
        user,
        { role: "tool", tool_call_id: "a", content: "1" },
        { role: "tool", tool_call_id: "b", content: [{ type: "text", text: "2" }] },
        user,
        { role: "tool", tool_call_id: "c", content: "" },
      ],
    });
    expect(messages.map(({ role, parts }) => [role, parts.length])).toEqual([
      ["user", 1],
      ["tool", 2],
      ["user", 1],
      ["tool", 1],
    ]);
  });

  test("of an assistant hold thoughts, words, a refusal and calls, in this order", () => {
    const parts = partsOf({
      role: "assistant",
      content: "words",
      refusal: "no",
      reasoning_content: "hm",
      tool_calls: [
        { id: "a", type: "function", function: { name: "f", arguments: '{"x":1}' } },
        { id: "b", type: "custom", custom: { name: "g", input: "free" } },
        { id: "c", type: "function", function: { name: "h", arguments: "" } },
      ],
    });
    expect(parts).toMatchObject([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "words" },
      { kind: "refusal", text: "no" },
      { kind: "tool-call", id: "a", name: "f", arguments: '{"x":1}' },
      { kind: "tool-call", id: "b", name: "g", arguments: "free", custom: true },
      { kind: "tool-call", id: "c", arguments: "{}" },
    ]);
  });

  test("of before there were tools become calls and results that know each other", () => {
    const request = read({
      functions: [{ name: "f", parameters: { type: "object" } }],
      function_call: { name: "f" },
      messages: [
        user,
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "1" },
        { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
        { role: "function", name: "f", content: "2" },
      ],
    });
    const ids = request.messages.flatMap(({ parts }) =>
      parts.flatMap((part) =>
        part.kind === "tool-call" ? [part.id] : part.kind === "tool-result" ? [part.callId] : [],
      ),
    );
    expect(ids[0]).toBe(ids[1]!);
    expect(ids[2]).toBe(ids[3]!);
    expect(ids[0]).not.toBe(ids[2]!);
    expect(request).toMatchObject({
      tools: [{ kind: "function", name: "f" }],
      toolChoice: { mode: "tool", name: "f" },
      parallelToolCalls: false,
    });
  });

  test("keep cache marks, on a part and on the message", () => {
    const cache_control = { type: "ephemeral", ttl: "1h" };
    expect(partsOf({ role: "user", content: [{ type: "text", text: "a", cache_control }] })).toMatchObject([
      { text: "a", cache: { ttl: "1h" } },
    ]);
    expect(partsOf({ role: "user", content: "a", cache_control })).toMatchObject([{ cache: { ttl: "1h" } }]);
  });
});

describe("thoughts in the history", () => {
  const assistant = (members: object) => partsOf({ role: "assistant", content: null, ...members });

  test("are read once, whichever of three members tell them", () => {
    const entry = { type: "reasoning.text", text: "hm", format: "unknown", index: 0 };
    for (const members of [
      { reasoning_content: "hm" },
      { reasoning: "hm" },
      { reasoning_details: [entry] },
      { reasoning_content: "hm", reasoning: "hm", reasoning_details: [entry] },
    ])
      expect(assistant(members)).toEqual([{ kind: "reasoning", text: "hm" }]);
  });

  test("keep signatures and what is encrypted, with the API that made them", () => {
    const details = [
      { type: "reasoning.text", text: "a", signature: "amsterdam.seal.a.sig", index: 0 },
      { type: "reasoning.summary", summary: "b", id: "rs_1", index: 1 },
      { type: "reasoning.encrypted", data: "amsterdam.seal.r.enc", id: "rs_1", index: 1 },
      { type: "reasoning.encrypted", data: "own", format: "anthropic-claude-v1", index: 2 },
      { type: "reasoning.novel", data: "?" },
    ];
    expect(assistant({ reasoning_details: details })).toMatchObject([
      { text: "a", seal: { origin: "anthropic-messages", value: "sig" } },
      { text: "b", summary: true, itemId: "rs_1", seal: { origin: "openai-responses", value: "enc" } },
      { text: "", redacted: true, seal: { origin: "openai-chat", value: "own" } },
    ]);
  });

  test("take their text from beside an entry that has the signature only", () => {
    expect(
      assistant({
        reasoning_content: "hm",
        reasoning_details: [{ type: "reasoning.text", signature: "s", index: 0 }],
      }),
    ).toMatchObject([{ text: "hm", seal: { value: "s" } }]);
  });

  test("of Gemini are signed on calls and on the text", () => {
    const extra_content = { google: { thought_signature: "amsterdam.seal.g.sig" } };
    const seal = { origin: "gemini", value: "sig" };
    const call = { id: "a", type: "function", function: { name: "f", arguments: "{}" }, extra_content };
    expect(assistant({ tool_calls: [call] })).toEqual([
      { kind: "tool-call", id: "a", name: "f", arguments: "{}", seal },
    ] as never);
    expect(assistant({ content: "x", extra_content })).toEqual([{ kind: "text", text: "x", seal }] as never);
  });

  test("of Mistral stand among the content", () => {
    const content = [
      { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
      { type: "text", text: "x" },
    ];
    expect(assistant({ content })).toMatchObject([
      { kind: "reasoning", text: "hm" },
      { kind: "text", text: "x" },
    ]);
  });
});

describe("tools", () => {
  test("are functions, custom tools and those of a provider", () => {
    const grammar = { syntax: "lark", definition: "start: /a/" };
    const { tools } = read({
      tools: [
        {
          type: "function",
          function: { name: "f", description: "d", parameters: { type: "object" }, strict: true },
        },
        { type: "custom", custom: { name: "g", format: { type: "grammar", grammar } } },
        { type: "custom", custom: { name: "h" } },
        { type: "web_search", web_search: { enable: true } },
      ],
      web_search_options: { user_location: { type: "approximate", approximate: { country: "NL" } } },
    });
    expect(tools).toMatchObject([
      { kind: "function", name: "f", description: "d", parameters: { type: "object" }, strict: true },
      { kind: "custom", name: "g", grammar },
      { kind: "custom", name: "h" },
      { kind: "hosted", hosted: "web-search", type: "web_search" },
      { kind: "hosted", hosted: "web-search", type: "web_search_options", location: { country: "NL" } },
    ]);
  });

  test.each([
    ["none", { mode: "none" }],
    ["any", { mode: "required" }],
    [
      { type: "function", function: { name: "f" } },
      { mode: "tool", name: "f" },
    ],
    [
      { type: "custom", custom: { name: "g" } },
      { mode: "tool", name: "g" },
    ],
    [
      {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "f" } }] },
      },
      { mode: "required", allowed: ["f"] },
    ],
  ])("are chosen by %j", (choice, expected) => {
    expect(read({ tool_choice: choice }).toolChoice).toEqual(expected as never);
  });
});

describe("settings", () => {
  test.each<[object, Partial<GenerateRequest>]>([
    [{ max_tokens: 5 }, { maxOutputTokens: 5 }],
    [{ max_tokens: 5, max_completion_tokens: 6 }, { maxOutputTokens: 6 }],
    [{ stop: "x" }, { stop: ["x"] }],
    [{ stop: ["x", "y"] }, { stop: ["x", "y"] }],
    [
      { n: 2, seed: 3, top_k: 4 },
      { choices: 2, seed: 3, topK: 4 },
    ],
    [{ logprobs: true, top_logprobs: 2 }, { logprobs: { top: 2 } }],
    [{ user: "a" }, { userId: "a" }],
    [{ user: "a", safety_identifier: "b" }, { userId: "b" }],
    [{ prediction: { type: "content", content: [{ type: "text", text: "x" }] } }, { prediction: "x" }],
    [{ response_format: { type: "json_object" } }, { output: { kind: "json-object" } }],
    [{ response_format: { type: "text" } }, {}],
    [{ reasoning_effort: "low" }, { reasoning: { effort: "low" } }],
    [{ reasoning: { max_tokens: 9, exclude: true } }, { reasoning: { budget: 9, summary: "none" } }],
    [{ reasoning: { enabled: true } }, { reasoning: { adaptive: true } }],
    [{ reasoning: { enabled: false } }, { reasoning: { effort: "none" } }],
    [{ thinking: { type: "enabled", budget_tokens: 9 } }, { reasoning: { budget: 9 } }],
    [{ thinking: { type: "disabled" } }, { reasoning: { effort: "none" } }],
    [
      { thinking: { type: "enabled" }, reasoning_effort: "high" },
      { reasoning: { adaptive: true, effort: "high" } },
    ],
    [{ stream: true }, { stream: true, streamUsage: false }],
    [
      { stream: true, stream_options: { include_usage: true } },
      { stream: true, streamUsage: true },
    ],
    [
      { temperature: null, stop: null, tools: null, stream: null },
      { stream: false, streamUsage: true },
    ],
  ])("%j are read", (body, expected) => {
    const { model: _model, messages: _messages, tools: _tools, extensions: _own, ...rest } = read(body);
    expect(rest).toEqual({ stream: false, streamUsage: true, ...expected });
  });

  test("that only the wording tells apart leave their wording, empty", () => {
    const forms = { reasoning: { effort: "low" }, thinking: { type: "enabled" }, functions: [{ name: "f" }] };
    expect(read(forms).extensions).toEqual({ "openai-chat": { reasoning: {}, thinking: {}, functions: [] } });
    expect(read({ metadata: { a: "b" } }).extensions).toEqual({ "openai-chat": {} });
    expect(read({ user: "a", stop: "x", response_format: { type: "text" } }).extensions).toBeUndefined();
  });

  test("that are not known are kept as they were written", () => {
    const own = { logit_bias: { "1": 2 }, modalities: ["text"], prompt_cache_retention: "24h", novel: [1] };
    expect(read(own).extensions).toEqual({ "openai-chat": own });
  });
});

describe("a request that is wrong is told where", () => {
  test.each<[string, unknown]>([
    ["body", null],
    ["body", []],
    ["model", { messages: [user] }],
    ["messages", { model: "m" }],
    ["messages", { model: "m", messages: "hi" }],
    ["messages[0]", { model: "m", messages: ["hi"] }],
    ["messages[0].role", { model: "m", messages: [{ role: "robot", content: "hi" }] }],
    ["messages[0].role", { model: "m", messages: [{ content: "hi" }] }],
    ["messages[0].content", { model: "m", messages: [{ role: "user", content: 7 }] }],
    ["messages[0].content", { model: "m", messages: [{ role: "user" }] }],
    [
      "messages[1].content[0].type",
      { model: "m", messages: [user, { role: "user", content: [{ type: "x" }] }] },
    ],
    [
      "messages[0].content[0].text",
      { model: "m", messages: [{ role: "user", content: [{ type: "text" }] }] },
    ],
    ["messages[0].tool_call_id", { model: "m", messages: [{ role: "tool", content: "x" }] }],
    [
      "messages[0].tool_calls[0].function",
      { model: "m", messages: [{ role: "assistant", tool_calls: [{}] }] },
    ],
    [
      "messages[0].tool_calls[0].type",
      { model: "m", messages: [{ role: "assistant", tool_calls: [{ type: "teleport" }] }] },
    ],
    ["tools", { model: "m", messages: [user], tools: {} }],
    ["tools[0].function", { model: "m", messages: [user], tools: [{ type: "function" }] }],
    ["tools[0].function.name", { model: "m", messages: [user], tools: [{ function: {} }] }],
    ["tool_choice", { model: "m", messages: [user], tool_choice: "maybe" }],
    ["temperature", { model: "m", messages: [user], temperature: "hot" }],
    ["stop[1]", { model: "m", messages: [user], stop: ["a", 1] }],
    [
      "response_format.json_schema",
      { model: "m", messages: [user], response_format: { type: "json_schema" } },
    ],
  ])("at %s", (param, body) => {
    let told: unknown;
    try {
      readRequest(body);
    } catch (error) {
      told = error;
    }
    expect(told).toBeInstanceOf(GatewayError);
    expect(told).toMatchObject({ code: "invalid_request", status: 400, param });
  });
});

describe("a request that is odd is read all the same", () => {
  test("with prototype names, lone surrogates, broken arguments and orphans", () => {
    const body = JSON.parse(`{"model":"m","__proto__":{"x":1},"constructor":1,"messages":[
      {"role":"user","content":"\\ud800","__proto__":{"y":1}},
      {"role":"assistant","content":"","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{\\"x"}},
        {"id":"a","type":"function","function":{"name":"__proto__","arguments":"[]"}}]},
      {"role":"tool","tool_call_id":"nobody","content":"x"},
      {"role":"assistant"},{"role":"user","content":""}]}`);
    const request = readRequest(body);
    expect(request.messages.map(({ parts }) => parts.length)).toEqual([1, 2, 1, 0, 0]);
    expect(request.messages[1]!.parts[0]).toMatchObject({ arguments: '{"x' });
    expect(Object.getPrototypeOf(request.extensions!["openai-chat"]!)).toBe(Object.prototype);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  test("with ten megabytes of arguments, at once", () => {
    const text = JSON.stringify({ x: "y".repeat(10_000_000) });
    const calls = [{ id: "a", type: "function", function: { name: "f", arguments: text } }];
    const started = performance.now();
    expect(partsOf({ role: "assistant", tool_calls: calls })).toMatchObject([{ arguments: text }]);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});
