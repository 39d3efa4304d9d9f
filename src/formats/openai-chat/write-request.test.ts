import { describe, expect, test } from "bun:test";
import type { ChatCompletionCreateParams } from "openai/resources/chat/completions";
import { GatewayError } from "../../exchange/errors.ts";
import type { Part } from "../../exchange/parts.ts";
import type { GenerateRequest, Message, Tool } from "../../exchange/request.ts";
import { requestContext } from "./testing.ts";
import { writeRequest } from "./write-request.ts";

const text = (words: string): Part => ({ kind: "text", text: words });
const user: Message = { role: "user", parts: [text("hi")] };
const call = (id: string): Part => ({ kind: "tool-call", id, name: "f", arguments: "{}" });
const result = (callId: string, ...parts: ReturnType<typeof text>[]): Part => ({
  kind: "tool-result",
  callId,
  parts: (parts.length > 0 ? parts : [text("1")]) as never,
});
const thought: Part = { kind: "reasoning", text: "hm" };
const lookUp: Tool = { kind: "function", name: "f" };

interface Written {
  readonly body: ChatCompletionCreateParams & Record<string, unknown>;
  readonly losses: readonly string[];
}

function write(request: Partial<GenerateRequest>, provider = "openai"): Written {
  const context = requestContext(provider);
  const whole = { model: "m", stream: false, streamUsage: true, messages: [user], tools: [], ...request };
  const body = JSON.parse(JSON.stringify(writeRequest(whole, context)));
  return { body, losses: context.losses.items };
}

const messagesOf = (messages: readonly Message[], provider?: string) =>
  write({ messages }, provider).body.messages;

function refused(request: Partial<GenerateRequest>, provider?: string): unknown {
  try {
    write(request, provider);
  } catch (error) {
    return error;
  }
  return null;
}

describe("providers differ", () => {
  test("in the limit of tokens", () => {
    expect(write({ maxOutputTokens: 5 }).body).toMatchObject({ max_completion_tokens: 5 });
    expect(write({ maxOutputTokens: 5 }, "deepseek").body).toMatchObject({ max_tokens: 5 });
  });

  test("in who instructs", () => {
    const messages: Message[] = [{ role: "developer", parts: [text("a")] }, user];
    expect(messagesOf(messages)[0]).toEqual({ role: "developer", content: "a" });
    expect(messagesOf(messages, "groq")[0]).toEqual({ role: "system", content: "a" });
  });

  test("in how thoughts go back", () => {
    const messages: Message[] = [user, { role: "assistant", parts: [thought, text("x")] }, user];
    const assistant = (provider: string) => messagesOf(messages, provider)[1] as object;
    expect(assistant("openai")).toEqual({ role: "assistant", content: "x" });
    expect(assistant("deepseek")).toEqual({ role: "assistant", content: "x", reasoning_content: "hm" });
    expect(assistant("groq")).toEqual({ role: "assistant", content: "x", reasoning: "hm" });
    expect(assistant("openrouter")).toMatchObject({
      reasoning_details: [{ type: "reasoning.text", text: "hm", index: 0 }],
    });
    expect(assistant("mistral")).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "hm" }] },
        { type: "text", text: "x" },
      ],
    });
    expect(write({ messages }).losses).toEqual(["messages: reasoning"]);
  });

  test("in what they know of the request", () => {
    const request: Partial<GenerateRequest> = {
      store: true,
      metadata: { a: "b" },
      promptCacheKey: "k",
      verbosity: "low",
      prediction: "x",
      serviceTier: "flex",
      userId: "u",
    };
    expect(write(request)).toMatchObject({
      body: {
        store: true,
        metadata: { a: "b" },
        prompt_cache_key: "k",
        verbosity: "low",
        prediction: { type: "content", content: "x" },
        service_tier: "flex",
        safety_identifier: "u",
      },
      losses: [],
    });
    const elsewhere = write(request, "mistral");
    expect(elsewhere.body).toEqual({
      model: "model-1",
      messages: [{ role: "user", content: "hi" }],
      user: "u",
    });
    expect([...elsewhere.losses].sort()).toEqual([
      "metadata",
      "prediction",
      "serviceTier",
      "store",
      "verbosity",
    ]);
    expect(write({ store: false, serviceTier: "auto" }, "mistral").losses).toEqual([]);
  });

  test("but what the client wrote for this API goes to each of them", () => {
    const request = { metadata: { a: "b" }, topK: 5, serviceTier: "on_demand" };
    expect(write({ ...request, extensions: { "openai-chat": { novel: 1 } } }, "deepseek")).toMatchObject({
      body: { metadata: { a: "b" }, top_k: 5, service_tier: "on_demand", novel: 1 },
      losses: [],
    });
    expect(write(request, "deepseek").losses).toEqual(["topK", "serviceTier: on_demand", "metadata"]);
  });

  test("in whether usage is asked for", () => {
    expect(write({ stream: true }).body.stream_options).toEqual({ include_usage: true });
    expect(write({ stream: true }, "mistral").body.stream_options).toBeUndefined();
    expect(write({ stream: true, streamUsage: false }).body.stream_options).toEqual({ include_usage: true });
    expect(write({ stream: false }).body.stream_options).toBeUndefined();
  });
});

