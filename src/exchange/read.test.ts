import { expect, test } from "bun:test";
import { countOf } from "./read.ts";

test("a count is a whole number from 0; a provider that tells another has told none", () => {
  expect([0, 7, 1_000_000].map(countOf)).toEqual([0, 7, 1_000_000]);
  for (const wrong of [-1, 1.5, Number.NaN, 1e308, "7", null, undefined, {}])
    expect(countOf(wrong)).toBeUndefined();
});
