import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import { Losses } from "../../exchange/losses.ts";
import { readRequest } from "./read-request.ts";
import { writeRequest } from "./write-request.ts";

const path = { model: "gemini-3-pro", stream: false };
const read = (body: object) => readRequest(body, path);
const HI = [{ role: "user", parts: [{ text: "hi" }] }];
const user = (text: string) => ({ role: "user", parts: [{ text }] });

function refusal(body: unknown): { message: string; param: string | undefined } {
  try {
    readRequest(body, path);
  } catch (error) {
    if (error instanceof GatewayError && error.code === "invalid_request")
      return { message: error.message, param: error.param };
    throw error;
  }
  throw new Error("it was read");
}

describe("names", () => {
  test("members in snake case are read as those in camel case", () => {
    const camel = read({
      systemInstruction: { parts: [{ text: "s" }] },
      contents: [
        user("u"),
        {
          role: "model",
          parts: [{ functionCall: { name: "f", args: { snake_case: 1 } }, thoughtSignature: "c2ln" }],
        },
        { role: "user", parts: [{ functionResponse: { name: "f", response: { some_thing: 1 } } }] },
        { role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "aaaa" } }] },
      ],
      generationConfig: { maxOutputTokens: 5, thinkingConfig: { includeThoughts: true } },
      tools: [
        { functionDeclarations: [{ name: "f", parametersJsonSchema: { type: "object" } }] },
        { googleSearch: {} },
      ],
      toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["f"] } },
      safetySettings: [],
    });
    const snake = read({
      system_instruction: { parts: [{ text: "s" }] },
      contents: [
        user("u"),
        {
          role: "model",
          parts: [{ function_call: { name: "f", args: { snake_case: 1 } }, thought_signature: "c2ln" }],
        },
        { role: "user", parts: [{ function_response: { name: "f", response: { some_thing: 1 } } }] },
        { role: "user", parts: [{ inline_data: { mime_type: "image/png", data: "aaaa" } }] },
      ],
      generation_config: { max_output_tokens: 5, thinking_config: { include_thoughts: true } },
      tools: [
        { function_declarations: [{ name: "f", parameters_json_schema: { type: "object" } }] },
        { google_search: {} },
      ],
      tool_config: { function_calling_config: { mode: "ANY", allowed_function_names: ["f"] } },
      safety_settings: [],
    });
    expect(snake).toEqual(camel);
    expect(camel.messages.map(({ role }) => role)).toEqual(["system", "user", "assistant", "tool", "user"]);
    expect(camel.messages[2]?.parts[0]).toMatchObject({ arguments: '{"snake_case":1}' });
    expect(camel.toolChoice).toEqual({ mode: "tool", name: "f" });
    expect(camel.extensions).toMatchObject({ gemini: { safetySettings: [] } });
  });

  test("the path names the model; without it the body does", () => {
    expect(read({ model: "models/other", contents: HI }).model).toBe("gemini-3-pro");
    expect(readRequest({ model: "models/other", contents: HI }, { model: null, stream: true })).toMatchObject(
      {
        model: "other",
        stream: true,
        streamUsage: true,
      },
    );
  });
});

describe("turns", () => {
  test("a content without a role is the user's, and one content needs no array", () => {
    expect(read({ contents: { parts: { text: "hi" } } }).messages).toEqual([
      { role: "user", parts: [{ kind: "text", text: "hi" }] },
    ]);
  });

  test("an instruction is a content, its parts or a text", () => {
    const system = { role: "system", parts: [{ kind: "text", text: "s" }] } as const;
    for (const systemInstruction of [
      "s",
      { parts: [{ text: "s" }] },
      { parts: { text: "s" } },
      [{ text: "s" }],
      { text: "s" },
    ])
      expect(read({ systemInstruction, contents: HI }).messages[0]).toEqual(system);
  });

  test("a streamed answer that an SDK sends back in its pieces is one message with one text", () => {
    const pieces = ["Good ", "mor", "ning"].map((text) => ({ role: "model", parts: [{ text }] }));
    const signature = { role: "model", parts: [{ text: "", thoughtSignature: "c2ln" }] };
    expect(read({ contents: [user("hi"), ...pieces, signature, user("bye")] }).messages[1]).toMatchObject({
      role: "assistant",
      parts: [{ kind: "text", text: "Good morning", seal: { origin: "gemini", value: "c2ln" } }],
    });
  });

  test("results stand in a message of their own, wherever they were sent", () => {
    const call = { functionCall: { id: "1", name: "f", args: {} } };
    const result = { functionResponse: { id: "1", name: "f", response: { output: "r" } } };
    const expected = ["user", "assistant", "tool", "user"];
    const beside = read({
      contents: [user("a"), { role: "model", parts: [call] }, { parts: [result, { text: "b" }] }],
    });
    expect(beside.messages.map(({ role }) => role)).toEqual(expected as never);
    const own = read({
      contents: [
        user("a"),
        { role: "model", parts: [call] },
        { role: "function", parts: [result] },
        user("b"),
      ],
    });
    expect(own.messages).toEqual(beside.messages);
    const models = read({ contents: [user("a"), { role: "model", parts: [call, result] }, user("b")] });
    expect(models.messages).toEqual(beside.messages);
  });
});

