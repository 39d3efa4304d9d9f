import { describe, expect, test } from "bun:test";
import { Losses } from "../../exchange/losses.ts";
import type { Part } from "../../exchange/parts.ts";
import type { Message, Role } from "../../exchange/request.ts";
import { writeHistory } from "./history.ts";
import { traitsOf } from "./models.ts";

const text = (words: string): Part => ({ kind: "text", text: words });
const says = (role: Role, ...parts: (string | Part)[]): Message => ({
  role,
  parts: parts.map((part) => (typeof part === "string" ? text(part) : part)),
});
const call = (id: string, args = "{}"): Part => ({ kind: "tool-call", id, name: "look", arguments: args });
const result = (callId: string, words = "done"): Part => ({
  kind: "tool-result",
  callId,
  parts: [{ kind: "text", text: words }],
});

function write(messages: Message[], model = "claude-sonnet-4-5") {
  const losses = new Losses();
  return { ...writeHistory(messages, traitsOf(model).systemTurns, losses), losses: losses.items };
}

const toolUse = (id: string) => ({ type: "tool_use", id, name: "look", input: {} });
const toolResult = (id: string, content = "done") => ({ type: "tool_result", tool_use_id: id, content });

describe("instructions", () => {
  test("in front are the system text", () => {
    const { system, messages } = write([says("system", "a"), says("developer", "b"), says("user", "hi")]);
    expect(system).toEqual([
      { type: "text", text: "a" },
      { type: "text", text: "b" },
    ]);
    expect(messages).toEqual([{ role: "user", content: "hi" }]);
  });

  const late = [
    says("user", "hi"),
    says("assistant", "yes"),
    says("developer", "be brief"),
    says("user", "and?"),
  ];

  test("later on follow the user's message where the model has system turns", () => {
    const { messages, losses } = write(late, "claude-opus-5");
    expect(messages.slice(2)).toEqual([
      { role: "user", content: "and?" },
      { role: "system", content: "be brief" },
    ]);
    expect(losses).toEqual([]);
  });

  test("later on are the user's marked text where it has none", () => {
    const { messages, losses } = write(late);
    expect(messages[2]).toEqual({
      role: "user",
      content: [
        { type: "text", text: "<system-instruction>\nbe brief\n</system-instruction>" },
        { type: "text", text: "and?" },
      ],
    });
    expect(losses).toEqual(["messages[2].parts[0]: a developer instruction as the user's marked text"]);
  });

  test("between two answers of the assistant's are marked too: no system turn may stand there", () => {
    const { messages } = write(
      [says("user", "hi"), says("assistant", "a"), says("system", "b"), says("assistant", "c")],
      "claude-opus-5",
    );
    expect(messages.map(({ role }) => role)).toEqual(["user", "assistant", "user", "assistant"]);
  });

  test("after a hosted tool's use are a system turn", () => {
    const use = { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} };
    const native: Part = {
      kind: "native",
      format: "anthropic-messages",
      type: "server_tool_use",
      value: use,
    };
    const { messages } = write(
      [says("user", "hi"), says("assistant", native), says("system", "b")],
      "claude-opus-5",
    );
    expect(messages[2]).toEqual({ role: "system", content: "b" });
  });

  test("alone are sent as the user's", () => {
    expect(write([says("system", "hi")])).toMatchObject({
      system: [],
      messages: [{ role: "user", content: [{ type: "text", text: "hi" }] }],
      losses: ["messages[0].role: instructions alone are sent as the user's message"],
    });
  });

  test("of other kinds than text are refused", () => {
    const image: Part = {
      kind: "media",
      media: "image",
      source: { kind: "url", url: "https://example.com/a.png" },
    };
    expect(() => write([says("system", image), says("user", "hi")])).toThrow(
      expect.objectContaining({ code: "conversion_refused" }),
    );
  });
});

