import { expect, test } from "bun:test";
import { median, Samples } from "./samples.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([10, 1, 2, 4])).toBe(3);
});

test("samples keep every round and answer nothing for what was not measured", () => {
  const samples = new Samples();
  for (const value of [3, 1, 2]) samples.add("nginx", "cpu", value);
  expect(samples.median("nginx", "cpu")).toBe(2);
  expect(samples.median("nginx", "memory")).toBeUndefined();
  expect(samples.median("gateway", "cpu")).toBeUndefined();
  expect(JSON.parse(JSON.stringify(samples))).toEqual({ nginx: { cpu: [3, 1, 2] } });
});
