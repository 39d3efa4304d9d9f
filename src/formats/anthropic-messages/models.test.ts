import { describe, expect, test } from "bun:test";
import { traitsOf } from "./models.ts";

describe("a model's traits are found by its name", () => {
  test.each([
    ["claude-3-haiku-20240307", 4096, "none"],
    ["claude-3-opus-20240229", 4096, "none"],
    ["claude-3-5-sonnet-latest", 8192, "none"],
    ["claude-3-7-sonnet-20250219", 64_000, "budget"],
    ["claude-2.1", 4096, "none"],
    ["claude-instant-v1", 4096, "none"],
    ["claude-opus-4-20250514", 32_000, "budget"],
    ["claude-opus-4@20250514", 32_000, "budget"],
    ["claude-sonnet-4-0", 64_000, "budget"],
    ["us.anthropic.claude-opus-4-1-20250805-v1:0", 32_000, "budget"],
    ["claude-haiku-4-5-20251001", 64_000, "budget"],
    ["anthropic/claude-opus-4.5", 64_000, "budget"],
    ["claude-opus-4-6", 128_000, "either"],
    ["claude-opus-4-8", 128_000, "adaptive"],
    ["claude-sonnet-5", 128_000, "adaptive"],
    ["claude-fable-5-2", 128_000, "adaptive"],
    ["claude-mythos-preview", 128_000, "adaptive"],
    ["claude-opus-9", null, "adaptive"],
    ["claude-something", null, "adaptive"],
    ["kimi-k2", null, "budget"],
  ] as const)("%s", (model, maxOutput, thinking) => {
    expect(traitsOf(model)).toMatchObject({ maxOutput, thinking });
  });

  test.each([
    ["claude-opus-4-8", "omit", true],
    ["claude-opus-5", "disabled", true],
    ["claude-haiku-5-5", "disabled", true],
    ["claude-sonnet-5-5", "between_tools", false],
    ["claude-opus-5-5", "effort", false],
    ["claude-fable-5", "effort", true],
    ["claude-fable-5-1", "effort", false],
  ] as const)("%s is quiet by %s", (model, quiet, forcedTools) => {
    expect(traitsOf(model)).toMatchObject({ quiet, forcedTools });
  });

  test.each([
    ["claude-opus-4-7", false],
    ["claude-sonnet-4-6", false],
    ["claude-opus-4-8", false],
    ["claude-sonnet-5", false],
    ["claude-sonnet-5-5", true],
    ["claude-opus-5", true],
    ["claude-haiku-5-5", true],
    ["deepseek-chat", false],
  ] as const)("%s takes system turns: %j", (model, systemTurns) => {
    expect(traitsOf(model).systemTurns).toBe(systemTurns);
  });
});

test("only Claude is Claude", () => {
  expect(
    ["claude-opus-5", "eu.anthropic.claude-sonnet-4-6", "claudette", "glm-5"].map(
      (model) => traitsOf(model).claude,
    ),
  ).toEqual([true, true, false, false]);
});