describe("calls without ids", () => {
  const calls = (...names: string[]) => ({
    role: "model",
    parts: names.map((name) => ({ functionCall: { name, args: {} } })),
  });
  const results = (...names: string[]) => ({
    role: "user",
    parts: names.map((name) => ({ functionResponse: { name, response: { output: name } } })),
  });
  const ids = (contents: object[]) =>
    read({ contents }).messages.flatMap(({ parts }) =>
      parts.flatMap((part) =>
        part.kind === "tool-call" ? [part.id] : part.kind === "tool-result" ? [part.callId] : [],
      ),
    );

  test("are given ids that stay the same from request to request", () => {
    const contents = [user("a"), calls("f", "g"), results("f", "g")];
    expect(ids(contents)).toEqual(ids([...contents, user("b")]));
    expect(new Set(ids(contents)).size).toBe(2);
  });

  test("are answered by name, in their order", () => {
    const [f1, g, f2, ...answers] = ids([user("a"), calls("f", "g", "f"), results("g", "f", "f")]);
    expect(answers).toEqual([g!, f1!, f2!]);
  });

  test("are answered by name even where the results have ids", () => {
    const result = { functionResponse: { id: "made-up", name: "f", response: { output: "r" } } };
    const [call, answer] = ids([user("a"), calls("f"), { parts: [result] }]);
    expect(answer).toBe(call!);
  });

  test("a result whose call is missing keeps an id of its own", () => {
    const [first, second] = ids([results("f"), results("f")]);
    expect(first).not.toBe(second!);
  });
});

describe("results of functions", () => {
  test("that name neither their call nor its function are of the calls that wait, in their order", () => {
    const calls = ["a", "b"].map((id) => ({ functionCall: { id, name: "f" } }));
    const results = ["x", "y"].map((output) => ({ functionResponse: { name: "", response: { output } } }));
    const { messages } = read({ contents: [{ role: "model", parts: calls }, { parts: results }] });
    expect(messages[1]!.parts).toMatchObject([
      { callId: "a", parts: [{ text: "x" }] },
      { callId: "b", parts: [{ text: "y" }] },
    ]);
  });

  const resultOf = (response: object, more: object = {}) =>
    read({ contents: [{ parts: [{ functionResponse: { name: "f", response, ...more } }] }] }).messages[0]!
      .parts[0];

  test("output is what it gave, error what went wrong, and any other object the output as a whole", () => {
    expect(resultOf({ output: "r" })).toMatchObject({ parts: [{ kind: "text", text: "r" }] });
    expect(resultOf({ output: { a: 1 } })).toMatchObject({ parts: [{ kind: "text", text: '{"a":1}' }] });
    expect(resultOf({ error: "e" })).toMatchObject({ parts: [{ kind: "text", text: "e" }], isError: true });
    expect(resultOf({ error: "e", output: 1 })).not.toHaveProperty("isError");
    expect(resultOf({ result: 11 })).toMatchObject({ parts: [{ kind: "text", text: '{"result":11}' }] });
    expect(resultOf({})).toMatchObject({ parts: [] });
  });

  test("media in it are media", () => {
    expect(
      resultOf({ output: "r" }, { parts: [{ inlineData: { mimeType: "image/png", data: "aaaa" } }] }),
    ).toMatchObject({
      parts: [
        { kind: "text", text: "r" },
        { kind: "media", media: "image", mimeType: "image/png", source: { kind: "base64", data: "aaaa" } },
      ],
    });
  });
});

