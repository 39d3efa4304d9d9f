import { describe, expect, test } from "bun:test";
import type { Guardrail, Observation } from "./experiment.ts";
import { breaches } from "./guardrails.ts";

const failure: Guardrail = { metric: { name: "failure", kind: "boolean" }, bound: "at_most", limit: 0.05 };
const cost: Guardrail = { metric: { name: "cost", kind: "number" }, bound: "at_most", limit: 0.02 };
const of = (variant: number, value: number, count: number): Observation => ({
  variant,
  epoch: 0,
  value,
  count,
});

describe("breaches", () => {
  test("a variant that surely fails too often is named with its reason", () => {
    const found = breaches([failure], [[of(0, 1, 2), of(0, 0, 98), of(1, 1, 30), of(1, 0, 70)]], 2, 0.05);
    expect(found.map(({ variant }) => variant)).toEqual([1]);
    expect(found[0]!.surely).toBeGreaterThan(0.05);
    expect(found[0]!.reason).toMatch(/^failure is at least 0\.\d+, and may be at most 0\.05 \(100 units\)$/);
  });

  test("a few bad units in a row are no proof, and many are", () => {
    expect(breaches([failure], [[of(0, 1, 1)]], 1, 0.05)).toEqual([]);
    expect(breaches([failure], [[of(0, 1, 12)]], 1, 0.05)).toHaveLength(1);
  });

  test("numbers need a hundred units, and a mean surely beyond", () => {
    const dear = (units: number) => [of(0, 0.03, units / 2), of(0, 0.05, units / 2)];
    expect(breaches([cost], [dear(98)], 1, 0.05)).toEqual([]);
    expect(breaches([cost], [dear(200)], 1, 0.05)).toHaveLength(1);
    expect(breaches([{ ...cost, limit: 0.039 }], [dear(200)], 1, 0.05)).toEqual([]);
  });

  test("a least value is guarded as well", () => {
    const stars: Guardrail = {
      metric: { name: "stars", kind: "bounded", min: 1, max: 5 },
      bound: "at_least",
      limit: 3,
    };
    const found = breaches([stars], [[of(0, 4, 200), of(1, 2, 200)]], 2, 0.05);
    expect(found.map(({ variant, mean }) => [variant, mean])).toEqual([[1, 2]]);
    expect(found[0]!.reason).toContain("at most");
  });

  test("no units, none of this guardrail, and odd values breach nothing", () => {
    expect(breaches([failure, cost], [], 3, 0.05)).toEqual([]);
    expect(breaches([], [], 0, 0.05)).toEqual([]);
    const odd = [of(0, Number.NaN, 50), of(0, Number.POSITIVE_INFINITY, 500), of(0, 1, Number.NaN)];
    expect(breaches([failure, cost], [odd, odd], 1, 0.05)).toEqual([]);
  });
});