describe("tool calls and results", () => {
  test("results come first, in one message with what the user says", () => {
    const { messages } = write([
      says("user", "hi"),
      says("assistant", call("a"), call("b")),
      says("tool", result("a")),
      says("user", "quick"),
      says("tool", result("b")),
    ]);
    expect(messages[2]).toEqual({
      role: "user",
      content: [toolResult("a"), toolResult("b"), { type: "text", text: "quick" }],
    });
  });

  test("calls in messages that follow each other are of one turn", () => {
    const { messages } = write([
      says("assistant", call("a")),
      says("assistant", call("b")),
      says("tool", result("a"), result("b")),
    ]);
    expect(messages.map(({ role }) => role)).toEqual(["assistant", "user"]);
    expect(messages[0]!.content).toEqual([toolUse("a"), toolUse("b")]);
  });

  test("a call without a result is given one that says so", () => {
    const { messages, losses } = write([says("assistant", call("a"), call("b")), says("tool", result("b"))]);
    expect(messages[1]!.content).toEqual([
      toolResult("b"),
      { ...toolResult("a", "There is no result of this call."), is_error: true },
    ]);
    expect(losses).toEqual(["messages[1]: no result of the tool call a"]);
  });

  test("calls at the very end are left to the API", () => {
    expect(write([says("user", "hi"), says("assistant", call("a"))]).messages).toHaveLength(2);
  });

  test("a result without its call is kept as text", () => {
    const { messages, losses } = write([says("tool", result("gone", "42")), says("user", "so?")]);
    expect(messages).toEqual([
      {
        role: "user",
        content: [
          { type: "text", text: 'Result of the tool call "gone", which is not shown here:' },
          { type: "text", text: "42" },
          { type: "text", text: "so?" },
        ],
      },
    ]);
    expect(losses).toEqual(["messages[0].parts[0]: a result without its tool call, as text"]);
  });

  test("ids that the API does not take are replaced, the same in call and result", () => {
    const { messages } = write([says("assistant", call("call:1|x")), says("tool", result("call:1|x"))]);
    expect(messages[0]!.content).toEqual([toolUse("call_1_x")]);
    expect(messages[1]!.content).toEqual([toolResult("call_1_x")]);
  });

  test("ids that are used again are told apart", () => {
    const { messages } = write([
      says("assistant", call("x"), call("x")),
      says("tool", result("x", "1"), result("x", "2")),
      says("assistant", call("x"), call("x_2"), call("")),
      says("tool", result("x", "3"), result("x_2", "4"), result("", "5")),
    ]);
    expect(messages.map(({ content }) => content)).toEqual([
      [toolUse("x"), toolUse("x_2")],
      [toolResult("x", "1"), toolResult("x_2", "2")],
      [toolUse("x_3"), toolUse("x_2_2"), toolUse("call")],
      [toolResult("x_3", "3"), toolResult("x_2_2", "4"), toolResult("call", "5")],
    ]);
  });

  test.each(["{", "[1]", '"x"', "", "null"])("arguments %j are refused, and the call is named", (args) => {
    expect(() => write([says("user", "hi"), says("assistant", call("c1", args))])).toThrow(
      expect.objectContaining({ code: "invalid_request", message: expect.stringContaining("c1") }),
    );
  });

  test("results may hold images and documents", () => {
    const part: Part = {
      kind: "tool-result",
      callId: "a",
      isError: true,
      parts: [
        { kind: "text", text: "see" },
        { kind: "media", media: "image", mimeType: "image/png", source: { kind: "base64", data: "iVBOR" } },
      ],
    };
    expect(write([says("assistant", call("a")), says("tool", part)]).messages[1]!.content).toEqual([
      {
        type: "tool_result",
        tool_use_id: "a",
        is_error: true,
        content: [
          { type: "text", text: "see" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: "iVBOR" } },
        ],
      },
    ]);
  });
});

describe("words", () => {
  test("that are none are left out, and a turn without any with them", () => {
    const { messages } = write([
      says("user", "hi", " "),
      says("assistant", ""),
      says("user", "\n"),
      says("user", "there"),
    ]);
    expect(messages).toEqual([
      { role: "user", content: "hi" },
      { role: "user", content: "there" },
    ]);
  });

  test("of an answer to go on with do not end in white space", () => {
    expect(write([says("user", "hi"), says("assistant", "The answer is \n")]).messages[1]).toEqual({
      role: "assistant",
      content: "The answer is",
    });
  });

  test("that the model refused with are words too", () => {
    const refusal: Part = { kind: "refusal", text: "I will not." };
    expect(
      write([says("user", "hi"), says("assistant", refusal), says("user", "ok")]).messages[1]!.content,
    ).toBe("I will not.");
  });

  test("an empty conversation is the API's to refuse", () => {
    expect(write([says("user", "")]).messages).toEqual([{ role: "user", content: "" }]);
    expect(write([]).messages).toEqual([{ role: "user", content: "" }]);
  });
});

describe("thoughts", () => {
  const thought = (origin: "gemini" | "anthropic-messages", value = "c2ln"): Part => ({
    kind: "reasoning",
    text: "hm",
    seal: { origin, value },
  });

  test("that Anthropic sealed go back as they came", () => {
    const hidden: Part = {
      kind: "reasoning",
      text: "",
      redacted: true,
      seal: { origin: "anthropic-messages", value: "ZGF0" },
    };
    expect(
      write([
        says("user", "hi"),
        says("assistant", thought("anthropic-messages"), hidden, "yes"),
        says("user", "ok"),
      ]).messages[1]!.content,
    ).toEqual([
      { type: "thinking", thinking: "hm", signature: "c2ln" },
      { type: "redacted_thinking", data: "ZGF0" },
      { type: "text", text: "yes" },
    ]);
  });

  test("of others are left out, and a turn of nothing else", () => {
    const unsealed: Part = { kind: "reasoning", text: "hm" };
    const { messages, losses } = write([
      says("user", "hi"),
      says("assistant", thought("gemini"), unsealed),
      says("user", "ok"),
    ]);
    expect(messages.map(({ role }) => role)).toEqual(["user", "user"]);
    expect(losses).toEqual([]);
  });
});

test("what only another API has is left out and named", () => {
  const native: Part = { kind: "native", format: "openai-responses", type: "web_search_call", value: {} };
  const { messages, losses } = write([says("user", "hi"), says("assistant", native, "yes")]);
  expect(messages[1]!.content).toBe("yes");
  expect(losses).toEqual(["messages[1].parts[0]: web_search_call"]);
});

test("the same conversation, grown, begins with the same messages", () => {
  const grown = [
    says("user", "hi"),
    says("assistant", call("a|1"), call("a:1")),
    says("tool", result("a:1"), result("a|1")),
    says("assistant", call("a|1")),
    says("tool", result("a|1")),
  ];
  expect(write(grown).messages.slice(0, 3)).toEqual([...write(grown.slice(0, 3)).messages]);
});
