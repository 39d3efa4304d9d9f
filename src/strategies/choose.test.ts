import { describe, expect, test } from "bun:test";
import { seededRandom } from "../quality/seeded.ts";
import { UNKNOWN_FACTS } from "./abilities.ts";
import { type Choice, type Circumstances, choose, type Member, type Route } from "./choose.ts";
import { Cost } from "./cost.ts";
import { Latency } from "./latency.ts";
import { Learn } from "./learn.ts";
import { Quality } from "./quality.ts";
import { Sticky } from "./sticky.ts";
import { FIRST, type Strategy } from "./strategy.ts";
import { askedOf, reportOf, targetOf } from "./testing.ts";
import { Weighted } from "./weighted.ts";

const HERE: Circumstances = { until: () => 0, stay: null };
const to = (...names: string[]): Member[] => names.map((name) => ({ weight: 1, to: targetOf(name) }));
const routeOf = (name: string, strategy: Strategy, members: Member[]): Route => ({ name, strategy, members });
const names = ({ targets }: Choice) => targets.map(({ target }) => target.name);
/** What the strategies are told that they took. */
const took = ({ taken }: Choice) => taken.map(({ ranking }) => ranking.order[0]!.name);
const outFor = (times: Record<string, number>): Circumstances => ({
  until: (target) => times[target] ?? 0,
  stay: null,
});

describe("a choice", () => {
  test("passes over what cannot serve the request, and says why", () => {
    const blind = targetOf("a/blind", { facts: { ...UNKNOWN_FACTS, image: false } });
    const route = routeOf("r", FIRST, [{ weight: 1, to: blind }, ...to("b/sees")]);
    const asked = askedOf({ needs: { ...askedOf().needs, media: ["image"] } });
    const choice = choose(route, asked, HERE);
    expect(names(choice)).toEqual(["b/sees"]);
    expect(choice.explanation).toEqual({
      route: "r",
      strategy: "first",
      candidates: [
        { target: "b/sees", reason: "the first of the list that can serve" },
        { target: "a/blind", reason: "the model takes no images" },
      ],
    });
    expect(names(choose(route, askedOf(), HERE))).toEqual(["a/blind", "b/sees"]);
  });

  test("tries all where by what is known none can serve", () => {
    const short = (name: string) => ({
      weight: 1,
      to: targetOf(name, { facts: { ...UNKNOWN_FACTS, contextWindow: 100 } }),
    });
    expect(names(choose(routeOf("r", FIRST, [short("a/x"), short("b/y")]), askedOf(), HERE))).toEqual([
      "a/x",
      "b/y",
    ]);
  });

  test("puts what is out last, the one that is back soonest first, also when all are", () => {
    const route = routeOf("r", FIRST, to("a", "b", "c"));
    const asked = askedOf({ now: 1_000 });
    const choice = choose(route, asked, outFor({ a: 9_000, c: 1_000 }));
    expect(names(choice)).toEqual(["b", "c", "a"]);
    expect(choice.explanation.candidates.at(-1)).toEqual({ target: "a", reason: "out for another 8 s" });
    const all = choose(route, asked, outFor({ a: 9_000, b: 3_000, c: 5_000 }));
    expect(names(all)).toEqual(["b", "c", "a"]);
    expect(all.explanation.candidates).toHaveLength(3);
  });

  test("keeps a conversation at its target, and decides nothing else, unless that one is out", () => {
    const route = routeOf("r", FIRST, to("a", "b", "c"));
    const stays = choose(route, askedOf(), { ...HERE, stay: "c" });
    expect(names(stays)).toEqual(["c", "a", "b"]);
    expect(stays.explanation.candidates[0]).toEqual({
      target: "c",
      reason: "the conversation stays with its model",
    });
    expect(stays.explanation.candidates).toHaveLength(3);
    expect(took(stays)).toEqual([]);
    expect(names(choose(route, askedOf({ now: 1 }), { ...outFor({ c: 5 }), stay: "c" }))).toEqual([
      "a",
      "b",
      "c",
    ]);
    const gone = choose(route, askedOf(), { ...HERE, stay: "gone" });
    expect(names(gone)).toEqual(["a", "b", "c"]);
    expect(took(gone)).toEqual(["a"]);
  });

  test("of routes within routes asks each, tells those that decided, and names the arms", () => {
    const strong = routeOf("strong", { ...FIRST }, to("a", "b"));
    const weak = routeOf("weak", { ...FIRST }, to("c", "a"));
    const quality = new Quality({ thresholds: [0.7], before: (share) => 1 - share });
    const route = routeOf("auto", quality, [
      { weight: 1, to: strong },
      { weight: 1, to: weak },
    ]);
    const choice = choose(route, askedOf({ score: () => 0.2 }), HERE);
    expect(names(choice)).toEqual(["c", "a", "b"]);
    expect(choice.targets[0]!.arms.map(({ option }) => option)).toEqual(["weak", "c"]);
    expect(choice.targets[2]!.arms.map(({ option }) => option)).toEqual(["strong", "b"]);
    expect(choice.taken.map(({ strategy }) => strategy)).toEqual([quality, weak.strategy]);
    expect(took(choice)).toEqual(["weak", "c"]);
    expect(choice.explanation).toMatchObject({
      route: "auto",
      strategy: "quality",
      score: 0.2,
      threshold: 0.7,
      candidates: [{ target: "weak" }, { target: "strong" }],
      within: { route: "weak", strategy: "first", candidates: [{ target: "c" }, { target: "a" }] },
    });
    const without = choose(route, askedOf({ now: 1, score: () => 0.2 }), outFor({ c: 9, a: 8 }));
    expect(names(without)).toEqual(["b", "a", "c"]);
    expect(without.explanation.candidates.at(-1)!.reason).toBe("none of its targets can serve now");
  });

  test("asks a route once that is reached on a million ways", () => {
    let asked = 0;
    const counted: Strategy = {
      name: "first",
      order: (options, request) => {
        asked++;
        return FIRST.order(options, request);
      },
    };
    let route = routeOf("r0", counted, to("a", "b"));
    for (let at = 1; at <= 20; at++) {
      const ways = ["left", "right"].map((side) => ({
        weight: 1,
        to: routeOf(`${side} ${at}`, counted, [{ weight: 1, to: route }]),
      }));
      route = routeOf(`r${at}`, counted, ways);
    }
    expect(names(choose(route, askedOf(), HERE))).toEqual(["a", "b"]);
    expect(asked).toBe(61);
    expect(names(choose(route, askedOf({ now: 1 }), outFor({ a: 3, b: 2 })))).toEqual(["b", "a"]);
  });

  test("of a single target is made without a look at the request", () => {
    const unread = {
      ...askedOf(),
      get needs(): never {
        throw new Error("The request was read.");
      },
    };
    const blind = targetOf("a", { facts: { ...UNKNOWN_FACTS, image: false } });
    const inner = routeOf("inner", FIRST, [{ weight: 1, to: blind }]);
    expect(names(choose(routeOf("r", FIRST, [{ weight: 1, to: inner }]), unread, HERE))).toEqual(["a"]);
    expect(() => choose(routeOf("r", FIRST, to("a", "b")), unread, HERE)).toThrow();
  });

  test("of a route without members is empty", () => {
    expect(choose(routeOf("r", FIRST, []), askedOf(), HERE).targets).toEqual([]);
  });
});

