import { describe, expect, test } from "bun:test";
import { Aliases } from "./aliases.ts";

describe("aliases", () => {
  const aliases = new Aliases({
    "gpt-4o": "openai/gpt-4.1",
    "claude-*": "big",
    "claude-3-5-haiku*": "small",
    "*-mini": "openai/gpt-5-mini",
  });

  test.each([
    ["gpt-4o", "openai/gpt-4.1"],
    ["gpt-4o-2024", null],
    ["claude-opus-4", "big"],
    ["claude-3-5-haiku-latest", "small"],
    ["o4-mini", "openai/gpt-5-mini"],
    ["__proto__", null],
    ["", null],
  ])("%s stands for %p", (name, model) => {
    expect(aliases.of(name)).toBe(model);
    expect(aliases.of(name)).toBe(model);
  });

  test("an exact name is no pattern, and any number of names may be asked for", () => {
    for (let i = 0; i < 5000; i++) expect(aliases.of(`claude-${i}`)).toBe("big");
    expect(new Aliases({ constructor: "x" }).of("toString")).toBeNull();
  });
});
