import { describe, expect, test } from "bun:test";
import { KeyTurns } from "./key-turns.ts";

const taken = (turns: KeyTurns, count: number, model: string | null, now = 0) =>
  Array.from({ length: count }, () => turns.next("p", 3, model, now));

describe("a provider's keys", () => {
  test("are taken in turn, each provider's by itself", () => {
    const turns = new KeyTurns();
    expect(taken(turns, 4, null)).toEqual([0, 1, 2, 0]);
    expect(turns.next("q", 2)).toBe(0);
    expect([turns.next("one", 1), turns.next("one", 1)]).toEqual([0, 0]);
  });

  test("that are limited are passed over for their time, for that model alone", () => {
    const turns = new KeyTurns();
    turns.limited("p", 1, 100, "m", 0);
    expect(taken(turns, 4, "m")).toEqual([0, 2, 0, 2]);
    expect(taken(turns, 3, "other")).toEqual([0, 1, 2]);
    expect(taken(turns, 3, "m", 100)).toEqual([0, 1, 2]);
  });

  test("that are refused are passed over for every model", () => {
    const turns = new KeyTurns();
    turns.limited("p", 0, 100, null, 0);
    for (const model of ["m", "other", null]) expect(taken(turns, 2, model).includes(0)).toBeFalse();
  });

  test("that are all out: the one that is back soonest is taken", () => {
    const turns = new KeyTurns();
    turns.limited("p", 0, 300, null, 0);
    turns.limited("p", 1, 100, "m", 0);
    expect(turns.backAt("p", 3, "m", 0)).toBe(0);
    turns.limited("p", 2, 200, "m", 0);
    expect(turns.backAt("p", 3, "m", 0)).toBe(100);
    expect(taken(turns, 3, "m")).toEqual([1, 1, 1]);
    expect(turns.backAt("p", 3, "m", 100)).toBe(0);
  });

  test("are others after a reload", () => {
    const turns = new KeyTurns();
    turns.limited("p", 0, 1000, null, 0);
    turns.reset();
    expect(taken(turns, 1, null)).toEqual([0]);
    expect(turns.backAt("p", 0)).toBe(0);
  });
});
