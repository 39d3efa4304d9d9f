import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromDatabaseText, toDatabaseText } from "./text.ts";

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

test("two texts are never kept as one", () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(toDatabaseText(one) === toDatabaseText(other)).toBe(one === other);
    }),
  );
});
