import type { Format } from "../../src/exchange/formats.ts";

export type Body = Record<string, unknown>;

/** A wrong body in one format; text where it cannot be written as JSON. */
export interface BadBody {
  readonly what: string;
  readonly body: Body | string;
  /** Whether it must be refused; a body that some API takes may be answered. */
  readonly refused?: true;
}

const LONE = "lone \ud800 surrogate \udfff";
const LARGE = JSON.stringify({ text: "x".repeat(10 * 1024 * 1024) });
const DEEP = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
const PNG = "not base64 at all!!";
const SCHEMA = { type: "object", properties: { city: { type: "string" } } };

/** What every format can have wrong in the same way. `wrap` makes a body of one user's message. */
function common(messages: string, wrap: (content: unknown) => Body): BadBody[] {
  const fine = wrap("hi");
  return [
    { what: `no ${messages}`, body: { ...fine, [messages]: undefined }, refused: true },
    { what: `${messages} that are null`, body: { ...fine, [messages]: null }, refused: true },
    { what: `${messages} that are a number`, body: { ...fine, [messages]: 7 }, refused: true },
    {
      what: `${messages} that are an object`,
      body: { ...fine, [messages]: { role: "user" } },
      refused: true,
    },
    { what: `${messages} that hold null`, body: { ...fine, [messages]: [null] }, refused: true },
    { what: `${messages} that hold a list`, body: { ...fine, [messages]: [[]] }, refused: true },
    { what: "no messages at all", body: { ...fine, [messages]: [] } },
    { what: "an empty message", body: wrap("") },
    { what: "content of a wrong type", body: wrap(7), refused: true },
    { what: "lone surrogates", body: wrap(LONE) },
    { what: "tools that are text", body: { ...fine, tools: "all" }, refused: true },
    { what: "tools that hold numbers", body: { ...fine, tools: [1, 2] }, refused: true },
    { what: "a tool of an empty object", body: { ...fine, tools: [{}] } },
    {
      what: "a tool of prototype names",
      body: { ...fine, tools: [{ type: "__proto__", name: "constructor" }] },
    },
    {
      what: "prototype names as members",
      body: JSON.stringify({ ...fine, marker: 1 }).replace(
        '"marker":1',
        '"__proto__":{"a":1},"constructor":{}',
      ),
    },
  ];
}

const CHAT_CALL = (id: string, args: unknown) => ({
  id,
  type: "function",
  function: { name: "weather", arguments: args },
});
const chat = (...messages: unknown[]): Body => ({ messages });
const CHAT: BadBody[] = [
  ...common("messages", (content) => chat({ role: "user", content })),
  { what: "an unknown role", body: chat({ role: "wizard", content: "hi" }), refused: true },
  { what: "a role of a wrong type", body: chat({ role: 7, content: "hi" }), refused: true },
  { what: "a part of an unknown type", body: chat({ role: "user", content: [{ type: "smell" }] }) },
  {
    what: "an orphan tool result",
    body: chat({ role: "user", content: "hi" }, { role: "tool", tool_call_id: "x", content: "y" }),
  },
  {
    what: "a call without its result",
    body: chat(
      { role: "user", content: "hi" },
      { role: "assistant", content: null, tool_calls: [CHAT_CALL("a", "{}")] },
      { role: "user", content: "go on" },
    ),
  },
  ...["{", "[1]", "null", '"text"', "", LARGE, DEEP].map((args) => ({
    what: `tool arguments ${args.slice(0, 8)} of ${args.length} characters`,
    body: chat(
      { role: "user", content: "hi" },
      { role: "assistant", content: null, tool_calls: [CHAT_CALL("a", args)] },
      { role: "tool", tool_call_id: "a", content: "y" },
    ),
  })),
  {
    what: "two calls of one id",
    body: chat(
      { role: "user", content: "hi" },
      { role: "assistant", content: null, tool_calls: [CHAT_CALL("a", "{}"), CHAT_CALL("a", "{}")] },
      { role: "tool", tool_call_id: "a", content: "y" },
      { role: "tool", tool_call_id: "a", content: "z" },
    ),
  },
  ...["data:image/png;base64," + PNG, "data:", "not a url", 7].map((url) => ({
    what: `an image at ${url}`,
    body: chat({ role: "user", content: [{ type: "image_url", image_url: { url } }] }),
  })),
  { what: "a wrong tool choice", body: { ...chat({ role: "user", content: "hi" }), tool_choice: "perhaps" } },
  {
    what: "a choice of a tool that is not there",
    body: {
      ...chat({ role: "user", content: "hi" }),
      tools: [{ type: "function", function: { name: "weather", parameters: SCHEMA } }],
      tool_choice: { type: "function", function: { name: "tide" } },
    },
  },
  ...["temperature", "max_tokens", "n", "top_p"].map((name) => ({
    what: `a ${name} of text`,
    body: { ...chat({ role: "user", content: "hi" }), [name]: "hot" },
    refused: true as const,
  })),
];

