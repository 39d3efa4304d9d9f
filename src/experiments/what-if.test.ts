import { describe, expect, test } from "bun:test";
import { newExperiment } from "../../test/support/experiments.ts";
import type { DecidedRequest, ExperimentStore, KeptExperiment } from "../storage/experiment-store.ts";
import type { Variant } from "./experiment.ts";
import { evaluateLog, type PolicyQuestion } from "./what-if.ts";

const COUNT = 2_000;

/** Requests of two agents; `warm` fails less for one of them and more for the other. */
const log: readonly DecidedRequest[] = Array.from({ length: COUNT }, (_, index) => {
  const variant = Number(Bun.hash.xxHash64(`variant ${index}`) % 4n) === 0 ? 1 : 0;
  const agentId = index % 2 === 0 ? "coder" : "writer";
  const chance = (agentId === "coder") === (variant === 1) ? 0.1 : 0.3;
  return {
    unit: `r${index}`,
    variant,
    epoch: 0,
    probability: variant === 1 ? 0.25 : 0.75,
    startedAt: index,
    model: variant === 1 ? "large" : "small",
    agentId,
    costUsd: null,
    durationMs: 1,
    firstTokenMs: null,
    outputTokens: null,
    failed: Number(Bun.hash.xxHash64(`failed ${index}`) % 1000n) < chance * 1000,
    finish: "stop",
  };
});

const store = {
  decided: async () => ({ requests: log, cursor: null }),
  judged: async () => ({ judgements: [], cursor: null }),
} as unknown as ExperimentStore;

const models: readonly Variant[] = [
  { name: "plain", version: "1", model: "small" },
  { name: "warm", version: "2", model: "large" },
];

function ask(question: PolicyQuestion, variants = models) {
  const experiment = {
    ...newExperiment({ variants, metric: { name: "failure", kind: "boolean" } }),
    id: "greeting-1",
  } as unknown as KeptExperiment;
  return evaluateLog({ experiments: store }, experiment, question, COUNT);
}

describe("what another allocation would have earned", () => {
  test("is asked of each variant alone where nothing is named", async () => {
    const found = await ask({});
    expect(found.map(({ policy }) => policy)).toEqual(["all to plain", "all to warm"]);
    for (const { evaluation, sentence } of found) {
      expect(evaluation.obstacles).toEqual([]);
      expect(Math.abs(evaluation.doublyRobust.mean - 0.2)).toBeLessThan(0.05);
      expect(sentence).toMatch(/^With all to \w+, the mean of failure would have been 0\.\d+, surely /);
    }
  });

  test("is asked by weights in any unit, and for the units since a moment", async () => {
    const [found] = await ask({ weights: { plain: 1, warm: 3 }, since: 1_000 });
    expect(found).toMatchObject({ policy: "plain 25 %, warm 75 %", probabilities: [0.25, 0.75] });
    expect(found?.evaluation.units).toBe(1_000);
  });

  test("is not told of a version that no request had, with what to do", async () => {
    const [found] = await ask({ newVersion: "9" });
    expect(found?.evaluation.obstacles).toContainEqual({ kind: "no_overlap", share: 1 });
    expect(found?.sentence).toContain("No request of greeting-1 had version 9 of greeting");
    expect(found?.sentence).toContain("amsterdam experiments create");
    expect(found?.probabilities).toEqual([]);
  });

  test("is told of a version that a variant has", async () => {
    expect((await ask({ newVersion: "2" })).map(({ policy }) => policy)).toEqual(["all to warm"]);
  });

  test("is not told by units that have no value, and says so", async () => {
    const [found] = await ask({ metric: "helpful", variant: "warm" });
    expect(found?.sentence).toContain("No unit has a value of the metric.");
  });

  test("is not told for kinds of units that a variant was never tried on", async () => {
    // Each model stands for a kind of unit where variants bring none of their own.
    const variants = models.map(({ name, version }) => ({ name, version }));
    const [found] = await ask({ variant: "warm" }, variants);
    expect(found?.evaluation.obstacles.map(({ kind }) => kind)).toContain("no_overlap");
    expect(found?.sentence).toContain("The log cannot tell");
  });

  test.each([
    [{ weights: { plain: -1, warm: 2 } }, "Weights are numbers"],
    [{ weights: { plain: Number.NaN } }, "Weights are numbers"],
    [{ weights: { plain: 1e308, warm: 1e308 } }, "Weights are numbers"],
    [{ weights: { __proto__: null } as never }, "Weights are numbers"],
    [{ weights: { constructor: 1 } as never }, "no such variant"],
    [{ variant: "none" }, "no such variant"],
    [{ variant: "plain", newVersion: "2" }, "one of weights"],
    [{ metric: "finish:__proto__" }, "no finish reason"],
  ])("is refused where it cannot be asked: %j", async (question, message) => {
    await expect(ask(question as PolicyQuestion)).rejects.toThrow(message);
  });
});
