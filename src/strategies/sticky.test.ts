import { expect, test } from "bun:test";
import { seededRandom } from "../quality/seeded.ts";
import { BoundedMemory } from "./bounded-memory.ts";
import { isMirrored } from "./mirror.ts";
import { distance } from "./rendezvous.ts";
import { Sticky } from "./sticky.ts";
import { askedOf, decided, optionsOf, reportOf, sharesOf } from "./testing.ts";

const KEYS = 10_000;
const keyed = (at: number) => askedOf({ conversation: `thread ${at}` });

test("a conversation's requests all go to one option, and conversations spread by weight", () => {
  const options = optionsOf([
    ["a", 2],
    ["b", 1],
    ["c", 1],
    ["d", 0],
  ]);
  const sticky = new Sticky(seededRandom(1));
  const shares = sharesOf(sticky, options, KEYS, keyed);
  expect(shares.a).toBeWithin(0.48, 0.52);
  expect(shares.b).toBeWithin(0.23, 0.27);
  expect(shares.c).toBeWithin(0.23, 0.27);
  expect(shares.d).toBe(0);
  const other = new Sticky(seededRandom(99));
  for (let at = 0; at < 100; at++)
    expect(decided(other, options, keyed(at))).toBe(decided(sticky, options, keyed(at)));
});

test("when an option is out, its conversations alone move, and stay where they then were served", () => {
  const all = optionsOf(["a", "b", "c"]);
  const without = all.filter(({ name }) => name !== "b");
  const sticky = new Sticky();
  let moved = 0;
  for (let at = 0; at < 2_000; at++) {
    const before = decided(sticky, all, keyed(at));
    sticky.observe(before, reportOf({ conversation: `thread ${at}` }));
    const during = decided(sticky, without, keyed(at));
    if (before !== "b") expect(during).toBe(before);
    else {
      moved++;
      sticky.observe(during, reportOf({ conversation: `thread ${at}` }));
      expect(decided(sticky, all, keyed(at))).toBe(during);
    }
  }
  expect(moved).toBeWithin(600, 740);
});

test("a failed answer binds nobody, and after an hour the hash decides again", () => {
  const options = optionsOf(["a", "b"]);
  const sticky = new Sticky();
  const asked = askedOf({ conversation: "x", now: 1_000 });
  const [one, other] = decided(sticky, options, asked) === "a" ? ["a", "b"] : ["b", "a"];
  sticky.observe(other!, reportOf({ conversation: "x", failed: true, now: 1_000 }));
  expect(decided(sticky, options, asked)).toBe(one!);
  sticky.observe(other!, reportOf({ conversation: "x", now: 1_000 }));
  expect(decided(sticky, options, asked)).toBe(other!);
  expect(decided(sticky, options, { ...asked, now: 3_700_000 })).toBe(one!);
});

test("requests of no conversation are spread", () => {
  const shares = sharesOf(new Sticky(seededRandom(2)), optionsOf(["a", "b"]), 4_000);
  expect(shares.a).toBeWithin(0.47, 0.53);
});

test("an option more takes its share alone", () => {
  let moved = 0;
  const nearest = (key: string, names: readonly string[]) =>
    names.reduce((best, name) => (distance(key, name, 1) < distance(key, best, 1) ? name : best));
  for (let at = 0; at < KEYS; at++) {
    const before = nearest(`k${at}`, ["a", "b", "c"]);
    const after = nearest(`k${at}`, ["a", "b", "c", "d"]);
    if (after === before) continue;
    expect(after).toBe("d");
    moved++;
  }
  expect(moved / KEYS).toBeWithin(0.23, 0.27);
});

test("a memory holds no more than it may, after a million keys, and forgets the longest unused", () => {
  const memory = new BoundedMemory<number>(1_000, 50);
  for (let at = 0; at < 1_000_000; at++) {
    memory.set(`k${at}`, at, 0);
    if (at % 100 === 0) memory.set("kept", at, 0);
  }
  expect(memory.size).toBeWithin(500, 1_001);
  expect(memory.get("kept", 0)).toBe(999_900);
  expect(memory.get("k0", 0)).toBeNull();
  expect(memory.get("k999999", 50)).toBe(999_999);
  expect(memory.get("k999998", 51)).toBeNull();
  expect(memory.get("k999997", -1e12)).toBe(999_997);
});

test("a mirror takes its share of keys, always the same, and another mirror others", () => {
  const keys = Array.from({ length: KEYS }, (_, at) => `request ${at}`);
  const taken = keys.filter((key) => isMirrored({ to: "a/b", share: 0.1 }, key));
  expect(taken.length / KEYS).toBeWithin(0.09, 0.11);
  expect(keys.filter((key) => isMirrored({ to: "a/b", share: 0.1 }, key))).toEqual(taken);
  const other = taken.filter((key) => isMirrored({ to: "a/c", share: 0.1 }, key));
  expect(other.length / taken.length).toBeWithin(0.06, 0.14);
  expect(keys.some((key) => isMirrored({ to: "a/b", share: 0 }, key))).toBe(false);
  expect(keys.every((key) => isMirrored({ to: "a/b", share: 1 }, key))).toBe(true);
});
