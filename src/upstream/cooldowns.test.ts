import { describe, expect, test } from "bun:test";
import { Cooldowns, MAX_COOLDOWN_MS } from "./cooldowns.ts";

describe("a cooldown", () => {
  test("lasts until its moment, and is then forgotten", () => {
    const cooldowns = new Cooldowns();
    cooldowns.note("a", 150, 100);
    expect([cooldowns.until("a", 149), cooldowns.until("b", 149)]).toEqual([150, 0]);
    expect([cooldowns.until("a", 150), cooldowns.size]).toEqual([0, 0]);
  });

  test("is not shortened by a later word, and ended by an answer to what was sent since", () => {
    const cooldowns = new Cooldowns();
    cooldowns.note("a", 500, 0);
    cooldowns.note("a", 200, 10);
    expect(cooldowns.until("a", 0)).toBe(500);
    cooldowns.answered("a", 9);
    expect(cooldowns.until("a", 20)).toBe(500);
    cooldowns.answered("a", 15);
    cooldowns.answered("unknown", 15);
    expect(cooldowns.until("a", 0)).toBe(0);
  });

  test("lasts some minutes at most, whatever an upstream asks for", () => {
    const cooldowns = new Cooldowns();
    for (const [name, until] of [
      ["long", 1e12],
      ["endless", Number.POSITIVE_INFINITY],
      ["none", Number.NaN],
      ["past", -5],
      ["now", 0],
    ] as const)
      cooldowns.note(name, until, 0);
    expect(["long", "endless", "none", "past", "now"].map((name) => cooldowns.until(name, 0))).toEqual([
      MAX_COOLDOWN_MS,
      MAX_COOLDOWN_MS,
      0,
      0,
      0,
    ]);
  });

  test("is held for 1,000 names: those that are over go first, then the oldest", () => {
    const cooldowns = new Cooldowns();
    cooldowns.note("oldest", 1000, 0);
    cooldowns.note("over", 10, 0);
    for (let i = 0; i < 998; i++) cooldowns.note(`n${i}`, 1000, 0);
    cooldowns.note("one more", 1000, 20);
    expect([cooldowns.size, cooldowns.until("oldest", 20)]).toEqual([1000, 1000]);
    cooldowns.note("and another", 1000, 20);
    expect([cooldowns.size, cooldowns.until("oldest", 20), cooldowns.until("n0", 20)]).toEqual([
      1000, 0, 1000,
    ]);
    cooldowns.note("x".repeat(100_000), 1000, 20);
    expect(cooldowns.until("x".repeat(100_000), 20)).toBe(0);
    cooldowns.reset();
    expect(cooldowns.size).toBe(0);
  });

  test("is of that name alone, prototype's names included", () => {
    const cooldowns = new Cooldowns();
    for (const name of ["__proto__", "constructor", "toString"]) {
      expect(cooldowns.until(name, 0)).toBe(0);
      cooldowns.note(name, 5, 0);
      expect(cooldowns.until(name, 0)).toBe(5);
    }
  });
});
