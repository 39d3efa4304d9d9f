import { expect, test } from "bun:test";
import fc from "fast-check";
import { budgetOfEffort, effortOfBudget } from "./reasoning.ts";
import { EFFORTS } from "./request.ts";

test.each([...EFFORTS])("the budget of %s gives it back", (effort) => {
  expect(effortOfBudget(budgetOfEffort(effort))).toBe(effort);
});

test("more effort never has the smaller budget, whatever the limit", () => {
  fc.assert(
    fc.property(fc.option(fc.nat(200_000), { nil: undefined }), (limit) => {
      const budgets = EFFORTS.map((effort) => budgetOfEffort(effort, limit));
      expect(budgets).toEqual(budgets.toSorted((a, b) => a - b));
      expect(Math.max(...budgets)).toBeLessThanOrEqual(limit ?? 65_536);
    }),
  );
});

test("a larger budget never has the smaller effort", () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(200_000), (one, other) => {
      const rank = (budget: number) => EFFORTS.indexOf(effortOfBudget(budget));
      expect(rank(Math.min(one, other))).toBeLessThanOrEqual(rank(Math.max(one, other)));
    }),
  );
});
