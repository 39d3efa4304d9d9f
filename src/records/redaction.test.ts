import { describe, expect, test } from "bun:test";
import { Redaction } from "./redaction.ts";

function redacted(text: string, ...patterns: string[]): string | null {
  const out = new Redaction(patterns).apply(Buffer.from(text));
  return out === null ? null : Buffer.from(out).toString();
}

describe("what patterns match in a body", () => {
  test("is replaced, all of it, by every pattern", () => {
    expect(
      redacted("ada@x.org wrote to bob@y.org, 123-45-6789", "\\w+@[\\w.]+", "\\d{3}-\\d{2}-\\d{4}"),
    ).toBe("[redacted] wrote to [redacted], [redacted]");
  });

  test("is replaced once where patterns overlap", () => {
    expect(redacted("abcdef", "abcd", "cdef", "bc")).toBe("[redacted]");
  });

  test("is found wherever it stands in a long text", () => {
    for (const at of [0, 1_700, 1_780, 1_792, 2_030, 2_048, 5_000]) {
      const text = `${"é".repeat(at)} sk-${"A".repeat(40)} ${"ü".repeat(3_000)}`;
      expect(redacted(text, "sk-[A-Z]+")).toBe(`${"é".repeat(at)} [redacted] ${"ü".repeat(3_000)}`);
    }
  });

  test("of a body that is made to take long, nothing is kept", () => {
    const start = performance.now();
    expect(redacted("a".repeat(4_000_000), "[\\w.]+@[\\w.]+")).toBeNull();
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test("is nothing without patterns, and the bytes are the same", () => {
    const bytes = Buffer.from("ada@x.org");
    expect(new Redaction([]).apply(bytes)).toBe(bytes);
    expect(new Redaction(["zzz"]).apply(bytes)).toBe(bytes);
  });
});
