import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import type { MediaPart, Part, ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import type { GenerateRequest, HostedTool, Message, ToolChoice } from "../../exchange/request.ts";
import { readRequest } from "./read-request.ts";
import type { WireRequest } from "./wire.ts";
import { writeRequest } from "./write-request.ts";

const FLASH_2 = "gemini-2.5-flash";
const FLASH_3 = "gemini-3-flash-preview";

const text = (value: string): Part => ({ kind: "text", text: value });
const user = (...parts: (string | Part)[]): Message => ({
  role: "user",
  parts: parts.map((part) => (typeof part === "string" ? text(part) : part)),
});
const call = (id: string, name = "f", more: Partial<ToolCallPart> = {}): ToolCallPart => ({
  kind: "tool-call",
  id,
  name,
  arguments: "{}",
  ...more,
});
const result = (callId: string, more: Partial<ToolResultPart> = {}): ToolResultPart => ({
  kind: "tool-result",
  callId,
  parts: [{ kind: "text", text: `r${callId}` }],
  ...more,
});
const assistant = (...parts: Part[]): Message => ({ role: "assistant", parts });
const tool = (...parts: Part[]): Message => ({ role: "tool", parts });
const f = { kind: "function", name: "f" } as const;

interface Written {
  readonly body: WireRequest;
  readonly losses: readonly string[];
}

function write(request: Partial<GenerateRequest>, model = FLASH_2, provider = "gemini"): Written {
  const losses = new Losses();
  const whole = {
    model: "m",
    stream: false,
    streamUsage: true,
    messages: [user("hi")],
    tools: [],
    ...request,
  };
  return { body: writeRequest(whole, { model, losses, provider }), losses: losses.items };
}

function refusal(request: Partial<GenerateRequest>, model = FLASH_2): GatewayError {
  try {
    write(request, model);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
  throw new Error("it was written");
}

const contentsOf = (messages: Message[], model?: string, provider?: string) =>
  write({ messages }, model, provider).body.contents;

describe("turns", () => {
  test("instructions in front are the system instruction, later ones a user's words", () => {
    const system: Message = { role: "system", parts: [text("s")] };
    const developer: Message = { role: "developer", parts: [text("d")] };
    const { body, losses } = write({
      messages: [system, developer, user("a"), assistant(text("b")), system],
    });
    expect(body.systemInstruction).toEqual({ parts: [{ text: "s" }, { text: "d" }] });
    expect(body.contents.at(-1)).toEqual({ role: "user", parts: [{ text: "s" }] });
    expect(losses).toEqual(["messages[4].role: system, sent as user"]);
  });

  test("where there are instructions alone, the last of them is what is answered", () => {
    const messages: Message[] = [
      { role: "system", parts: [text("a")] },
      { role: "system", parts: [text("b")] },
    ];
    const { body } = write({ messages });
    expect(body.systemInstruction?.parts).toEqual([{ text: "a" }]);
    expect(body.contents).toEqual([{ role: "user", parts: [{ text: "b" }] }]);
    expect(refusal({ messages: [] }).code).toBe("conversion_refused");
  });

  test("a model that takes no instructions is told them first", () => {
    const messages: Message[] = [{ role: "system", parts: [text("s")] }, user("a")];
    const { body } = write({ messages }, "gemma-3-27b-it");
    expect(body.systemInstruction).toBeUndefined();
    expect(body.contents).toEqual([{ role: "user", parts: [{ text: "s" }, { text: "a" }] }]);
  });

  test("neighbouring messages of one speaker are one turn, and empty ones none", () => {
    expect(
      contentsOf([
        user("a"),
        user("b"),
        assistant(text("c")),
        assistant(text("")),
        assistant(text("d")),
        user("e"),
      ]),
    ).toEqual([
      { role: "user", parts: [{ text: "a" }, { text: "b" }] },
      { role: "model", parts: [{ text: "c" }, { text: "d" }] },
      { role: "user", parts: [{ text: "e" }] },
    ]);
    expect(contentsOf([user("")])).toEqual([{ role: "user", parts: [{ text: "" }] }]);
  });
});

describe("calls and results", () => {
  test("all results of parallel calls stand in one turn right after them, in the calls' order, by name", () => {
    const messages = [
      user("a"),
      assistant(call("1", "f"), call("2", "g")),
      tool(result("2")),
      user("b"),
      tool(result("1")),
    ];
    expect(contentsOf(messages)).toEqual([
      { role: "user", parts: [{ text: "a" }] },
      {
        role: "model",
        parts: [
          { functionCall: { id: "1", name: "f", args: {} } },
          { functionCall: { id: "2", name: "g", args: {} } },
        ],
      },
      {
        role: "user",
        parts: [
          { functionResponse: { id: "1", name: "f", response: { output: "r1" } } },
          { functionResponse: { id: "2", name: "g", response: { output: "r2" } } },
          { text: "b" },
        ],
      },
    ]);
  });

  test("an error is one", () => {
    const [, , answer] = contentsOf([user("a"), assistant(call("1")), tool(result("1", { isError: true }))]);
    expect(answer?.parts).toEqual([{ functionResponse: { id: "1", name: "f", response: { error: "r1" } } }]);
  });

  test("a result without its call is told in words, once", () => {
    const { body, losses } = write({ messages: [user("a"), tool(result("9", { name: "g" })), user("b")] });
    expect(body.contents).toEqual([
      { role: "user", parts: [{ text: "a" }, { text: 'Result of g: {"output":"r9"}' }, { text: "b" }] },
    ]);
    expect(losses).toEqual(["messages[1]: the result of 9, whose call is missing, sent as text"]);
  });

  test("ids that two calls share answer the one and the other", () => {
    const messages = [
      user("a"),
      assistant(call("1")),
      tool(result("1")),
      assistant(call("1")),
      tool(result("1")),
    ];
    expect(contentsOf(messages).map(({ role }) => role)).toEqual(["user", "model", "user", "model", "user"]);
  });

  test("ids are not sent to Vertex, which knows none", () => {
    const [, model, answer] = contentsOf(
      [user("a"), assistant(call("1")), tool(result("1"))],
      FLASH_2,
      "vertex",
    );
    expect(model?.parts[0]?.functionCall).toEqual({ name: "f", args: {} });
    expect(answer?.parts[0]?.functionResponse).toEqual({ name: "f", response: { output: "r1" } });
  });

  test("an image stands in the result where the model takes it there, otherwise beside it", () => {
    const image: MediaPart = {
      kind: "media",
      media: "image",
      mimeType: "image/png",
      source: { kind: "base64", data: "aaaa" },
    };
    const inlineData = { mimeType: "image/png", data: "aaaa" };
    const messages = [user("a"), assistant(call("1")), tool(result("1", { parts: [image] }))];
    expect(contentsOf(messages, FLASH_3)[2]?.parts).toEqual([
      { functionResponse: { id: "1", name: "f", response: { output: "" }, parts: [{ inlineData }] } },
    ]);
    expect(contentsOf(messages, FLASH_2)[2]?.parts).toEqual([
      {
        functionResponse: {
          id: "1",
          name: "f",
          response: { output: "The result is the file that follows." },
        },
      },
      { inlineData },
    ]);
  });

  test("broken arguments are the client's mistake, and told with their call", () => {
    for (const broken of ["{", "[]", "5", '"a"']) {
      const error = refusal({ messages: [user("a"), assistant(call("c1", "f", { arguments: broken }))] });
      expect(error).toMatchObject({ code: "invalid_request", param: "messages[1].parts[0]" });
      expect(error.message).toContain("c1");
    }
    for (const none of ["", " ", "null"]) {
      const [, model] = contentsOf([user("a"), assistant(call("1", "f", { arguments: none }))]);
      expect(model?.parts[0]?.functionCall?.args).toEqual({});
    }
  });
});

describe("signatures", () => {
  const skip = { thoughtSignature: "skip_thought_signature_validator" };
  const seal = { origin: "gemini", value: "c2ln" } as const;

  test("a model that asks for them is told that the first of parallel calls has none", () => {
    const messages = [user("a"), assistant(call("1"), call("2")), tool(result("1"), result("2"))];
    const [, model] = contentsOf(messages, FLASH_3);
    expect(model?.parts).toMatchObject([skip, {}]);
    expect(model?.parts[1]).not.toHaveProperty("thoughtSignature");
    expect(contentsOf(messages, FLASH_2)[1]?.parts[0]).not.toHaveProperty("thoughtSignature");
  });

  test("each step of calls has its own", () => {
    const messages = [
      user("a"),
      assistant(call("1")),
      tool(result("1")),
      assistant(call("2", "f", { seal })),
      tool(result("2")),
    ];
    const contents = contentsOf(messages, "gemini-pro-latest");
    expect(contents[1]?.parts).toMatchObject([skip]);
    expect(contents[3]?.parts).toMatchObject([{ thoughtSignature: "c2ln" }]);
  });

  test("text and thoughts are sent with theirs", () => {
    const messages = [
      user("a"),
      assistant(
        { kind: "reasoning", text: "t", seal },
        { kind: "text", text: "b", seal },
        { kind: "reasoning", text: "" },
      ),
    ];
    expect(contentsOf(messages)[1]?.parts).toEqual([
      { text: "t", thought: true, thoughtSignature: "c2ln" },
      { text: "b", thoughtSignature: "c2ln" },
    ]);
  });
});

describe("media", () => {
  const media = (part: Partial<MediaPart>) => {
    const { body, losses } = write({
      messages: [user({ kind: "media", media: "image", source: { kind: "url", url: "" }, ...part })],
    });
    return { part: body.contents[0]?.parts[0] as object, losses };
  };

  test("a link is sent as such, with the type that its path tells", () => {
    const url = (address: string) => media({ source: { kind: "url", url: address } });
    expect(url("https://example.com/a.JPG?x=1.txt")).toEqual({
      part: { fileData: { mimeType: "image/jpeg", fileUri: "https://example.com/a.JPG?x=1.txt" } },
      losses: [],
    });
    expect(url("https://example.com/a")).toEqual({
      part: { fileData: { mimeType: "image/png", fileUri: "https://example.com/a" } },
      losses: ["messages[0].parts[0].mimeType: guessed to be image/png"],
    });
    expect(url("https://youtu.be/x").part).toEqual({ fileData: { fileUri: "https://youtu.be/x" } });
    expect(url("https://example.com/a.constructor").losses).toHaveLength(1);
  });

  test("a data URL is sent as data", () => {
    expect(media({ source: { kind: "url", url: "data:image/webp;base64,aaaa" } }).part).toEqual({
      inlineData: { mimeType: "image/webp", data: "aaaa" },
    });
  });

  test("data tell their type by their beginning where nobody else does", () => {
    expect(media({ media: "document", source: { kind: "base64", data: "JVBERi0x" } }).part).toEqual({
      inlineData: { mimeType: "application/pdf", data: "JVBERi0x" },
    });
  });

  test("a plain text document stays a document", () => {
    expect(media({ media: "document", source: { kind: "text", text: "é" } }).part).toEqual({
      inlineData: { mimeType: "text/plain", data: "w6k=" },
    });
  });

  test("another provider's file is refused, one of Google's is sent", () => {
    const file = (id: string) => ({
      messages: [user({ kind: "media", media: "document", source: { kind: "file", id } })],
    });
    expect(refusal(file("file-abc"))).toMatchObject({ code: "conversion_refused" });
    expect(write(file("gs://bucket/a.pdf")).body.contents[0]?.parts).toEqual([
      { fileData: { fileUri: "gs://bucket/a.pdf" } },
    ]);
  });
});

describe("tools", () => {
  const choice = (toolChoice: ToolChoice, tools: GenerateRequest["tools"] = [f]) =>
    write({ tools, toolChoice }).body.toolConfig?.functionCallingConfig;

  test("what must be called is ANY, what may be is VALIDATED where it is limited", () => {
    expect(choice({ mode: "auto" })).toEqual({ mode: "AUTO" });
    expect(choice({ mode: "none" })).toEqual({ mode: "NONE" });
    expect(choice({ mode: "required" })).toEqual({ mode: "ANY" });
    expect(choice({ mode: "tool", name: "f" })).toEqual({ mode: "ANY", allowedFunctionNames: ["f"] });
    expect(choice({ mode: "required", allowed: ["f"] })).toEqual({
      mode: "ANY",
      allowedFunctionNames: ["f"],
    });
    expect(choice({ mode: "auto", allowed: ["f"] })).toEqual({
      mode: "VALIDATED",
      allowedFunctionNames: ["f"],
    });
  });

  test("nothing is said of calls where there are no functions", () => {
    expect(choice({ mode: "auto" }, [])).toBeUndefined();
    expect(write({ toolChoice: { mode: "required" } }).losses).toEqual(["toolChoice: required"]);
  });

  test("parameters are sent as JSON Schema, and as Schema to models that take no other", () => {
    const parameters = {
      type: "object",
      properties: { a: { type: "integer", enum: [1, 2] } },
      additionalProperties: false,
    };
    expect(write({ tools: [{ ...f, parameters }] }).body.tools).toEqual([
      { functionDeclarations: [{ name: "f", parametersJsonSchema: parameters }] },
    ]);
    expect(write({ tools: [{ ...f, parameters }] }, "gemini-1.5-pro").body.tools).toEqual([
      {
        functionDeclarations: [
          { name: "f", parameters: { type: "OBJECT", properties: { a: { type: "INTEGER" } } } },
        ],
      },
    ]);
    expect(write({ tools: [f] }).body.tools).toEqual([{ functionDeclarations: [{ name: "f" }] }]);
  });

  const hosted = (kind: HostedTool["hosted"], type: string, more: Partial<HostedTool> = {}): HostedTool => ({
    kind: "hosted",
    hosted: kind,
    type,
    extensions: { "anthropic-messages": { type } },
    ...more,
  });

  test("other providers' tools are Google's where it has one that does the same", () => {
    const search = hosted("web-search", "web_search_20250305", { maxUses: 3, allowedDomains: ["a.com"] });
    const tools = [search, hosted("web-fetch", "web_fetch"), hosted("code-execution", "code_interpreter")];
    const { body, losses } = write({ tools });
    expect(body.tools).toEqual([{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }]);
    expect(losses).toEqual(["tools[0].allowedDomains", "tools[0].maxUses"]);
    for (const kind of ["file-search", "computer", "image-generation", "mcp", "other"] as const) {
      const error = refusal({ tools: [hosted(kind, `${kind}_1`)] });
      expect(error.code).toBe("conversion_refused");
      expect(error.message).toContain(`${kind}_1`);
    }
  });

  test("functions and hosted tools go together where the model takes both, and Google is told so", () => {
    const tools = [f, hosted("web-search", "web_search")];
    const mixed = write({ tools }, FLASH_3).body;
    expect(mixed.tools).toHaveLength(2);
    expect(mixed.toolConfig).toEqual({ includeServerSideToolInvocations: true });
    const alone = write({ tools }, FLASH_2);
    expect(alone.body.tools).toEqual([{ functionDeclarations: [{ name: "f" }] }]);
    expect(alone.losses).toEqual(["tools[1]: web_search, which this model does not take beside functions"]);
    expect(write({ tools }, FLASH_3, "vertex").body.toolConfig).toBeUndefined();
  });

  test("free-form tools are refused", () => {
    expect(refusal({ tools: [{ kind: "custom", name: "shell" }] }).message).toContain("shell");
  });
});

describe("thinking", () => {
  const thinking = (
    reasoning: GenerateRequest["reasoning"],
    model: string,
    more: Partial<GenerateRequest> = {},
  ) => {
    const { body, losses } = write({ reasoning: reasoning!, ...more }, model);
    return [body.generationConfig?.thinkingConfig, losses] as const;
  };
  const never = ["reasoning: this model cannot be kept from thinking"];

  test.each<[string, GenerateRequest["reasoning"], object | undefined, string[]]>([
    ["gemini-2.5-flash", { effort: "none" }, { thinkingBudget: 0 }, []],
    ["gemini-2.5-flash", { effort: "low" }, { thinkingBudget: 1024 }, []],
    ["gemini-2.5-flash", { effort: "max" }, { thinkingBudget: 24_576 }, []],
    ["gemini-2.5-flash", { adaptive: true }, { thinkingBudget: -1, includeThoughts: true }, []],
    ["gemini-2.5-flash-lite", { budget: 5 }, { thinkingBudget: 512, includeThoughts: true }, []],
    ["models/gemini-2.5-pro", { effort: "none" }, { thinkingBudget: 128 }, never],
    ["gemini-2.5-pro", { budget: 99_999 }, { thinkingBudget: 32_768, includeThoughts: true }, []],
    ["gemini-3-pro-preview", { effort: "minimal" }, { thinkingLevel: "LOW" }, []],
    ["gemini-3-pro-preview", { effort: "medium" }, { thinkingLevel: "HIGH" }, []],
    ["gemini-3.1-pro-preview", { effort: "medium" }, { thinkingLevel: "MEDIUM" }, []],
    ["gemini-3-flash-preview", { effort: "minimal" }, { thinkingLevel: "MINIMAL" }, []],
    ["gemini-3-flash-preview", { effort: "none" }, { thinkingLevel: "MINIMAL" }, never],
    ["gemini-3-flash-preview", { budget: 8192 }, { thinkingLevel: "MEDIUM", includeThoughts: true }, []],
    ["gemini-3-flash-preview", { adaptive: true, summary: "none" }, undefined, []],
    ["gemini-3.8-flash", { effort: "minimal" }, { thinkingLevel: "LOW" }, []],
    [
      "gemini-4-argon",
      { effort: "xhigh", summary: "auto" },
      { thinkingLevel: "HIGH", includeThoughts: true },
      [],
    ],
    ["gemini-flash-latest", { effort: "high" }, { thinkingLevel: "HIGH" }, []],
    ["gemini-2.0-flash", { effort: "high" }, undefined, ["reasoning: this model does not think"]],
    ["gemini-2.0-flash", { effort: "none" }, undefined, []],
    ["some-model", { effort: "high" }, { thinkingBudget: 24_576 }, []],
  ])("%s, %j", (model, reasoning, config, losses) => {
    expect(thinking(reasoning, model)).toEqual([config as never, losses]);
  });

  test("effort leaves tokens for the answer", () => {
    expect(thinking({ effort: "high" }, FLASH_2, { maxOutputTokens: 1000 })[0]).toEqual({
      thinkingBudget: 800,
    });
  });

  test("what a client of this format asked for stays, unless the model knows no levels", () => {
    const asked = (thinkingConfig: object, model: string) => {
      const body = { contents: [{ parts: [{ text: "a" }] }], generationConfig: { thinkingConfig } };
      const written = write(readRequest(body, { model, stream: false }), model).body;
      return written.generationConfig?.thinkingConfig;
    };
    expect(asked({ thinkingBudget: 5 }, FLASH_3)).toEqual({ thinkingBudget: 5 });
    expect(asked({ includeThoughts: false }, FLASH_2)).toEqual({ includeThoughts: false });
    expect(asked({ thinkingLevel: "LOW" }, FLASH_2)).toEqual({ thinkingBudget: 1024 });
  });
});

describe("settings", () => {
  test("each has its member", () => {
    const { body, losses } = write(
      {
        temperature: 0.5,
        topP: 0.5,
        topK: 5,
        maxOutputTokens: 100,
        choices: 2,
        seed: 2 ** 32 + 5,
        stop: ["a", ""],
        presencePenalty: 1,
        frequencyPenalty: 0,
        logprobs: { top: 3 },
        serviceTier: "default",
      },
      "gemini-2.0-flash",
    );
    expect(body.generationConfig).toEqual({
      temperature: 0.5,
      topP: 0.5,
      topK: 5,
      maxOutputTokens: 100,
      candidateCount: 2,
      seed: 5,
      stopSequences: ["a"],
      presencePenalty: 1,
      responseLogprobs: true,
      logprobs: 3,
    });
    expect(body.serviceTier).toBe("standard");
    expect(losses).toEqual([]);
  });

  test("what has no place is named", () => {
    const { body, losses } = write({
      verbosity: "low",
      prediction: "p",
      metadata: { a: "b" },
      userId: "u",
      promptCacheKey: "k",
      serviceTier: "scale",
      presencePenalty: 1,
      parallelToolCalls: false,
      tools: [{ ...f, strict: true }],
      messages: [{ role: "user", name: "n", parts: [{ kind: "text", text: "a", cache: {} }] }],
    });
    expect(body).toEqual({
      contents: [{ role: "user", parts: [{ text: "a" }] }],
      tools: [{ functionDeclarations: [{ name: "f" }] }],
    });
    expect([...losses].sort()).toEqual([
      "cache marks",
      "messages[0].name",
      "metadata",
      "parallelToolCalls: false",
      "prediction",
      "presencePenalty",
      "promptCacheKey",
      "serviceTier: scale",
      "tools: strict",
      "userId",
      "verbosity",
    ]);
  });

  test("more stop sequences than it takes are refused", () => {
    expect(refusal({ stop: ["a", "b", "c", "d", "e", "f"] }).message).toContain("stop");
  });

  const output = { kind: "json-schema", name: "n", description: "d", schema: { type: "object" } } as const;

  test("an answer is held to a JSON Schema", () => {
    expect(write({ output }).body.generationConfig).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { description: "d", type: "object" },
    });
    expect(write({ output }, "gemini-1.5-flash").body.generationConfig).toEqual({
      responseMimeType: "application/json",
      responseSchema: { type: "OBJECT", description: "d" },
    });
    expect(write({ output: { kind: "json-object" } }).body.generationConfig).toEqual({
      responseMimeType: "application/json",
    });
  });

  test("beside functions it is asked for in words where the model takes no schema there", () => {
    const { body, losses } = write({ output, tools: [f] });
    expect(body.generationConfig).toBeUndefined();
    expect(body.systemInstruction?.parts[0]?.text).toContain('{"description":"d","type":"object"}');
    expect(losses).toHaveLength(1);
    expect(write({ output, tools: [f] }, FLASH_3).body.generationConfig).toHaveProperty("responseJsonSchema");
  });
});
