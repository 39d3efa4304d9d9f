import { expect, test } from "bun:test";
import type { Part } from "../exchange/parts.ts";
import type { Message, Role } from "../exchange/request.ts";
import { promptText } from "./prompt-text.ts";

const text = (words: string): Part => ({ kind: "text", text: words });
const says = (role: Role, ...parts: Part[]): Message => ({ role, parts });
const user = (words: string) => says("user", text(words));
const textOf = (...messages: Message[]) => promptText({ messages });
const LONG = "Explain the proof of this theorem. ".repeat(20).trim();

test("the last user turn is scored, without instructions and without what the model said", () => {
  expect(textOf(says("system", text("You are a pirate.")), user(LONG))).toBe(LONG);
  expect(textOf(user("Hello"), says("assistant", text("Hi")), user(LONG))).toBe(LONG);
});

test("a short turn is read with the user turns before it", () => {
  const turns = [user("Write a parser for TOML."), says("assistant", text("fn main")), user("Now in Rust")];
  expect(textOf(...turns)).toBe("Write a parser for TOML.\n\nNow in Rust");
  expect(textOf(user("old"), user(LONG), user("Now in Rust"))).toBe(`${LONG}\n\nNow in Rust`);
});

test("tool calls and results do not change what was asked", () => {
  const call: Part = { kind: "tool-call", id: "1", name: "read", arguments: "{}" };
  const result: Part = {
    kind: "tool-result",
    callId: "1",
    parts: [{ kind: "text", text: "x".repeat(9_000) }],
  };
  const asked = user(LONG);
  expect(textOf(asked, says("assistant", call), says("tool", result))).toBe(LONG);
});

test("parts are joined; a plain document counts, an image does not", () => {
  const image: Part = { kind: "media", media: "image", source: { kind: "base64", data: "AAAA" } };
  const document: Part = { kind: "media", media: "document", source: { kind: "text", text: "the contract" } };
  expect(textOf(says("user", image, document, text("Summarize this")))).toBe("the contract\nSummarize this");
  expect(textOf(says("user", image))).toBe("");
  expect(textOf()).toBe("");
});

test("of a huge turn the beginning and the end are kept, and of many turns a bounded text", () => {
  const huge = textOf(user(`Find the bug in this: ${"code ".repeat(300_000)} Answer in one line.`));
  expect(huge.length).toBeLessThanOrEqual(4_001);
  expect(huge).toStartWith("Find the bug in this:");
  expect(huge).toEndWith("Answer in one line.");
  const many = textOf(...Array.from({ length: 5_000 }, () => user("word ".repeat(1_000))), user("go on"));
  expect(many.length).toBeLessThan(5_300);
  expect(many).toEndWith("go on");
});
