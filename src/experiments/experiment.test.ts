import { describe, expect, test } from "bun:test";
import { type Experiment, experimentProblems } from "./experiment.ts";

const experiment: Experiment = {
  id: "e1",
  template: "greeting",
  variants: [
    { name: "a", version: "v1" },
    { name: "b", version: "v2" },
  ],
  unit: "run",
  contexts: {},
  outside: 0,
  allocation: { kind: "thompson", minimumShare: 0.05 },
  metric: { name: "correct", kind: "boolean" },
  direction: "maximize",
  guardrails: [],
  errorRate: 0.05,
  tolerance: 0,
  status: "draft",
};

describe("experimentProblems", () => {
  test("a sound experiment has none", () => {
    expect(experimentProblems(experiment)).toEqual([]);
    expect(experimentProblems({ ...experiment, allocation: { kind: "fixed", weights: [3, 1] } })).toEqual([]);
  });

  test("every problem is told at once", () => {
    const problems = experimentProblems({
      ...experiment,
      id: "",
      outside: 1,
      errorRate: 0,
      tolerance: -1,
      metric: { name: "stars", kind: "bounded", min: 5, max: 5 },
    });
    expect(problems).toHaveLength(5);
  });

  test("NaN and infinite settings are refused", () => {
    const hostile: Partial<Experiment>[] = [
      { outside: Number.NaN },
      { errorRate: Number.NaN },
      { tolerance: Number.POSITIVE_INFINITY },
      { metric: { name: "stars", kind: "bounded", min: Number.NEGATIVE_INFINITY, max: 5 } },
      { allocation: { kind: "fixed", weights: [Number.NaN, 1] } },
      { allocation: { kind: "fixed", weights: [Number.POSITIVE_INFINITY, 1] } },
      { allocation: { kind: "fixed", weights: [1, 0] } },
      { allocation: { kind: "fixed", weights: [1] } },
      { allocation: { kind: "thompson", minimumShare: Number.NaN } },
      { allocation: { kind: "thompson", minimumShare: 0 } },
      { allocation: { kind: "thompson", minimumShare: 0.6 } },
      {
        guardrails: [{ metric: { name: "cost", kind: "number" }, bound: "at_most", limit: Number.NaN }],
      },
    ];
    for (const change of hostile) expect(experimentProblems({ ...experiment, ...change })).toHaveLength(1);
  });

  test("two variants of one name, or one variant alone, are refused", () => {
    const same = [
      { name: "a", version: "v1" },
      { name: "a", version: "v2" },
    ];
    expect(experimentProblems({ ...experiment, variants: same })).toEqual(["Two variants have one name."]);
    expect(experimentProblems({ ...experiment, variants: same.slice(1) })).toEqual([
      "An experiment has 2 to 20 variants.",
    ]);
  });
});
