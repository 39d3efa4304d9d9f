import { describe, expect, test } from "bun:test";
import { FLASH_2, FLASH_3, refusal, write } from "../../../test/support/gemini-request.ts";
import type { MediaPart, Part, ToolCallPart, ToolResultPart } from "../../exchange/parts.ts";
import type { Message } from "../../exchange/request.ts";

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
