import { describe, expect, test } from "bun:test";
import { byReturn, Cooldowns } from "./cooldowns.ts";
import { cycleIn } from "./cycles.ts";
import { type RouteSettings, strategyProblems } from "./problems.ts";

describe("what is out", () => {
  test("stays out for the time that it asked for, and no longer than an hour", () => {
    const cooldowns = new Cooldowns();
    cooldowns.limited("a", 20_000, 1_000);
    expect(cooldowns.isOut("a", 20_999)).toBe(true);
    expect(cooldowns.isOut("a", 21_000)).toBe(false);
    cooldowns.limited("b", 1e12, 0);
    expect(cooldowns.until("b", 0)).toBe(3_600_000);
    cooldowns.limited("c", Number.POSITIVE_INFINITY, 0);
    expect(cooldowns.isOut("c", 3_600_000)).toBe(false);
    expect(cooldowns.isOut("never", 0)).toBe(false);
  });

  test("without a time, for twice as long each time in a row, until an answer comes", () => {
    const cooldowns = new Cooldowns();
    const waits = Array.from({ length: 9 }, (_, at) => {
      const now = at * 1e6;
      cooldowns.limited("a", null, now);
      return cooldowns.until("a", now) - now;
    });
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    cooldowns.worked("a", 1e7);
    cooldowns.limited("a", Number.NaN, 1e7);
    expect(cooldowns.until("a", 1e7)).toBe(1e7 + 1_000);
  });

  test("is not back sooner for a shorter word, nor for an answer that was on its way", () => {
    const cooldowns = new Cooldowns();
    cooldowns.exhausted("a", 0);
    cooldowns.limited("a", 1_000, 0);
    cooldowns.worked("a", 5);
    expect(cooldowns.until("a", 5)).toBe(600_000);
  });

  test("does not stay out for longer when the clock goes back", () => {
    const cooldowns = new Cooldowns();
    cooldowns.limited("a", 10_000, 1e15);
    expect(cooldowns.until("a", 0)).toBe(3_600_000);
  });

  test("comes after what is here, the one that is back soonest first", () => {
    const until = new Map([
      ["a", 500],
      ["b", 0],
      ["c", 200],
      ["d", 50],
    ]);
    const order = (now: number) => byReturn(["a", "b", "c", "d"], (name) => until.get(name)!, now);
    expect(order(100)).toEqual(["b", "d", "c", "a"]);
    expect(order(-1)).toEqual(["b", "d", "c", "a"]);
    expect(order(600)).toEqual(["a", "b", "c", "d"]);
    expect(byReturn([], () => 0, 0)).toEqual([]);
  });

  test("is of a bounded number of names", () => {
    const cooldowns = new Cooldowns();
    for (let at = 0; at < 1_000_000; at++) cooldowns.limited(`k${at}`, 1_000, 0);
    expect(cooldowns.isOut("k0", 0)).toBe(false);
    expect(cooldowns.isOut("k999999", 0)).toBe(true);
  });
});

describe("a cycle of routes", () => {
  const cycle = (routes: Record<string, string[]>) => cycleIn(new Map(Object.entries(routes)));
  test("is told as the way back", () => {
    expect(cycle({ a: ["a"] })).toEqual(["a", "a"]);
    expect(cycle({ x: ["a", "p/m"], a: ["p/m", "b"], b: ["c"], c: ["p/n", "a"] })).toEqual([
      "a",
      "b",
      "c",
      "a",
    ]);
    expect(cycle({ a: ["b", "c"], b: ["d"], c: ["d"], d: ["p/m"] })).toBeNull();
    expect(cycle({ constructor: ["__proto__"], __proto__: ["x"] })).toBeNull();
    expect(cycle({})).toBeNull();
  });

  test("is found in long chains, and where each leads to all that follow, in time", () => {
    const chain = (last: string) =>
      new Map(Array.from({ length: 50_000 }, (_, at) => [`r${at}`, [at === 49_999 ? last : `r${at + 1}`]]));
    expect(cycleIn(chain("p/m"))).toBeNull();
    expect(cycleIn(chain("r49998"))).toEqual(["r49998", "r49999", "r49998"]);
    const names = Array.from({ length: 300 }, (_, at) => `r${at}`);
    expect(cycleIn(new Map(names.map((name, at) => [name, names.slice(at + 1)])))).toBeNull();
  });
});

describe("what is wrong with a route", () => {
  const two = [
    { name: "a/x", weight: 1 },
    { name: "b/y", weight: 1 },
  ];
  const problems = (over: Partial<RouteSettings>) =>
    strategyProblems({ strategy: "weighted", options: two, ...over });
  const weights = (...all: number[]) => ({ options: all.map((weight, at) => ({ name: `p/${at}`, weight })) });

  test.each<[string, Partial<RouteSettings>, RegExp[]]>([
    ["nothing", {}, []],
    ["no targets", { options: [] }, [/needs a target/]],
    ["a name twice", { options: [two[0]!, two[0]!] }, [/a\/x is named twice/]],
    ["weights below zero and none", weights(-1, Number.NaN, 1), [/p\/0 is -1/, /p\/1 is NaN/]],
    ["endless weights", weights(1, Number.POSITIVE_INFINITY), [/Infinity/]],
    ["a weight of zero", weights(0, 1), []],
    ["all weights of zero", weights(0, 0), [/All weights are 0/]],
    ["no threshold", { strategy: "quality" }, [/thresholds or a strong share/]],
    ["both", { strategy: "quality", thresholds: [0.5], strongShare: 0.3 }, [/not both/]],
    [
      "one target",
      { strategy: "quality", options: [two[0]!], strongShare: 0.3 },
      [/a strong target and a weak/],
    ],
    ["a share above 1", { strategy: "quality", strongShare: 1.5 }, [/strong share is 1.5/]],
    ["a share that is none", { strategy: "quality", strongShare: Number.NaN }, [/strong share is NaN/]],
    ["too many thresholds", { strategy: "quality", thresholds: [0.5, 0.2] }, [/2 targets need 1 thresholds/]],
    [
      "rising thresholds",
      { strategy: "quality", options: weights(1, 1, 1).options, thresholds: [0.2, 0.5] },
      [/not below/],
    ],
    ["thresholds beyond", { strategy: "quality", thresholds: [-1] }, [/no number from 0 to 1/]],
    ["thresholds elsewhere", { thresholds: [0.5] }, [/for the strategy quality/]],
    ["weights of learn elsewhere", { weights: { cost: 1, latency: 1 } }, [/for the strategy learn/]],
    [
      "weights of learn",
      { strategy: "learn", weights: { cost: -1, latency: Number.NaN } },
      [/cost is -1/, /latency is NaN/],
    ],
    ["too many to learn", { strategy: "learn", ...weights(...Array<number>(17).fill(1)) }, [/at most 16/]],
    ["a mirror's share", { mirror: { to: "c/z", share: 2 } }, [/share is 2/]],
    ["a mirror of itself", { options: [two[0]!], mirror: { to: "a/x", share: 0.1 } }, [/only target/]],
  ])("%s", (_, over, expected) => {
    const found = problems(over);
    expect(found).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(found[at]).toMatch(pattern);
  });
});
