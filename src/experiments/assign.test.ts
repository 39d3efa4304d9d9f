import { describe, expect, test } from "bun:test";
import { assign, unitOf } from "./assign.ts";
import type { Variant } from "./experiment.ts";

const variants: Variant[] = ["a", "b", "c"].map((name) => ({ name, version: name }));
const experiment = { id: "e1", variants, outside: 0 };
const units = Array.from({ length: 20_000 }, (_, index) => `run-${index}`);
const epoch = (...probabilities: number[]) => ({ number: 7, probabilities });

function counted(probabilities: number[], id = "e1"): number[] {
  const counts = probabilities.map(() => 0);
  for (const unit of units) {
    const decision = assign({ ...experiment, id }, epoch(...probabilities), unit);
    counts[decision!.variant]! += 1;
  }
  return counts;
}

describe("assign", () => {
  test("the same unit always has the same variant, with its probability and epoch", () => {
    const decisions = units.slice(0, 100).map((unit) => assign(experiment, epoch(0.5, 0.3, 0.2), unit));
    const again = units.slice(0, 100).map((unit) => assign(experiment, epoch(0.5, 0.3, 0.2), unit));
    expect(again).toEqual(decisions);
    for (const decision of decisions) {
      expect(decision!.epoch).toBe(7);
      expect(decision!.probability).toBe([0.5, 0.3, 0.2][decision!.variant]!);
    }
  });

  test("what it decided before this version, it decides", () => {
    const found = units.slice(0, 24).map((unit) => assign(experiment, epoch(0.5, 0.3, 0.2), unit)!.variant);
    expect(found.join("")).toBe("000000002021021000221001");
  });

  test("variants get their shares within four standard errors", () => {
    for (const probabilities of [
      [0.5, 0.3, 0.2],
      [0.98, 0.01, 0.01],
    ])
      for (const [index, count] of counted(probabilities).entries()) {
        const share = probabilities[index]!;
        const error = Math.sqrt(units.length * share * (1 - share));
        expect(Math.abs(count - units.length * share)).toBeLessThan(4 * error);
      }
  });

  test("two experiments share units out independently", () => {
    const both = units.filter(
      (unit) =>
        assign(experiment, epoch(0.5, 0.5, 0), unit)!.variant === 0 &&
        assign({ ...experiment, id: "e2" }, epoch(0.5, 0.5, 0), unit)!.variant === 0,
    ).length;
    expect(Math.abs(both - units.length / 4)).toBeLessThan(4 * Math.sqrt((units.length * 3) / 16));
  });

  test("a unit moves only to a variant that gained on its own, and few do", () => {
    const [before, after] = [
      [0.5, 0.3, 0.2],
      [0.4, 0.4, 0.2],
    ];
    let moved = 0;
    for (const unit of units) {
      const from = assign(experiment, epoch(...before!), unit)!.variant;
      const to = assign(experiment, epoch(...after!), unit)!.variant;
      if (from === to) continue;
      moved += 1;
      expect(after![to]! / before![to]!).toBeGreaterThan(after![from]! / before![from]!);
    }
    expect(moved / units.length).toBeGreaterThan(0.09);
    expect(moved / units.length).toBeLessThan(0.15);
  });

  test("a variant that is switched off in mid-run gives up its units and no other moves", () => {
    for (const unit of units.slice(0, 5_000)) {
      const before = assign(experiment, epoch(0.5, 0.3, 0.2), unit)!.variant;
      const after = assign(experiment, epoch(0.5 / 0.7, 0, 0.2 / 0.7), unit)!.variant;
      expect(after).not.toBe(1);
      if (before !== 1) expect(after).toBe(before);
    }
  });

  test("the share outside has no variant, and does not depend on which the others have", () => {
    const partly = { ...experiment, outside: 0.2 };
    const decided = units.map((unit) => assign(partly, epoch(0.5, 0.5, 0), unit));
    const inside = decided.filter((decision) => decision !== null);
    expect(Math.abs(inside.length - 16_000)).toBeLessThan(4 * Math.sqrt(units.length * 0.16));
    const first = inside.filter(({ variant }) => variant === 0).length;
    expect(Math.abs(first - inside.length / 2)).toBeLessThan(2 * Math.sqrt(inside.length));
  });

  test("no probability above 0 is no decision, whatever stands there", () => {
    for (const probabilities of [[], [0, 0, 0], [Number.NaN, -1, 0]])
      expect(assign(experiment, epoch(...probabilities), "run-1")).toBeNull();
  });

  test("odd units are units: empty, long, prototype names, broken text", () => {
    for (const unit of ["", "__proto__", "\ud800", "é".repeat(500_000)])
      expect(assign(experiment, epoch(0.5, 0.3, 0.2), unit)).toEqual(
        assign(experiment, epoch(0.5, 0.3, 0.2), unit),
      );
  });
});

describe("unitOf", () => {
  const ids = {
    runId: "r",
    threadId: "t",
    agentId: null,
    requestId: "q",
    variables: { name: "Tinco", age: 4, list: [] },
  };

  test("each unit is what it says, null where the request has none", () => {
    expect(unitOf("run", ids)).toBe("r");
    expect(unitOf("thread", ids)).toBe("t");
    expect(unitOf("agent", ids)).toBeNull();
    expect(unitOf("request", ids)).toBe("q");
    expect(unitOf("variable:name", ids)).toBe("Tinco");
    expect(unitOf("variable:age", ids)).toBe("4");
  });

  test("a variable that is absent, inherited or no plain value is no unit", () => {
    for (const name of ["other", "constructor", "__proto__", "list"] as const)
      expect(unitOf(`variable:${name}`, ids)).toBeNull();
    expect(unitOf("variable:name", { ...ids, variables: null })).toBeNull();
  });
});
