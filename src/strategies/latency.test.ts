import { describe, expect, test } from "bun:test";
import { seededRandom } from "../quality/seeded.ts";
import { Latency } from "./latency.ts";
import { askedOf, decided, optionsOf, reportOf } from "./testing.ts";

/** Requests one after the other, each answered before the next: who served them. */
function served(
  latency: Latency,
  options: ReturnType<typeof optionsOf>,
  requests: number,
  begin: number,
  timeOf: (name: string, at: number) => number | "failed",
  gap = 100,
): string[] {
  return Array.from({ length: requests }, (_, at) => {
    const now = begin + at * gap;
    const name = decided(latency, options, askedOf({ now }));
    const time = timeOf(name, at);
    const firstTokenMs = time === "failed" ? null : time;
    latency.left(name, now + 1);
    latency.observe(name, reportOf({ now: now + 1, firstTokenMs, failed: time === "failed" }));
    return name;
  });
}

const countOf = (names: readonly string[], name: string) => names.filter((one) => one === name).length;

describe("latency", () => {
  test("tries each once, then never chooses the slowest, and uses all others that are alike", () => {
    const latency = new Latency(seededRandom(1));
    const options = optionsOf(["slow", "a", "b", "c"]);
    const random = seededRandom(2);
    const names = served(
      latency,
      options,
      4_000,
      0,
      (name) => (name === "slow" ? 900 : 90 + 20 * random()),
      1,
    );
    expect(new Set(names.slice(0, 4))).toEqual(new Set(["slow", "a", "b", "c"]));
    expect(countOf(names, "slow")).toBe(1);
    for (const name of ["a", "b", "c"]) expect(countOf(names, name)).toBeGreaterThan(40);
  });

  test("leaves one that becomes slow within 20 requests, and comes back when it is fast again", () => {
    for (const slow of [200, 1_000, 30_000]) {
      const latency = new Latency(seededRandom(3));
      const options = optionsOf(["a", "b"]);
      const time = (name: string) => (name === "a" ? 80 : 120);
      served(latency, options, 50, 0, time);
      const left = served(latency, options, 100, 5_000, (name) => (name === "a" ? slow : 120));
      expect(left.slice(20)).not.toContain("a");
      // Asked again now and then, by few.
      const rest = served(latency, options, 400, 15_000, (name) => (name === "a" ? slow : 120));
      expect(countOf(rest, "a")).toBeWithin(1, 6);
      const back = served(latency, options, 300, 55_000, time);
      expect(countOf(back.slice(150), "a")).toBeGreaterThan(140);
    }
  });

  test("leaves one that fails, and comes back to it", () => {
    const latency = new Latency(seededRandom(4));
    const options = optionsOf(["a", "b"]);
    served(latency, options, 50, 0, (name) => (name === "a" ? 80 : 120));
    const failing = served(latency, options, 100, 5_000, (name) => (name === "a" ? "failed" : 120));
    expect(countOf(failing, "a")).toBeLessThan(5);
    const back = served(latency, options, 300, 30_000, (name) => (name === "a" ? 80 : 120));
    expect(countOf(back.slice(200), "b")).toBeLessThan(3);
  });

  test("leaves one that hangs before anything has timed out", () => {
    const latency = new Latency(seededRandom(5));
    const options = optionsOf(["a", "b"]);
    served(latency, options, 50, 0, (name) => (name === "a" ? 80 : 120));
    // Nothing is answered any more by `a`.
    const names = Array.from({ length: 100 }, (_, at) => {
      const now = 6_000 + at * 20;
      const name = decided(latency, options, askedOf({ now }));
      if (name === "b") {
        latency.left("b", now);
        latency.observe("b", reportOf({ now, firstTokenMs: 120 }));
      }
      return name;
    });
    expect(names.slice(20)).not.toContain("a");
  });

  test("holds nothing against one whose requests went elsewhere after all, or failed at another before", () => {
    const latency = new Latency(seededRandom(5));
    const options = optionsOf(["a", "b"]);
    served(latency, options, 50, 0, (name) => (name === "a" ? 80 : 120));
    for (let at = 0; at < 20; at++) latency.left(decided(latency, options, askedOf({ now: 5_000 })), 5_000);
    // Asked in the place of another: it was not told of it before.
    latency.observe("a", reportOf({ now: 5_000, firstTokenMs: 80 }));
    const after = served(latency, options, 100, 60_000, (name) => (name === "a" ? 80 : 120));
    expect(countOf(after, "a")).toBeGreaterThan(60);
  });

  test("leaves all that are slow, also when they are more than one", () => {
    const latency = new Latency(seededRandom(9));
    const options = optionsOf(["a", "b", "c", "d"]);
    served(latency, options, 50, 0, () => 100);
    const names = served(latency, options, 100, 5_000, (name) => (name === "a" ? 100 : 2_000));
    expect(countOf(names.slice(20), "a")).toBeGreaterThan(76);
  });

  test("of a burst before the first answers, tries each", () => {
    const latency = new Latency(seededRandom(6));
    const names = Array.from({ length: 30 }, () => decided(latency, optionsOf(["a", "b", "c"]), askedOf()));
    for (const name of ["a", "b", "c"]) expect(countOf(names, name)).toBeGreaterThan(5);
  });

  test("asks rarely used ones again by one request in 20 at most", () => {
    const latency = new Latency(seededRandom(7));
    const options = optionsOf(["a", "b", "c"]);
    // A request a minute: each is a pause.
    const names = served(latency, options, 600, 0, (name) => (name === "a" ? 50 : 5_000), 60_000);
    expect(countOf(names, "a")).toBeGreaterThan(540);
  });

  test("is not led astray by a clock that jumps, times that are none, or answers of others", () => {
    const latency = new Latency(seededRandom(8));
    const options = optionsOf(["a", "b"]);
    served(latency, options, 20, 1e9, (name) => (name === "a" ? 80 : 120));
    for (const firstTokenMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, null])
      latency.observe("a", reportOf({ now: 1e9, firstTokenMs }));
    latency.observe("unknown", reportOf({ now: Number.NEGATIVE_INFINITY, firstTokenMs: 5 }));
    expect(
      countOf(
        served(latency, options, 100, 0, (name) => (name === "a" ? 80 : 120)),
        "a",
      ),
    ).toBeGreaterThan(90);
    expect(
      countOf(
        served(latency, options, 100, 1e15, (name) => (name === "a" ? 80 : 120)),
        "a",
      ),
    ).toBeGreaterThan(90);
    expect(decided(latency, optionsOf(["a"]), askedOf({ now: 2e15 }))).toBe("a");
  });
});
