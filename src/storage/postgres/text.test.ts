import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromDatabaseText, toDatabaseJson, toDatabaseText } from "./text.ts";

const text = fc.array(fc.constantFrom("\0", "\u001a", "0", "1", "a", "🚋")).map((parts) => parts.join(""));

test("any text comes back, and has no character 0 in between", () => {
  fc.assert(
    fc.property(text, (original) => {
      const kept = toDatabaseText(original);
      expect(kept).not.toContain("\0");
      expect(fromDatabaseText(kept)).toBe(original);
    }),
  );
});

test("texts in JSON are kept as any others, without a character 0 and without halves of pairs", () => {
  const hostile = fc
    .array(fc.constantFrom("\0", "\u001a", "\ud800", "\\u0000", "a", "🚋"))
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(hostile, (original) => {
      const json = toDatabaseJson([{ text: original, none: null, number: 1.5 }]);
      const kept = [{ text: toDatabaseText(original.toWellFormed()), none: null, number: 1.5 }];
      expect(JSON.parse(json)).toEqual(kept);
    }),
  );
});

test("two texts are never kept as one", () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(toDatabaseText(one) === toDatabaseText(other)).toBe(one === other);
    }),
  );
});