describe("thinking", () => {
  test.each([
    ["openai", { effort: "high" }, { reasoning_effort: "high" }, []],
    ["openai", { effort: "low", summary: "auto" }, { reasoning_effort: "low" }, ["reasoning.summary"]],
    [
      "deepseek",
      { budget: 8192 },
      { reasoning_effort: "medium" },
      ["reasoning.budget: asked for as effort medium"],
    ],
    ["openai", { effort: "max" }, { reasoning_effort: "max" }, []],
    ["xai", { effort: "max" }, { reasoning_effort: "high" }, ["reasoning.effort: max asked for as high"]],
    ["xai", { budget: 60_000 }, { reasoning_effort: "high" }, ["reasoning.budget: asked for as effort high"]],
    ["openrouter", { budget: 2000, summary: "none" }, { reasoning: { max_tokens: 2000, exclude: true } }, []],
    ["openrouter", { effort: "low" }, { reasoning: { effort: "low" } }, []],
    ["openrouter", { adaptive: true }, { reasoning: { enabled: true } }, []],
    ["openai", { adaptive: true }, {}, []],
    ["deepseek", { effort: "none" }, { thinking: { type: "disabled" } }, []],
    [
      "deepseek",
      { adaptive: true, effort: "high" },
      { thinking: { type: "enabled" }, reasoning_effort: "high" },
      [],
    ],
  ] as const)("at %s: %j", (provider, reasoning, expected, losses) => {
    const { body, losses: told } = write({ reasoning }, provider);
    const { model: _model, messages: _messages, ...rest } = body;
    expect(rest).toEqual(expected as never);
    expect(told).toEqual([...losses]);
  });

  test("asked for with an object goes as it came, but to OpenAI", () => {
    const request: Partial<GenerateRequest> = {
      reasoning: { adaptive: true, effort: "high" },
      extensions: { "openai-chat": { thinking: { clear: true } } },
    };
    expect(write(request, "zai").body).toMatchObject({
      thinking: { type: "enabled", clear: true },
      reasoning_effort: "high",
    });
    expect(write(request).body).toMatchObject({ reasoning_effort: "high" });
    expect(write(request).body).not.toHaveProperty("thinking");
  });
});

