import { describe, expect, test } from "bun:test";
import { revisionOf } from "./revision.ts";
import type { VersionContent } from "./template.ts";

const CONTENT: VersionContent = {
  messages: [{ role: null, text: "Hello {{ name }}!" }],
  model: null,
  parameters: { temperature: 0.5, stop: ["a", "b"], nested: { x: 1, y: 2 } },
};

describe("a revision", () => {
  test("is 16 hexadecimal digits, the same for ever", () => {
    expect(revisionOf(CONTENT)).toBe("607c903a0fb6a07d");
  });

  test("does not depend on the order of members", () => {
    const parameters = { nested: { y: 2, x: 1 }, stop: ["a", "b"], temperature: 0.5 };
    expect(revisionOf({ ...CONTENT, parameters })).toBe(revisionOf(CONTENT));
  });

  test.each<[string, Partial<VersionContent>]>([
    ["a space", { messages: [{ role: null, text: "Hello {{ name }}! " }] }],
    ["a role", { messages: [{ role: "user", text: "Hello {{ name }}!" }] }],
    ["another message", { messages: [...CONTENT.messages, { role: null, text: "" }] }],
    ["a model", { model: "m" }],
    ["a parameter's value", { parameters: { ...CONTENT.parameters, temperature: 0.6 } }],
    ["a list's order", { parameters: { ...CONTENT.parameters, stop: ["b", "a"] } }],
    [
      "a member named __proto__",
      { parameters: { ...CONTENT.parameters, ...JSON.parse(`{"__proto__": 1}`) } },
    ],
  ])("%s makes another", (_, change) => {
    expect(revisionOf({ ...CONTENT, ...change })).not.toBe(revisionOf(CONTENT));
  });

  test("unpaired surrogates are told apart", () => {
    const of = (text: string) => revisionOf({ ...CONTENT, messages: [{ role: null, text }] });
    expect(of("\ud800")).not.toBe(of("\ud801"));
  });
});
