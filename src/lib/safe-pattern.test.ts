import { describe, expect, test } from "bun:test";
import { compileSafePattern } from "./safe-pattern.ts";

describe("patterns that strangers' texts are searched with", () => {
  test.each([
    "[\\w.+-]{1,64}@[\\w.-]{1,255}",
    "[\\w.]+@[\\w.]+",
    "\\d{3}-\\d{2}-\\d{4}",
    "sk-[A-Za-z0-9]{20,}",
    "Bearer [\\w-]+",
    "(?:\\+|00)[1-9]\\d{6,14}",
    "password|secret",
  ])("take %s", (source) => expect(compileSafePattern(source)).toBeInstanceOf(RegExp));

  test.each([
    "(",
    "[a",
    "(a+)+$",
    "(a|a)*b",
    "(\\w+\\s?)*$",
    "(a)\\1",
    "a*",
    "x{0}",
    "((ab)*c)*d",
    "a*a*a*a*b",
  ])("refuse %s with a reason", (source) =>
    expect(compileSafePattern(source)).toEqual({ reason: expect.stringMatching(/\w/) }),
  );

  test("are refused quickly", () => {
    const start = performance.now();
    compileSafePattern("a*a*a*a*a*a*b");
    compileSafePattern("(.*)(.*)(.*)(.*)[^x]$");
    expect(performance.now() - start).toBeLessThan(2_000);
  });
});