describe("tool results", () => {
  test("follow the calls that they are of", () => {
    const messages: Message[] = [
      user,
      { role: "assistant", parts: [call("a"), call("b")] },
      user,
      { role: "assistant", parts: [call("c")] },
      { role: "tool", parts: [result("b"), result("c"), result("nobody")] },
      { role: "tool", parts: [result("a")] },
    ];
    const order = messagesOf(messages).map((message) =>
      message.role === "tool" ? message.tool_call_id : message.role,
    );
    expect(order).toEqual(["user", "assistant", "b", "a", "user", "assistant", "c", "nobody"]);
  });

  test("go to the calls of their own turn where ids come again", () => {
    const messages: Message[] = [
      user,
      { role: "assistant", parts: [call("call_0")] },
      { role: "tool", parts: [result("call_0", text("first"))] },
      { role: "assistant", parts: [call("call_0")] },
      { role: "tool", parts: [result("call_0", text("second"))] },
    ];
    expect(messagesOf(messages).map(({ content }) => content)).toEqual(["hi", null, "first", null, "second"]);
  });

  test("show their pictures in a user's message after them", () => {
    const picture = {
      kind: "media",
      media: "image",
      source: { kind: "url", url: "https://x.example" },
    } as const;
    const messages: Message[] = [
      user,
      { role: "assistant", parts: [call("a"), call("b")] },
      { role: "tool", parts: [result("a", text("seen"), picture as never), result("b")] },
    ];
    expect(messagesOf(messages).slice(2)).toEqual([
      { role: "tool", tool_call_id: "a", content: "seen" },
      { role: "tool", tool_call_id: "b", content: "1" },
      {
        role: "user",
        content: [
          { type: "text", text: "Of the result of a:" },
          { type: "image_url", image_url: { url: "https://x.example" } },
        ],
      },
    ]);
  });

  test("that failed lose that", () => {
    const failed = { ...result("a"), isError: true } as Part;
    const messages: Message[] = [
      user,
      { role: "assistant", parts: [call("a")] },
      { role: "tool", parts: [failed] },
    ];
    expect(write({ messages }).losses).toEqual(["messages: that a tool failed"]);
  });
});

describe("tools", () => {
  test("have no settings without any", () => {
    const { body } = write({ toolChoice: { mode: "required" }, parallelToolCalls: true });
    expect(body).toEqual({ model: "model-1", messages: [{ role: "user", content: "hi" }] });
  });

  test("that are allowed are named to OpenAI, and to others alone listed", () => {
    const tools: Tool[] = [lookUp, { kind: "function", name: "g" }];
    const request: Partial<GenerateRequest> = { tools, toolChoice: { mode: "required", allowed: ["g"] } };
    expect(write(request).body).toMatchObject({
      tools: [{}, {}],
      tool_choice: {
        type: "allowed_tools",
        allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "g" } }] },
      },
    });
    expect(write(request, "xai").body).toMatchObject({
      tools: [{ type: "function", function: { name: "g" } }],
      tool_choice: "required",
    });
  });

  test("of the web are asked for beside the others, or left out where a model has none", () => {
    const search: Tool = {
      kind: "hosted",
      hosted: "web-search",
      type: "web_search_20250305",
      maxUses: 2,
      location: { country: "NL" },
      extensions: { "anthropic-messages": { type: "web_search_20250305" } },
    };
    expect(write({ tools: [search] }, "openrouter")).toMatchObject({
      body: {
        web_search_options: { user_location: { type: "approximate", approximate: { country: "NL" } } },
      },
      losses: ["web_search_20250305.maxUses"],
    });
    const without = write({ tools: [lookUp, search] });
    expect(without.body).not.toHaveProperty("web_search_options");
    expect(without.losses).toEqual(["tools[1]: web_search_20250305"]);
  });

  test("that a provider alone has are refused by name", () => {
    const tool: Tool = { kind: "hosted", hosted: "computer", type: "computer_20250124", extensions: {} };
    expect(refused({ tools: [lookUp, tool] })).toMatchObject({
      code: "conversion_refused",
      message: expect.stringContaining("tools[1]: computer_20250124"),
    });
  });

  test("of free text are refused where there are none", () => {
    const tools: Tool[] = [{ kind: "custom", name: "g" }];
    expect(write({ tools }).body.tools).toEqual([{ type: "custom", custom: { name: "g" } }]);
    expect(refused({ tools }, "groq")).toBeInstanceOf(GatewayError);
  });
});

