import { describe, expect, test } from "bun:test";
import type { UnitIds } from "./assign.ts";
import type { RequestContext } from "./contexts.ts";
import type { Epoch, Experiment } from "./experiment.ts";
import { RunningExperiment } from "./running.ts";
import { UnitMemory } from "./unit-memory.ts";

const EXPERIMENT: Experiment = {
  id: "greeting-1",
  template: "greeting",
  variants: [
    { name: "plain", version: "1" },
    { name: "warm", version: "2" },
    { name: "bold", version: "3" },
  ],
  unit: "run",
  contexts: {},
  outside: 0,
  allocation: { kind: "fixed", weights: [1, 1, 1] },
  metric: { name: "helpful", kind: "boolean" },
  direction: "maximize",
  guardrails: [],
  errorRate: 0.05,
  tolerance: 0,
  status: "running",
};
const EPOCH: Epoch = { number: 3, startedAt: 1, probabilities: [0.4, 0.3, 0.3], centre: 0.5 };
const IDS: UnitIds = { runId: null, threadId: null, agentId: null, requestId: "req", variables: null };
const CONTEXT: RequestContext = { agentId: "writer", keyId: "key_1", keyName: "shop", tags: [], model: "m" };

const running = (
  change: Partial<Experiment> = {},
  { probabilities = EPOCH.probabilities, number = 3 } = {},
  units = new UnitMemory(),
) => new RunningExperiment({ ...EXPERIMENT, ...change }, { ...EPOCH, probabilities, number }, units);
const runs = Array.from({ length: 2_000 }, (_, i) => `run-${i}`);
const variantsOf = (of: RunningExperiment) =>
  runs.map((runId) => of.choose({ ...IDS, runId }, CONTEXT)?.decision.variant ?? null);
const share = <Value>(all: readonly Value[], one: Value) =>
  all.filter((each) => each === one).length / all.length;

describe("a decision", () => {
  test("says what it was made of", () => {
    const { variant, decision } = running().choose({ ...IDS, runId: "run-1" }, CONTEXT)!;
    expect(decision).toEqual({
      experiment: "greeting-1",
      variant: EXPERIMENT.variants.indexOf(variant),
      variantName: variant.name,
      epoch: 3,
      probability: EPOCH.probabilities[decision.variant]!,
      unit: "run-1",
    });
  });

  test("falls as the probabilities say", () => {
    const variants = variantsOf(running());
    for (const [variant, probability] of EPOCH.probabilities.entries())
      expect(Math.abs(share(variants, variant) - probability)).toBeLessThan(0.04);
  });

  test("leaves a share outside, the same units for ever", () => {
    const first = variantsOf(running({ outside: 0.25 }));
    expect(Math.abs(share(first, null) - 0.25)).toBeLessThan(0.04);
    const later = variantsOf(running({ outside: 0.25 }, { probabilities: [0.01, 0.01, 0.98], number: 4 }));
    expect(later.map((one) => one === null)).toEqual(first.map((one) => one === null));
  });
});