describe("parts", () => {
  const part = (value: object) =>
    read({ contents: [{ role: "model", parts: [value] }] }).messages[0]!.parts[0];

  test.each<[object, object]>([
    [{ inlineData: { mimeType: "application/pdf", data: "aaaa" } }, { media: "document" }],
    [{ inlineData: { mimeType: "audio/wav", data: "aaaa" } }, { media: "audio" }],
    [{ fileData: { fileUri: "https://example.com/a.png" } }, { media: "image", source: { kind: "url" } }],
    [{ fileData: { fileUri: "https://youtu.be/x" } }, { media: "video", source: { kind: "url" } }],
    [
      {
        fileData: {
          fileUri: "https://generativelanguage.googleapis.com/v1beta/files/x",
          mimeType: "video/mp4",
        },
      },
      { media: "video", source: { kind: "file" } },
    ],
    [
      { fileData: { fileUri: "gs://bucket/a", mimeType: "text/csv" } },
      { media: "document", source: { kind: "file" } },
    ],
  ])("%j is media", (value, expected) => {
    expect(part(value)).toMatchObject({ kind: "media", ...expected });
  });

  test("what Google's hosted tools ran is kept whole", () => {
    const value = { executableCode: { language: "PYTHON", code: "1" }, thoughtSignature: "c2ln" };
    expect(part(value)).toEqual({ kind: "native", format: "gemini", type: "executableCode", value });
  });

  test("members that have no place are kept with the part", () => {
    expect(part({ text: "a", partMetadata: { b: 1 } })).toMatchObject({
      extensions: { gemini: { partMetadata: { b: 1 } } },
    });
  });

  test("another API's seal is found in a signature", () => {
    const thoughtSignature = Buffer.from("amsterdam.seal.a.EqQB").toString("base64");
    expect(part({ text: "t", thought: true, thoughtSignature })).toMatchObject({
      kind: "reasoning",
      seal: { origin: "anthropic-messages", value: "EqQB" },
    });
    const redacted = Buffer.from("amsterdam.seal.a.EqQB#redacted").toString("base64url");
    expect(part({ text: "", thought: true, thoughtSignature: redacted })).toMatchObject({
      redacted: true,
      seal: { origin: "anthropic-messages", value: "EqQB" },
    });
  });
});

describe("settings", () => {
  const settings = (generationConfig: object) => read({ contents: HI, generationConfig });

  test("a budget of -1 leaves thinking to the model, 0 switches it off", () => {
    const reasoning = (thinkingConfig: object) => settings({ thinkingConfig }).reasoning!;
    expect(reasoning({ thinkingBudget: -1 })).toEqual({ adaptive: true, summary: "none" });
    expect(reasoning({ thinkingBudget: 0 })).toEqual({ budget: 0, summary: "none" });
    expect(reasoning({ thinkingLevel: "HIGH", includeThoughts: true })).toEqual({
      effort: "high",
      summary: "auto",
    });
    expect(settings({ thinkingConfig: {} }).reasoning).toBeUndefined();
  });

  test("a Schema is read as JSON Schema", () => {
    const responseSchema = {
      type: "OBJECT",
      properties: {
        a: { type: "STRING", nullable: true, format: "enum", enum: ["x"] },
        b: { type: "ARRAY", items: { anyOf: [{ type: "INTEGER" }, { type: "NUMBER" }] }, minItems: "1" },
      },
      required: ["a"],
      propertyOrdering: ["b", "a"],
    };
    expect(settings({ responseMimeType: "application/json", responseSchema }).output).toEqual({
      kind: "json-schema",
      schema: {
        type: "object",
        properties: {
          a: { type: ["string", "null"], enum: ["x", null] },
          b: { type: "array", items: { anyOf: [{ type: "integer" }, { type: "number" }] }, minItems: 1 },
        },
        required: ["a"],
      },
    });
    expect(settings({ responseMimeType: "application/json" }).output).toEqual({ kind: "json-object" });
    expect(settings({ responseMimeType: "text/x.enum", responseSchema }).output).toBeUndefined();
  });

  test("a tool's mode and its limits are the choice", () => {
    const choice = (mode: string, ...allowedFunctionNames: string[]) =>
      read({ contents: HI, toolConfig: { functionCallingConfig: { mode, allowedFunctionNames } } })
        .toolChoice!;
    expect(choice("AUTO")).toEqual({ mode: "auto" });
    expect(choice("NONE")).toEqual({ mode: "none" });
    expect(choice("ANY")).toEqual({ mode: "required" });
    expect(choice("ANY", "f")).toEqual({ mode: "tool", name: "f" });
    expect(choice("ANY", "f", "g")).toEqual({ mode: "required", allowed: ["f", "g"] });
    expect(choice("VALIDATED", "f")).toEqual({ mode: "auto", allowed: ["f"] });
  });

  test("hosted tools are told by what they do", () => {
    const tools = [{ googleSearch: {}, urlContext: {} }, { codeExecution: null }, { googleMaps: {} }];
    expect(read({ contents: HI, tools }).tools).toMatchObject([
      { hosted: "web-search", type: "googleSearch" },
      { hosted: "web-fetch", type: "urlContext" },
      { hosted: "other", type: "googleMaps" },
    ]);
  });
});

