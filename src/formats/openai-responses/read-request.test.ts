import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../exchange/errors.ts";
import type { Message } from "../../exchange/request.ts";
import { read } from "./testing.ts";

const call = (id: string, more: object = {}) => ({
  type: "function_call",
  call_id: id,
  name: "look_up",
  arguments: "{}",
  ...more,
});
const output = (id: string, text = "done") => ({ type: "function_call_output", call_id: id, output: text });
const user = (text: string) => ({ role: "user", content: text });

const ask = (input: unknown, more: object = {}) => read({ model: "m", input, ...more });
/** A conversation in short: roles with what their parts are of. */
const outline = (messages: readonly Message[]) =>
  messages.map(({ role, parts }) => [
    role,
    ...parts.map((part) => {
      if (part.kind === "tool-call") return `call ${part.id}`;
      if (part.kind === "tool-result") return `result ${part.callId}`;
      return part.kind === "native"
        ? part.type
        : part.kind === "media"
          ? part.media
          : `${part.kind} ${part.text}`;
    }),
  ]);

function refused(body: unknown): { message: string; param: string | undefined } {
  try {
    read(body);
  } catch (error) {
    expect(error).toBeInstanceOf(GatewayError);
    const { code, message, param } = error as GatewayError;
    expect(code).toBe("invalid_request");
    return { message, param };
  }
  throw new Error("was not refused");
}

describe("a conversation", () => {
  test("is a user's where input is text, and instructions stand first", () => {
    expect(outline(ask("Hi", { instructions: "Be brief." }).messages)).toEqual([
      ["system", "text Be brief."],
      ["user", "text Hi"],
    ]);
  });

  test("has all that the assistant thought, said and called in one message", () => {
    const reasoning = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "hm" }] };
    const said = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Well" }] };
    const input = [user("Hi"), reasoning, said, call("a"), call("b"), output("a"), output("b")];
    expect(outline(ask(input).messages)).toEqual([
      ["user", "text Hi"],
      ["assistant", "reasoning hm", "text Well", "call a", "call b"],
      ["tool", "result a", "result b"],
    ]);
  });

  test("does not join calls across a user's message, and has results right after their calls", () => {
    const input = [call("a"), user("And?"), call("b"), output("a"), user("Well?"), output("b")];
    expect(outline(ask(input).messages)).toEqual([
      ["assistant", "call a"],
      ["tool", "result a"],
      ["user", "text And?"],
      ["assistant", "call b"],
      ["tool", "result b"],
      ["user", "text Well?"],
    ]);
  });

  test("keeps results without a call, and gives each of two calls with one id its own result", () => {
    const input = [
      output("x", "early"),
      call("a"),
      call("a"),
      output("a", "1"),
      output("a", "2"),
      output("a", "3"),
    ];
    expect(outline(ask(input).messages)).toEqual([
      ["tool", "result x"],
      ["assistant", "call a", "call a"],
      ["tool", "result a", "result a"],
      ["tool", "result a"],
    ]);
  });

  test("keeps words of one message apart from another's", () => {
    const said = (text: string, phase: string) => ({ role: "assistant", content: text, phase });
    const { messages } = ask([said("Let me see", "commentary"), said("42", "final_answer")]);
    expect(messages.map(({ phase }) => phase)).toEqual(["commentary", "final_answer"]);
  });

  test("has hosted tools' items as native parts on the side that made them", () => {
    const input = [
      { type: "web_search_call", id: "ws_1", status: "completed" },
      { type: "computer_call_output", call_id: "c", output: { type: "computer_screenshot" } },
      { type: "compaction", encrypted_content: "x" },
    ];
    expect(outline(ask(input).messages)).toEqual([
      ["assistant", "web_search_call"],
      ["user", "computer_call_output"],
      ["assistant", "compaction"],
    ]);
  });

  test("has many results of one id put in their places in time", () => {
    const many = 20_000;
    const input = [...Array(many).fill(call("a")), ...Array(many).fill(output("a"))];
    const started = performance.now();
    expect(ask(input).messages.at(-1)?.parts).toHaveLength(many);
    expect(performance.now() - started).toBeLessThan(20_000);
  });
});

