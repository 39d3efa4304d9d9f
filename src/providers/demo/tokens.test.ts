import { expect, test } from "bun:test";
import fc from "fast-check";
import { countInput, countTokens, firstTokens, splitTokens } from "./tokens.ts";

test("any text's tokens join to the text, and their number is the count", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const tokens = splitTokens(text);
      expect(tokens.join("")).toBe(text);
      expect(tokens).toHaveLength(countTokens(text));
      expect(tokens.every((token) => token !== "" && token.isWellFormed())).toBe(true);
    }),
  );
});

test("about four characters of English are a token", () => {
  const text = "The quick brown fox jumps over the lazy dog while nobody is looking at the clock.";
  expect(text.length / countTokens(text)).toBeGreaterThan(3.5);
  expect(text.length / countTokens(text)).toBeLessThan(5.5);
});

test("the first tokens are a beginning of the text", () => {
  expect(firstTokens("one two three", 2)).toBe("one two");
  expect(firstTokens("one two", 9)).toBe("one two");
  expect(firstTokens("one", 0)).toBe("");
});

test("attached data counts the same whatever its size", () => {
  const small = countInput([{ type: "image", data: "AAAA" }]);
  expect(countInput([{ type: "image", data: "A".repeat(100_000) }])).toBe(small);
  expect(countInput({ url: `data:image/png;base64,${"A".repeat(100_000)}` })).toBe(256);
});