const responses = (...input: unknown[]): Body => ({ input });
const RESPONSES: BadBody[] = [
  // The API's description lets a request do without input.
  ...common("input", (content) => responses({ role: "user", content })).filter(
    ({ what }) => !["no messages at all", "no input", "input that are null"].includes(what),
  ),
  { what: "no input", body: {} },
  { what: "input that is null", body: { input: null } },
  { what: "an unknown role", body: responses({ role: "wizard", content: "hi" }), refused: true },
  { what: "an item of an unknown type", body: responses({ type: "smell", strength: 9 }) },
  { what: "an item reference to nothing", body: responses({ type: "item_reference", id: "msg_nothing" }) },
  {
    what: "an orphan tool result",
    body: responses(
      { role: "user", content: "hi" },
      { type: "function_call_output", call_id: "x", output: "y" },
    ),
  },
  {
    what: "a previous response that is not known",
    body: { ...responses({ role: "user", content: "hi" }), previous_response_id: "resp_nothing" },
    refused: true,
  },
  ...["{", "[1]", "", LARGE].map((args) => ({
    what: `tool arguments ${args.slice(0, 8)} of ${args.length} characters`,
    body: responses(
      { role: "user", content: "hi" },
      { type: "function_call", call_id: "a", name: "weather", arguments: args },
      { type: "function_call_output", call_id: "a", output: "y" },
    ),
  })),
  {
    what: "two calls of one id",
    body: responses(
      { role: "user", content: "hi" },
      { type: "function_call", call_id: "a", name: "weather", arguments: "{}" },
      { type: "function_call", call_id: "a", name: "weather", arguments: "{}" },
      { type: "function_call_output", call_id: "a", output: "y" },
    ),
  },
  {
    what: "an image that is no base64",
    body: responses({
      role: "user",
      content: [{ type: "input_image", image_url: `data:image/png;base64,${PNG}` }],
    }),
  },
  {
    what: "reasoning of a wrong type",
    body: { ...responses({ role: "user", content: "hi" }), reasoning: "much" },
  },
];