describe("a unit", () => {
  test("stays with its variant when probabilities change, and is recorded with the chance that it had", () => {
    const units = new UnitMemory();
    const before = variantsOf(running({}, {}, units));
    const later = running({}, { probabilities: [0.01, 0.01, 0.98], number: 4 }, units);
    expect(variantsOf(later)).toEqual(before);
    expect(later.choose({ ...IDS, runId: "run-1" }, CONTEXT)?.decision).toMatchObject({
      epoch: 3,
      probability: EPOCH.probabilities[before[1]!]!,
    });
    expect(later.choose({ ...IDS, runId: "new" }, CONTEXT)?.decision.epoch).toBe(4);
  });

  test("of a variant that is switched off gets another one at once, even before an epoch says so; others stay", () => {
    const units = new UnitMemory();
    const before = variantsOf(running({}, {}, units));
    const variants = EXPERIMENT.variants.map((variant) =>
      variant.name === "warm" ? { ...variant, switchedOff: "it fails" } : variant,
    );
    const after = variantsOf(running({ variants }, {}, units));
    expect(share(after, 1)).toBe(0);
    expect(after.filter((_, at) => before[at] !== 1)).toEqual(before.filter((one) => one !== 1));
    expect(after).not.toContain(null);
  });

  test("has none where all are switched off", () => {
    const variants = EXPERIMENT.variants.map((variant) => ({ ...variant, switchedOff: "people" }));
    expect(running({ variants }).choose({ ...IDS, runId: "run-1" }, CONTEXT)).toBeNull();
  });

  test("is a request, run, thread, agent or a variable; what a request has not takes no part", () => {
    const ids: UnitIds = {
      runId: "r",
      threadId: "t",
      agentId: "a",
      requestId: "q",
      variables: { city: "Amsterdam", count: 7, on: false, list: [1], none: null },
    };
    const unitOf = (unit: Experiment["unit"], of = ids) =>
      running({ unit }).choose(of, CONTEXT)?.decision.unit;
    expect([unitOf("run"), unitOf("thread"), unitOf("agent"), unitOf("request")]).toEqual([
      "r",
      "t",
      "a",
      "q",
    ]);
    for (const unit of ["run", "thread", "agent", "variable:city"] as const)
      expect(unitOf(unit, IDS)).toBeUndefined();
    expect(unitOf("variable:count")).toBeString();
    expect(unitOf("variable:on")).toBeString();
    for (const unit of ["variable:list", "variable:none", "variable:toString", "variable:"] as const)
      expect(unitOf(unit)).toBeUndefined();
  });

  test("that is a variable's value is told as a hash, another one in another experiment", () => {
    const unitOf = (id: string, city: string) =>
      running({ id, unit: "variable:city" }).choose({ ...IDS, variables: { city } }, CONTEXT)!.decision.unit;
    expect(unitOf("a", "Amsterdam")).toMatch(/^[0-9a-f]{16}$/);
    expect(unitOf("a", "Amsterdam")).toBe(unitOf("a", "Amsterdam"));
    expect(unitOf("a", "Amsterdam")).not.toBe(unitOf("b", "Amsterdam"));
    expect(unitOf("a", "x".repeat(1_000_000))).toMatch(/^[0-9a-f]{16}$/);
  });
});

describe("the memory of units", () => {
  test("keeps the latest 50,000 at least, and no more than twice as many", () => {
    const units = new UnitMemory();
    const decision = { variant: 1, probability: 0.5, epoch: 0 };
    for (let i = 0; i < 120_000; i++) units.note(`u${i}`, decision);
    const known = Array.from({ length: 120_000 }, (_, i) => units.get(`u${i}`) !== undefined);
    expect(known.slice(-50_000)).not.toContain(false);
    expect(known.filter(Boolean).length).toBeLessThanOrEqual(100_000);
    expect(units.get("__proto__")).toBeUndefined();
  });

  test("a unit that is noted again has its last decision", () => {
    const units = new UnitMemory();
    units.note("u", { variant: 0, probability: 0.5, epoch: 0 });
    units.note("u", { variant: 1, probability: 0.5, epoch: 1 });
    expect(units.get("u")?.variant).toBe(1);
  });
});

describe("contexts", () => {
  const fits = (contexts: Experiment["contexts"], change: Partial<RequestContext> = {}) =>
    running({ contexts }).choose({ ...IDS, runId: "r" }, { ...CONTEXT, ...change }) !== null;

  test("every list that there is has to fit in one of its entries", () => {
    expect(fits({})).toBeTrue();
    expect(fits({ agents: ["reader", "writ*"], models: ["m"] })).toBeTrue();
    expect(fits({ agents: ["writer"], models: ["other"] })).toBeFalse();
    expect(fits({ agents: ["*"] }, { agentId: null })).toBeFalse();
    expect(fits({ models: ["*"] }, { model: null })).toBeFalse();
    expect(fits({ tags: ["tier=*"] }, { tags: ["a", "tier=gold"] })).toBeTrue();
    expect(fits({ tags: ["tier"] }, { tags: ["tier=gold"] })).toBeFalse();
  });

  test("keys are meant by id or name", () => {
    expect(fits({ keys: ["shop"] })).toBeTrue();
    expect(fits({ keys: ["key_1"] })).toBeTrue();
    expect(fits({ keys: ["key_2"] })).toBeFalse();
  });

  test("an empty list is fitted by nobody", () => {
    expect(fits({ agents: [] })).toBeFalse();
  });
});
