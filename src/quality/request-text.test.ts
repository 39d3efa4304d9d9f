import { describe, expect, test } from "bun:test";
import type { Format } from "../exchange/formats.ts";
import { requestText } from "./request-text.ts";

const LONG = "Explain the proof of this theorem. ".repeat(20).trim();
const read = (format: Format, body: unknown) => requestText(Buffer.from(JSON.stringify(body)), format);
const textOf = (format: Format, body: unknown) => read(format, body).text;
const reasonOf = (body: Buffer | string, format: Format = "openai-chat") => {
  const found = requestText(Buffer.from(body), format);
  return found.text === null ? found.reason : `text: ${found.text}`;
};
const chat = (...messages: unknown[]) => textOf("openai-chat", { model: "m", messages });

describe("the last user turn", () => {
  test("of Chat Completions", () => {
    const system = { role: "system", content: "You are a pirate." };
    expect(chat(system, { role: "user", content: LONG })).toBe(LONG);
    const parts = [
      { type: "text", text: "What is this?" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text", text: "And why?" },
    ];
    expect(chat({ role: "user", content: parts })).toBe("What is this?\nAnd why?");
    expect(chat({ role: "user", content: LONG }, { role: "tool", tool_call_id: "1", content: "x" })).toBe(
      LONG,
    );
    expect(chat({ role: "user", content: "Write a parser." }, { role: "assistant", content: "ok" })).toBe(
      "Write a parser.",
    );
  });

  test("of legacy completions, which is the prompt", () => {
    expect(textOf("openai-chat", { model: "m", prompt: "Once upon a time" })).toBe("Once upon a time");
    expect(textOf("openai-chat", { model: "m", prompt: ["Once upon a time"] })).toBe("Once upon a time");
    expect(read("openai-chat", { model: "m", prompt: [1, 2, 3] }).text).toBeNull();
  });

  test("of Responses, as a text and as items", () => {
    expect(textOf("openai-responses", { input: 'Hello \ud83d\ude00 "you"' })).toBe('Hello 😀 "you"');
    const input = [
      {
        role: "user",
        content: [
          { type: "input_text", text: LONG },
          { type: "input_image", image_url: "x" },
        ],
      },
      { type: "function_call", call_id: "1", name: "read", arguments: "{}" },
      { type: "function_call_output", call_id: "1", output: "no" },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "done" }] },
    ];
    expect(textOf("openai-responses", { instructions: "Be brief", input })).toBe(LONG);
  });

  test("of Messages, without results of tools and reminders of the agent, with plain documents", () => {
    const content = [
      { type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: "the file" }] },
      { type: "text", text: "<system-reminder>Use the tools.</system-reminder>\n" },
    ];
    const messages = [
      { role: "user", content: LONG },
      { role: "user", content },
    ];
    expect(textOf("anthropic-messages", { system: "s", messages })).toBe(LONG);
    const document = {
      type: "document",
      source: { type: "text", media_type: "text/plain", data: "the contract" },
    };
    const asked = [document, { type: "text", text: "Summarize" }];
    expect(textOf("anthropic-messages", { messages: [{ role: "user", content: asked }] })).toBe(
      "the contract\nSummarize",
    );
  });

  test("of Gemini, where the user may be unnamed and parts stand alone", () => {
    const contents = [
      { role: "user", parts: [{ text: LONG }, { inlineData: { data: "AA" } }] },
      { role: "model", parts: [{ text: "hm", thought: true }, { functionCall: { name: "f" } }] },
      { role: "user", parts: [{ functionResponse: { name: "f", response: { text: "no" } } }] },
    ];
    expect(textOf("gemini", { contents })).toBe(LONG);
    expect(textOf("gemini", { contents: { parts: { text: "Hi" } } })).toBe("Hi");
    expect(
      textOf("gemini", { contents: [{ parts: [{ text: "no", thought: true }, { text: "yes" }] }] }),
    ).toBe("yes");
  });

  test("of two members of a name the last one counts, and a name may be escaped", () => {
    const twice =
      '{"messages":[],"messages":[{"role":"user","role":"user","content":"a","c\\u006fntent":"b"}]}';
    expect(reasonOf(twice)).toBe("text: b");
  });
});

describe("what has no text", () => {
  test("says why", () => {
    const image = { type: "image_url", image_url: { url: "x" } };
    expect(read("openai-chat", { messages: [{ role: "user", content: [image] }] })).toEqual({
      text: null,
      reason: "no turn of the user's has words",
    });
    expect(reasonOf("{}")).toContain("no turn");
    expect(reasonOf("")).toBe("the body is not JSON");
    expect(reasonOf("[1]")).toBe("the body is not JSON");
    expect(reasonOf('{"messages":[{"role":"user","content":"cut o')).toBe("the body is not JSON");
    expect(reasonOf('{"messages":[{"role":"user","content":"\\x"}]}')).toBe("the body is not JSON");
    expect(reasonOf(Buffer.from([0xff, 0xfe, 0, 1, 2, 3]))).toBe("the body is not JSON");
    const binary = Buffer.concat([
      Buffer.from('{"messages":[{"role":"user","content":"'),
      Buffer.alloc(500, 0x81),
      Buffer.from('"}]}'),
    ]);
    expect(reasonOf(binary)).toBe("the user's words are binary");
  });

  test("members of any type and hostile names do no harm", () => {
    for (const value of [
      null,
      1,
      true,
      {},
      [null],
      [[]],
      [{ role: 1, content: {} }],
      { __proto__: null, role: "user" },
    ])
      for (const format of ["openai-chat", "openai-responses", "anthropic-messages", "gemini"] as const)
        for (const name of ["messages", "input", "contents", "prompt", "constructor"])
          expect(read(format, { [name]: value }).text).toBeNull();
    expect(chat({ role: "user", content: "fine" }, { role: "constructor", content: { toString: 1 } })).toBe(
      "fine",
    );
  });

  test("of very many turns the last ones are looked at", () => {
    const asked = { role: "user", content: LONG };
    const others = (count: number) => Array.from({ length: count }, () => ({ role: "tool", content: "x" }));
    expect(chat(asked, ...others(999))).toBe(LONG);
    expect(chat(asked, ...others(1_000))).toBeNull();
  });

  test("a nesting without end costs time in proportion", () => {
    expect(reasonOf(`{"messages":${"[".repeat(1 << 20)}`)).toBe("the body is not JSON");
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(reasonOf(`{"messages":[{"role":"user","content":${deep}}]}`)).toContain("no turn");
    expect(reasonOf(Buffer.alloc((16 << 20) + 1, 0x20))).toBe("the body has more than 16 MB");
  });
});

describe("a long text", () => {
  const middles = ["code ", '\\n\\t"', "é€😀", "a\u0001\u2028b", "\\\\"];
  test.each(middles)("of %j keeps its beginning and end, however it is escaped", (middle) => {
    const content = `Find the bug in this: ${middle.repeat(60_000)} Answer in one line.`;
    for (const body of [
      JSON.stringify({ messages: [{ role: "user", content }] }),
      JSON.stringify({ messages: [{ role: "user", content }] }).replace(/[^\x20-\x7e]/g, escaped),
    ]) {
      const found = requestText(Buffer.from(body), "openai-chat");
      if (found.text === null) throw new Error(found.reason);
      expect(found.text).toStartWith(`Find the bug in this: ${middle.repeat(400).slice(0, 400)}`);
      expect(found.text).toEndWith(" Answer in one line.");
      expect(found.text.length).toBeLessThanOrEqual(4_001);
    }
  });
});

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
