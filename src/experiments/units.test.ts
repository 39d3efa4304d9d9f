import { describe, expect, test } from "bun:test";
import { type Outcome, perUnit } from "./units.ts";

const outcome = (unit: string, at: number, value: number, variant = 0, epoch = 0): Outcome => ({
  unit,
  at,
  variant,
  epoch,
  value,
});

describe("perUnit", () => {
  test("requests of one run are one unit: added up, averaged or the last", () => {
    const outcomes = [outcome("r", 2, 4), outcome("r", 1, 1), outcome("r", 3, 1)];
    const value = (gathering: "sum" | "mean" | "last") => perUnit(outcomes, gathering).observations[0];
    expect(value("sum")).toEqual({ variant: 0, epoch: 0, value: 6, count: 1 });
    expect(value("mean")!.value).toBe(2);
    expect(value("last")!.value).toBe(1);
  });

  test("units alike are counted together, and keep epochs apart", () => {
    const { observations } = perUnit(
      [outcome("a", 1, 1), outcome("b", 1, 1), outcome("c", 1, 0), outcome("d", 1, 1, 0, 1)],
      "mean",
    );
    expect(observations).toEqual([
      { variant: 0, epoch: 0, value: 1, count: 2 },
      { variant: 0, epoch: 0, value: 0, count: 1 },
      { variant: 0, epoch: 1, value: 1, count: 1 },
    ]);
  });

  test("a unit that changed its variant counts for its first, and is told", () => {
    const { observations, crossed } = perUnit(
      [outcome("r", 9, 1, 1, 5), outcome("r", 3, 0, 2, 4), outcome("s", 1, 1, 1, 4)],
      "mean",
    );
    expect(crossed).toBe(1);
    expect(observations[0]).toEqual({ variant: 2, epoch: 4, value: 0.5, count: 1 });
  });

  test("of two requests at one moment, as when a clock jumps, the first that stands there decides", () => {
    const { observations } = perUnit([outcome("r", 5, 1, 1), outcome("r", 5, 1, 2)], "mean");
    expect(observations[0]!.variant).toBe(1);
  });

  test("what is no finite number is dropped and counted", () => {
    const { observations, dropped } = perUnit(
      [outcome("a", 1, Number.NaN), outcome("a", 1, Number.POSITIVE_INFINITY), outcome("__proto__", 1, 1)],
      "sum",
    );
    expect(dropped).toBe(2);
    expect(observations).toEqual([{ variant: 0, epoch: 0, value: 1, count: 1 }]);
  });

  test("nothing gives nothing", () => {
    expect(perUnit([], "mean")).toEqual({ observations: [], crossed: 0, dropped: 0 });
  });
});
