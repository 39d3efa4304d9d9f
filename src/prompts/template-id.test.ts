import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTemplateId, parseTemplateId } from "./template-id.ts";

describe("a template id", () => {
  test.each([
    ["greeting-v1.2321beta5", "greeting", "1.2321beta5"],
    ["bla_template-v1.2321beta5", "bla_template", "1.2321beta5"],
    ["greeting", "greeting", null],
    ["my-very-own", "my-very-own", null],
    ["my-very-own-v2", "my-very-own", "2"],
    ["a-v1-v2", "a", "1-v2"],
    ["a-v0+5f3a", "a", "0+5f3a"],
    ["constructor", "constructor", null],
    ["a-version", "a-version", null],
  ])("%s is read", (text, name, version) => {
    expect(parseTemplateId(text)).toEqual({ name, version });
    expect(formatTemplateId({ name, version })).toBe(text);
  });

  test.each([
    ["", "missing"],
    ["-v1", "missing"],
    ["__proto__", "begins with a letter or a digit"],
    ["../etc/passwd", "begins with a letter or a digit"],
    ["a/b", "consists of"],
    ["a b", "consists of"],
    ["a\u0000", "consists of"],
    ["a\n-v1", "consists of"],
    ["grüße", "consists of"],
    ["a-v1 ", "a version consists of"],
    ["a-v1/..", "a version consists of"],
    ["a-v1\u007f", "a version consists of"],
    ["x".repeat(129), "at most 128 characters"],
    [`x-v${"1".repeat(65)}`, "at most 64 characters"],
    ["x".repeat(1_048_576), "at most 128 characters"],
    [`x-v1${"-v1".repeat(400_000)}`, "at most 128 characters"],
  ])("%.40s is refused", (text, reason) => {
    expect(parseTemplateId(text)).toEqual({ reason: expect.stringContaining(reason) });
  });

  test.each([[null], [1], [{}], [["a"]], [undefined], [true], [{ toString: () => "a" }]])(
    "%p is refused",
    (value) => {
      expect(parseTemplateId(value)).toEqual({ reason: expect.stringContaining("is a text") });
    },
  );

  test("whatever is read is written back to the same text", () => {
    const unit = fc.constantFrom("-", "v", "-v", "1", "a", ".", "_", "+", "é", " ");
    fc.assert(
      fc.property(fc.string({ unit }), (text) => {
        const id = parseTemplateId(text);
        if (!("reason" in id)) expect(formatTemplateId(id)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });
});