const STRATEGIES: [string, () => Strategy][] = [
  ["first", () => FIRST],
  ["weighted", () => new Weighted(seededRandom(1))],
  ["latency", () => new Latency(seededRandom(2))],
  ["cost", () => new Cost()],
  ["sticky", () => new Sticky(seededRandom(3))],
  ["quality", () => new Quality({ strongShare: 0.3, before: (share) => 1 - share })],
  ["learn", () => new Learn(undefined, seededRandom(4))],
];

describe.each(STRATEGIES)("the strategy %s", (_, make) => {
  test("never chooses one that is out while another lives, whatever is told of them", () => {
    const random = seededRandom(9);
    const strategy = make();
    const all = ["a", "b", "c", "d"];
    const route = routeOf("r", strategy, to(...all));
    for (let now = 1; now < 2_000; now++) {
      const times = Object.fromEntries(all.map((name) => [name, random() < 0.5 ? now + 10 : 0]));
      const conversation = random() < 0.5 ? `c${Math.floor(random() * 50)}` : null;
      const choice = choose(route, askedOf({ now, conversation, score: random }), outFor(times));
      expect(names(choice).toSorted()).toEqual(all);
      const first = choice.targets[0]!;
      const living = all.filter((name) => times[name] === 0);
      if (living.length > 0) expect(living).toContain(first.target.name);
      for (const { strategy: told, option } of first.arms)
        told.observe?.(
          option,
          reportOf({ now, conversation, failed: random() < 0.2, firstTokenMs: random() * 500 }),
        );
    }
  });

  test("orders 1,000 targets in milliseconds, and explains few of them", () => {
    const route = routeOf("r", make(), to(...Array.from({ length: 1_000 }, (_, at) => `p/${at}`)));
    const begun = performance.now();
    let choice = choose(route, askedOf(), HERE);
    for (let at = 0; at < 20; at++) choice = choose(route, askedOf({ conversation: `c${at}` }), HERE);
    expect((performance.now() - begun) / 21).toBeLessThan(20);
    expect(new Set(names(choice)).size).toBe(1_000);
    expect(choice.explanation.candidates).toHaveLength(20);
  });

  test("serves with a single target, and with clocks that jump", () => {
    const route = routeOf("r", make(), to("only"));
    for (const now of [0, 1e15, -1e15, Number.NaN, 5])
      expect(names(choose(route, askedOf({ now, conversation: "c" }), HERE))).toEqual(["only"]);
  });

  test("is told of a million conversations and keeps no more than it may", () => {
    const strategy = make();
    const before = process.memoryUsage().heapUsed;
    for (let at = 0; at < 1_000_000; at++)
      strategy.observe?.("a", reportOf({ conversation: `conversation ${at}`, kind: `kind ${at}` }));
    Bun.gc(true);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(80_000_000);
  });
});
