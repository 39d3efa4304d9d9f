import { describe, expect, test } from "bun:test";
import { seededRandom } from "../quality/seeded.ts";
import { LEARN_DEFAULTS, Learn } from "./learn.ts";
import { askedOf, decided, optionsOf, reportOf } from "./testing.ts";

/** So many requests, each judged at once by chance: how often each option was chosen. */
function run(
  learn: Learn,
  names: readonly string[],
  requests: number,
  goodOf: (name: string) => number,
  seed: number,
  kind = "",
): Record<string, number> {
  const random = seededRandom(seed);
  const counts: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const options = optionsOf(names);
  for (let at = 0; at < requests; at++) {
    const name = decided(learn, options, askedOf({ kind }));
    learn.judge(name, kind, random() < goodOf(name) ? 1 : 0);
    counts[name]!++;
  }
  return counts;
}

const chances = (learn: Learn, names: readonly string[], kind = "") => {
  const { order, reason } = learn.order(optionsOf(names), askedOf({ kind }));
  return Object.fromEntries(
    order.map((option, at) => [option.name, Number(reason(option, at).replace(/.*chance /, ""))]),
  );
};

const of = (better: string) => (name: string) => (name === better ? 0.8 : 0.5);

describe("learn", () => {
  test("chooses all alike at first, and comes to the better one, leaving a share to the others", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(1));
    expect(chances(learn, ["a", "b"])).toEqual({ a: 0.5, b: 0.5 });
    run(learn, ["a", "b", "c"], 400, of("b"), 2);
    const late = run(learn, ["a", "b", "c"], 2_000, of("b"), 3);
    expect(late.b! / 2_000).toBeGreaterThan(0.8);
    for (const name of ["a", "c"])
      expect(late[name]!).toBeGreaterThan(2_000 * LEARN_DEFAULTS.minimumShare * 0.5);
  });

  test("follows when another becomes the better one", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(4));
    run(learn, ["a", "b"], 1_500, of("a"), 5);
    const after = run(learn, ["a", "b"], 300, of("b"), 6);
    const settled = run(learn, ["a", "b"], 1_000, of("b"), 7);
    expect(after.b).toBeGreaterThan(80);
    expect(settled.b).toBeGreaterThan(800);
  });

  test("learns kinds of requests by themselves, and only so many of them", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(8));
    run(learn, ["a", "b"], 600, of("a"), 9, "code");
    run(learn, ["a", "b"], 600, of("b"), 10, "letters");
    expect(run(learn, ["a", "b"], 500, of("a"), 11, "code").a).toBeGreaterThan(400);
    expect(run(learn, ["a", "b"], 500, of("b"), 12, "letters").b).toBeGreaterThan(400);
    for (let at = 0; at < 100_000; at++) learn.observe("a", reportOf({ kind: `kind ${at}` }));
    expect(decided(learn, optionsOf(["a"]), askedOf({ kind: "yet another" }))).toBe("a");
  });

  test("weighs cost and latency where answers are as good, also where nobody judges", () => {
    const weighed = (settings: object, report: (name: string) => object) => {
      const learn = new Learn({ ...LEARN_DEFAULTS, ...settings }, seededRandom(13));
      const options = optionsOf(["a", "b"]);
      for (let at = 0; at < 600; at++) {
        const name = decided(learn, options, askedOf());
        learn.observe(name, reportOf(report(name)));
        learn.judge(name, "", at % 2);
      }
      return chances(learn, ["a", "b"]).a!;
    };
    const dear = (name: string) => ({ cost: name === "a" ? 0.02 : 0.01 });
    const slow = (name: string) => ({ firstTokenMs: name === "a" ? 900 : 100 });
    expect(weighed({ cost: 0.5 }, dear)).toBeLessThan(0.1);
    expect(weighed({ latency: 0.5 }, slow)).toBeLessThan(0.1);
    expect(weighed({ cost: 0, latency: 0 }, dear)).toBeGreaterThan(0.1);
    const unjudged = new Learn({ ...LEARN_DEFAULTS, cost: 1 }, seededRandom(14));
    for (let at = 0; at < 200; at++) unjudged.observe(at % 2 ? "a" : "b", reportOf({ cost: at % 2 ? 5 : 1 }));
    expect(chances(unjudged, ["a", "b"]).b).toBeGreaterThan(0.9);
  });

  test("takes a failure for a bad answer", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(15));
    for (let at = 0; at < 100; at++) {
      learn.observe("a", reportOf({ failed: true }));
      learn.judge("b", "", at % 2);
    }
    expect(chances(learn, ["a", "b"]).a).toBeLessThan(0.05);
  });

  test("tells the probability of each decision, which add up to 1 and come true", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(16));
    run(learn, ["a", "b", "c"], 200, of("a"), 17);
    const known = chances(learn, ["a", "b", "c"]);
    expect(known.a! + known.b! + known.c!).toBeCloseTo(1, 2);
    const options = optionsOf(["a", "b", "c"]);
    const counts: Record<string, number> = { a: 0, b: 0, c: 0 };
    for (let at = 0; at < 20_000; at++) {
      const { order, probability } = learn.order(options, askedOf());
      counts[order[0]!.name]!++;
      expect(probability).toBeCloseTo(known[order[0]!.name]!, 3);
    }
    for (const name of ["a", "b", "c"]) expect(counts[name]! / 20_000).toBeCloseTo(known[name]!, 1);
    // With one out, the others' chances are of what is left.
    const left = learn.order(optionsOf(["b", "c"]), askedOf());
    expect(left.probability).toBeGreaterThan(0);
    const both = chances(learn, ["b", "c"]);
    expect(both.b! + both.c!).toBeCloseTo(1, 2);
  });

  test("gives a new target the share of one among all", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(18));
    run(learn, ["a", "b"], 300, of("a"), 19);
    expect(chances(learn, ["a", "b", "new"]).new).toBeCloseTo(1 / 3, 2);
  });

  test("passes over judgements and figures that are none, and lives with 1,000 options", () => {
    const learn = new Learn(LEARN_DEFAULTS, seededRandom(20));
    for (const value of [Number.NaN, -1, 2, Number.POSITIVE_INFINITY]) {
      learn.judge("a", "", value);
      learn.observe("a", reportOf({ cost: value === 2 ? -1 : value, firstTokenMs: Number.NaN }));
    }
    expect(chances(learn, ["a", "b"])).toEqual({ a: 0.5, b: 0.5 });
    const names = Array.from({ length: 1_000 }, (_, at) => `t${at}`);
    const begun = performance.now();
    const counts = run(learn, names, 2_000, of("t7"), 21);
    expect(performance.now() - begun).toBeLessThan(20_000);
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(2_000);
  });
});