const anthropic = (...messages: unknown[]): Body => ({ max_tokens: 1024, messages });
const TOOL_USE = (id: string, input: unknown) => ({ type: "tool_use", id, name: "weather", input });
const ANTHROPIC: BadBody[] = [
  ...common("messages", (content) => anthropic({ role: "user", content })),
  { what: "an unknown role", body: anthropic({ role: "wizard", content: "hi" }), refused: true },
  { what: "no max_tokens", body: { messages: [{ role: "user", content: "hi" }] } },
  { what: "a block of an unknown type", body: anthropic({ role: "user", content: [{ type: "smell" }] }) },
  {
    what: "an orphan tool result",
    body: anthropic({ role: "user", content: [{ type: "tool_result", tool_use_id: "x", content: "y" }] }),
  },
  ...[7, "text", [1], null, JSON.parse(LARGE) as unknown].map((input) => ({
    what: `tool input of ${input === null ? "null" : Array.isArray(input) ? "a list" : typeof input}`,
    body: anthropic(
      { role: "user", content: "hi" },
      { role: "assistant", content: [TOOL_USE("a", input)] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "y" }] },
    ),
  })),
  {
    what: "two calls of one id",
    body: anthropic(
      { role: "user", content: "hi" },
      { role: "assistant", content: [TOOL_USE("a", {}), TOOL_USE("a", {})] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "y" }] },
    ),
  },
  {
    what: "an image that is no base64",
    body: anthropic({
      role: "user",
      content: [{ type: "image", source: { type: "base64", media_type: "image/png", data: PNG } }],
    }),
  },
  {
    what: "thoughts with a made-up signature",
    body: anthropic(
      { role: "user", content: "hi" },
      { role: "assistant", content: [{ type: "thinking", thinking: "hm", signature: "made up" }] },
      { role: "user", content: "go on" },
    ),
  },
];

const gemini = (...contents: unknown[]): Body => ({ contents });
const GEMINI: BadBody[] = [
  ...common("contents", (content) =>
    gemini({ role: "user", parts: content === "hi" ? [{ text: "hi" }] : content }),
  ).filter(
    // Text in place of parts is a wrong type here.
    ({ what }) => !["an empty message", "lone surrogates", "contents that are an object"].includes(what),
  ),
  // Google's parser takes one object for a list of one.
  { what: "contents that are an object", body: { contents: { role: "user", parts: [{ text: "hi" }] } } },
  { what: "an empty message", body: gemini({ role: "user", parts: [{ text: "" }] }) },
  { what: "lone surrogates", body: gemini({ role: "user", parts: [{ text: LONE }] }) },
  { what: "an unknown role", body: gemini({ role: "wizard", parts: [{ text: "hi" }] }), refused: true },
  { what: "a part of nothing", body: gemini({ role: "user", parts: [{}] }) },
  {
    what: "an orphan tool result",
    body: gemini({ role: "user", parts: [{ functionResponse: { name: "weather", response: {} } }] }),
  },
  ...[7, "text", [1], JSON.parse(LARGE) as unknown].map((args) => ({
    what: `tool arguments of ${Array.isArray(args) ? "a list" : typeof args}`,
    body: gemini(
      { role: "user", parts: [{ text: "hi" }] },
      { role: "model", parts: [{ functionCall: { name: "weather", args } }] },
      { role: "user", parts: [{ functionResponse: { name: "weather", response: { a: 1 } } }] },
    ),
  })),
  {
    what: "fewer results than calls",
    body: gemini(
      { role: "user", parts: [{ text: "hi" }] },
      {
        role: "model",
        parts: [{ functionCall: { name: "a", args: {} } }, { functionCall: { name: "b", args: {} } }],
      },
      { role: "user", parts: [{ functionResponse: { name: "b", response: {} } }] },
    ),
  },
  {
    what: "data that is no base64",
    body: gemini({ role: "user", parts: [{ inlineData: { mimeType: "image/png", data: PNG } }] }),
  },
  {
    what: "a configuration of a wrong type",
    body: { ...gemini({ role: "user", parts: [{ text: "hi" }] }), generationConfig: "hot" },
    refused: true,
  },
];

/** Bodies that are wrong before any format. */
export const BODIES: BadBody[] = [
  ...["", "{", "null", "[]", '"text"', "7"].map((body) => ({
    what: `the body ${body}`,
    body,
    refused: true as const,
  })),
  { what: "an empty object", body: "{}" },
  { what: "a byte order mark", body: "\ufeff{}" },
  { what: "a deep unknown member", body: DEEP },
];

export const CASES: Readonly<Record<Format, readonly BadBody[]>> = {
  "openai-chat": CHAT,
  "openai-responses": RESPONSES,
  "anthropic-messages": ANTHROPIC,
  gemini: GEMINI,
};