describe("content", () => {
  const parts = (content: unknown[]) => ask([{ role: "user", content }]).messages[0]?.parts;

  test("may be images, files and sound, linked, uploaded or inline", () => {
    expect(
      parts([
        { type: "input_image", image_url: "data:image/jpeg;base64,QQ==", detail: "low" },
        { type: "input_image", file_id: "file_1" },
        { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,QQ==" },
        { type: "input_file", file_url: "https://example.com/a.pdf" },
        { type: "input_audio", input_audio: { data: "QQ==", format: "mp3" } },
      ]),
    ).toEqual([
      {
        kind: "media",
        media: "image",
        mimeType: "image/jpeg",
        source: { kind: "base64", data: "QQ==" },
        detail: "low",
      },
      { kind: "media", media: "image", source: { kind: "file", id: "file_1" } },
      {
        kind: "media",
        media: "document",
        mimeType: "application/pdf",
        source: { kind: "base64", data: "QQ==" },
        name: "a.pdf",
      },
      { kind: "media", media: "document", source: { kind: "url", url: "https://example.com/a.pdf" } },
      { kind: "media", media: "audio", mimeType: "audio/mpeg", source: { kind: "base64", data: "QQ==" } },
    ]);
  });

  test("of a tool's output may be parts", () => {
    const image = { type: "input_image", image_url: "https://example.com/a.png" };
    const { messages } = ask([call("a"), { type: "function_call_output", call_id: "a", output: [image] }]);
    expect(messages[1]?.parts[0]).toMatchObject({ parts: [{ kind: "media", source: { kind: "url" } }] });
  });

  test("of a tool that no model called is told in words by the client", () => {
    const told = (more: object) => ask([{ type: "function_call_output", ...more }]).messages;
    expect(outline(told({ name: "goal", namespace: "agent", output: "Win." }))).toEqual([
      ["user", "text Output of the tool agent.goal:\nWin."],
    ]);
    const image = { type: "input_image", image_url: "https://example.com/a.png" };
    expect(outline(told({ call_id: null, name: "camera", output: [image] }))).toEqual([
      ["user", "text Output of the tool camera:\n", "image"],
    ]);
    expect(outline(told({ name: "idle", output: [] }))).toEqual([
      ["user", "text Output of the tool idle:\n"],
    ]);
    expect(refused({ model: "m", input: [{ type: "function_call_output", output: "x" }] }).param).toBe(
      "input[0].call_id",
    );
  });

  test("of thoughts keeps seals, those of other APIs too", () => {
    const thought = (sealed: string) => ({ type: "reasoning", summary: [], encrypted_content: sealed });
    const { messages } = ask([thought("gAAA"), thought("amsterdam.seal.a.sig")]);
    expect(messages[0]?.parts).toMatchObject([
      { redacted: true, seal: { origin: "openai-responses", value: "gAAA" } },
      { redacted: true, seal: { origin: "anthropic-messages", value: "sig" } },
    ]);
  });
});

describe("tools", () => {
  const strictSchema = {
    type: "object",
    properties: { a: { type: "string" } },
    required: ["a"],
    additionalProperties: false,
  };
  const looseSchema = { type: "object", properties: { a: { type: "string" } } };
  const strictOf = (tool: object) => {
    const [read] = ask("Hi", { tools: [{ type: "function", name: "f", ...tool }] }).tools;
    return read?.kind === "function" ? read.strict : null;
  };

  test("are strict where that is left out and the schema is a strict one, and not where it is null", () => {
    expect(strictOf({ parameters: strictSchema })).toBe(true);
    expect(strictOf({ parameters: looseSchema })).toBeUndefined();
    expect(strictOf({ parameters: strictSchema, strict: null })).toBe(false);
    expect(strictOf({ parameters: looseSchema, strict: true })).toBe(true);
  });

  test("of a namespace stand one by one and know it", () => {
    const tools = [
      {
        type: "namespace",
        name: "files",
        description: "d",
        tools: [
          { type: "function", name: "open" },
          { type: "custom", name: "patch" },
        ],
      },
    ];
    expect(ask("Hi", { tools }).tools).toMatchObject([
      { kind: "function", name: "open", namespace: "files" },
      { kind: "custom", name: "patch", namespace: "files" },
    ]);
  });

  test("that are hosted are told by what they do, with what every such tool may be told", () => {
    const tools = [
      {
        type: "web_search",
        filters: { allowed_domains: ["a.com"] },
        user_location: { type: "approximate", city: "Ams", region: null },
      },
      { type: "code_interpreter", container: { type: "auto" } },
      { type: "tool_of_tomorrow" },
    ];
    expect(ask("Hi", { tools }).tools).toMatchObject([
      { hosted: "web-search", allowedDomains: ["a.com"], location: { city: "Ams" } },
      { hosted: "code-execution" },
      { hosted: "other", type: "tool_of_tomorrow" },
    ]);
  });

  test("are chosen in every mode", () => {
    const choice = (tool_choice: unknown) => ask("Hi", { tool_choice }).toolChoice;
    expect(choice("required")).toEqual({ mode: "required" });
    expect(choice({ type: "custom", name: "f" })).toEqual({ mode: "tool", name: "f" });
    expect(choice({ type: "web_search_preview" })).toEqual({ mode: "required" });
    const tools = [
      { type: "function", name: "f" },
      { type: "mcp", server_label: "s" },
      { type: "image_generation" },
    ];
    expect(choice({ type: "allowed_tools", mode: "required", tools })).toEqual({
      mode: "required",
      allowed: ["f", "s", "image_generation"],
    });
  });
});

describe("settings", () => {
  test("have their places, and what has none is kept", () => {
    const request = ask("Hi", {
      reasoning: { effort: "high", summary: "auto", context: "all_turns" },
      text: { verbosity: "low", format: { type: "json_schema", name: "n", schema: {}, strict: true } },
      include: ["message.output_text.logprobs"],
      top_logprobs: 3,
      safety_identifier: "user-1",
      previous_response_id: "resp_1",
      background: true,
    });
    expect(request).toMatchObject({
      reasoning: { effort: "high", summary: "auto" },
      verbosity: "low",
      output: { kind: "json-schema", name: "n", strict: true },
      logprobs: { top: 3 },
      userId: "user-1",
    });
    expect(request.extensions?.["openai-responses"]).toMatchObject({
      previous_response_id: "resp_1",
      background: true,
      reasoning: { context: "all_turns" },
    });
  });
});

describe("a wrong request", () => {
  const cases: [string, unknown, string][] = [
    ["no object", [], "the body"],
    ["no model", { input: "Hi" }, "model"],
    ["input of a wrong type", { model: "m", input: 1 }, "input"],
    ["an item that is none", { model: "m", input: ["Hi"] }, "input[0]"],
    ["an unknown role", { model: "m", input: [{ role: "__proto__", content: "" }] }, "input[0].role"],
    ["content of a wrong type", { model: "m", input: [{ role: "user", content: null }] }, "input[0].content"],
    [
      "an unknown part",
      { model: "m", input: [{ role: "user", content: [{ type: "constructor" }] }] },
      "input[0].content[0].type",
    ],
    [
      "an image without an image",
      { model: "m", input: [{ role: "user", content: [{ type: "input_image" }] }] },
      "input[0].content[0]",
    ],
    [
      "a call without an id",
      { model: "m", input: [{ type: "function_call", name: "f", arguments: "{}" }] },
      "input[0].call_id",
    ],
    [
      "arguments that are no text",
      { model: "m", input: [call("a", { arguments: {} })] },
      "input[0].arguments",
    ],
    [
      "a result of no call",
      { model: "m", input: [{ type: "function_call_output", output: "" }] },
      "input[0].call_id",
    ],
    ["a reference to an item", { model: "m", input: [{ type: "item_reference", id: "msg_1" }] }, "input[0]"],
    ["a tool without a name", { model: "m", tools: [{ type: "function" }] }, "tools[0].name"],
    ["an unknown choice", { model: "m", tool_choice: "any" }, "tool_choice"],
    ["a temperature that is no number", { model: "m", temperature: "1" }, "temperature"],
    [
      "a schema that is none",
      { model: "m", text: { format: { type: "json_schema", schema: 1 } } },
      "text.format.schema",
    ],
  ];
  for (const [name, body, param] of cases)
    test(`is refused for ${name}, with its place`, () => {
      const told = refused(body);
      expect(told.param).toBe(param);
      expect(told.message).toStartWith(param);
    });

  test("does not crash for what is odd but can be passed on", () => {
    const input = [
      { role: "user", content: "" },
      { role: "user", content: [] },
      { role: "assistant", content: "\ud800" },
      call("a", { arguments: "{broken" }),
      call("b", { arguments: "x".repeat(1_000_000) }),
    ];
    expect(ask(input).messages).toHaveLength(3);
  });
});
