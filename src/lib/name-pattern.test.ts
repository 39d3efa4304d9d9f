import { expect, test } from "bun:test";
import { fits } from "./name-pattern.ts";

test.each([
  ["*", "anything", true],
  ["*b*", "abc", true],
  ["*c", "abc", true],
  ["a*", "abc", true],
  ["abc", "abc", true],
  ["*b", "abc", false],
  ["b*", "abc", false],
  ["ab", "abc", false],
])("%s fits %s: %p", (pattern, name, expected) => expect(fits(pattern, name)).toBe(expected));
