import { expect, test } from "bun:test";
import { promptText } from "./prompt-text.ts";

const LONG = "Explain the proof of this theorem. ".repeat(20).trim();
/** Of turns as they were said, the newest last. */
const textOf = (...turns: string[]) => promptText(turns.reverse());

test("the last turn is scored", () => {
  expect(textOf(LONG)).toBe(LONG);
  expect(textOf("Hello", LONG)).toBe(LONG);
  expect(textOf()).toBe("");
  expect(textOf("", "  \n ")).toBe("");
});

test("a short turn is read with the turns before it", () => {
  expect(textOf("Write a parser for TOML.", "Now in Rust")).toBe("Write a parser for TOML.\n\nNow in Rust");
  expect(textOf("old", LONG, "Now in Rust")).toBe(`${LONG}\n\nNow in Rust`);
});

test("no more turns are asked for than are read", () => {
  let asked = 0;
  function* turns(text: string) {
    for (;;) {
      asked++;
      yield text;
    }
  }
  expect(promptText(turns(LONG))).toBe(LONG);
  expect(asked).toBe(1);
  asked = 0;
  promptText(turns("yes"));
  expect(asked).toBe(8);
});

test("of a huge turn the beginning and the end are kept, and of many turns a bounded text", () => {
  const huge = textOf(`Find the bug in this: ${"code ".repeat(300_000)} Answer in one line.`);
  expect(huge.length).toBeLessThanOrEqual(4_001);
  expect(huge).toStartWith("Find the bug in this:");
  expect(huge).toEndWith("Answer in one line.");
  const many = textOf(...Array.from({ length: 5_000 }, () => "word ".repeat(1_000)), "go on");
  expect(many.length).toBeLessThan(5_300);
  expect(many).toEndWith("go on");
});