describe("content", () => {
  const place = (part: Part): Partial<GenerateRequest> => ({ messages: [{ role: "user", parts: [part] }] });

  test.each<[string, Part, string]>([
    ["an image by file id", { kind: "media", media: "image", source: { kind: "file", id: "f" } }, "openai"],
    ["a file by URL", { kind: "media", media: "document", source: { kind: "url", url: "u" } }, "openai"],
    ["sound by URL", { kind: "media", media: "audio", source: { kind: "url", url: "u" } }, "openai"],
    ["a film", { kind: "media", media: "video", source: { kind: "url", url: "u" } }, "openai"],
  ])("that cannot be said is refused: %s", (_, part, provider) => {
    expect(refused(place(part), provider)).toMatchObject({
      code: "conversion_refused",
      message: expect.stringContaining("messages[0].parts[0]"),
    });
  });

  test("of another API alone is left out and named", () => {
    const part: Part = { kind: "native", format: "gemini", type: "executableCode", value: {} };
    const { body, losses } = write({ messages: [{ role: "user", parts: [text("a"), part] }] });
    expect(body.messages[0]).toEqual({ role: "user", content: [{ type: "text", text: "a" }] });
    expect(losses).toEqual(["messages[0].parts[1]: executableCode"]);
  });

  test("that is a plain-text document goes as text", () => {
    const part: Part = { kind: "media", media: "document", source: { kind: "text", text: "words" } };
    expect(messagesOf([{ role: "user", parts: [part] }])[0]!.content).toEqual([
      { type: "text", text: "words" },
    ]);
  });

  test("carries cache marks to OpenRouter only", () => {
    const marked: Message = { role: "user", parts: [{ kind: "text", text: "a", cache: { ttl: "1h" } }] };
    expect(messagesOf([marked], "openrouter")[0]!.content).toEqual([
      { type: "text", text: "a", cache_control: { type: "ephemeral", ttl: "1h" } },
    ] as never);
    expect(messagesOf([marked])[0]!.content).toBe("a");
  });

  test("an assistant's texts are one, with Gemini's signature beside them", () => {
    const seal = { origin: "gemini", value: "s" } as const;
    const parts: Part[] = [text("a"), { kind: "text", text: "b", seal }, { ...call("c"), seal } as Part];
    const google = { thought_signature: "amsterdam.seal.g.s" };
    expect(messagesOf([{ role: "assistant", parts }])[0]).toMatchObject({
      content: "ab",
      extra_content: { google },
      tool_calls: [{ id: "c", extra_content: { google } }],
    } as never);
  });
});

test("losses are refused where none are allowed", () => {
  const context = requestContext("openai", true);
  const request = { model: "m", stream: false, streamUsage: true, messages: [user], tools: [], topK: 5 };
  expect(() => writeRequest(request, context)).toThrow("topK");
});

test("a request with functions goes out with functions", () => {
  const { body } = write({
    tools: [lookUp],
    toolChoice: { mode: "auto" },
    parallelToolCalls: false,
    messages: [
      user,
      { role: "assistant", parts: [call("a")] },
      { role: "tool", parts: [{ ...result("a"), name: "f" } as Part] },
    ],
    extensions: { "openai-chat": { functions: [] } },
  });
  expect(body).toEqual({
    model: "model-1",
    messages: [
      { role: "user", content: "hi" },
      { role: "assistant", content: null, function_call: { name: "f", arguments: "{}" } },
      { role: "function", name: "f", content: "1" },
    ],
    functions: [{ name: "f" }],
    function_call: "auto",
  } as never);
});