describe("what cannot be read is told with its place", () => {
  test.each<[string, unknown, string | undefined]>([
    ["no object", [], "body"],
    ["no contents", {}, "contents"],
    ["contents that are none", { contents: 5 }, "contents"],
    ["no content at all", { contents: [] }, "contents"],
    ["a content that is none", { contents: [5] }, "contents[0]"],
    ["an unknown role", { contents: [{ role: "system", parts: [] }] }, "contents[0].role"],
    ["a role from Object's prototype", { contents: [{ role: "toString", parts: [] }] }, "contents[0].role"],
    ["a text that is none", { contents: [{ parts: [{ text: 5 }] }] }, "contents[0].parts[0]"],
    ["an unknown part", { contents: [{ parts: [{ text: "a" }, { video: {} }] }] }, "contents[0].parts[1]"],
    ["an empty part", { contents: [{ parts: [{}] }] }, "contents[0].parts[0]"],
    [
      "a call without a name",
      { contents: [{ parts: [{ functionCall: { args: {} } }] }] },
      "contents[0].parts[0]",
    ],
    [
      "args as text",
      { contents: [{ parts: [{ functionCall: { name: "f", args: "{}" } }] }] },
      "contents[0].parts[0]",
    ],
    ["a result without a name or a call", { contents: [{ parts: [{ functionResponse: {} }] }] }, "contents"],
    ["a file without an address", { contents: [{ parts: [{ fileData: {} }] }] }, "contents[0].parts[0]"],
    [
      "a temperature as text",
      { contents: HI, generationConfig: { temperature: "1" } },
      "generationConfig.temperature",
    ],
    [
      "an unknown mode",
      { contents: HI, toolConfig: { functionCallingConfig: { mode: "SOME" } } },
      "toolConfig.functionCallingConfig.mode",
    ],
    [
      "a function without a name",
      { contents: HI, tools: [{ functionDeclarations: [{}] }] },
      "tools[0].functionDeclarations[0].name",
    ],
    [
      "an unknown level",
      { contents: HI, generationConfig: { thinkingConfig: { thinkingLevel: "MORE" } } },
      "generationConfig.thinkingConfig.thinkingLevel",
    ],
  ])("%s", (_, body, param) => {
    expect(refusal(body).param).toBe(param);
  });

  test("an unknown part is named", () => {
    expect(refusal({ contents: [{ parts: [{ hologram: {} }] }] }).message).toContain("hologram");
  });
});

test("hostile numbers of calls, results and parts take no hostile time", () => {
  const ids = Array.from({ length: 50_000 }, (_, index) => `${index}`);
  const calls = ids.map((id) => ({ functionCall: { id, name: "f", args: {} } }));
  const results = ids.toReversed().map((id) => ({ functionResponse: { id, name: "f", response: {} } }));
  const unnamed = ids.map(() => ({ functionResponse: { name: "f", response: {} } }));
  const before = performance.now();
  for (const answers of [results, unnamed]) {
    const request = read({ contents: [{ role: "model", parts: calls }, { parts: answers }] });
    const losses = new Losses();
    writeRequest(request, { model: "gemini-3-flash", losses, provider: "gemini" });
    expect(losses.items).toEqual([]);
  }
  expect(performance.now() - before).toBeLessThan(20_000);
});
