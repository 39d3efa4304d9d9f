import { describe, expect, test } from "bun:test";
import { Pace } from "./pace.ts";

/** A pace after so many requests a second, told in pieces of 40 ms over a second from `start` on. */
function after(perSecond: number, start = 1_000_000): { pace: Pace; now: number } {
  const pace = new Pace();
  pace.note(0, start);
  let now = start;
  for (; now < start + 1000; now += 40) pace.note(perSecond / 25, now);
  return { pace, now };
}

describe("the pace of recording", () => {
  test("is free under light traffic", () => {
    const { pace, now } = after(2_000);
    expect(pace.isHeavy(now)).toBeFalse();
    for (let n = 0; n < 100; n++) expect(pace.delay(256, now)).toBe(0);
  });

  test("is three hundred a second under heavy traffic, whatever its size", () => {
    for (const rate of [5_000, 15_000, 100_000]) {
      const { pace, now: start } = after(rate);
      let now = start;
      let stored = 0;
      while (now < start + 1000) {
        expect(pace.isHeavy(now)).toBeTrue();
        const wait = pace.delay(20, now);
        pace.note((rate * wait) / 1000, now);
        now += wait;
        stored += 20;
      }
      expect(stored).toBeWithin(280, 360);
    }
  });

  test("is free again a moment after the traffic has calmed", () => {
    const { pace, now } = after(15_000);
    pace.delay(256, now);
    expect(pace.delay(256, now + 1_100)).toBe(0);
    expect(pace.isHeavy(now + 1_100)).toBeFalse();
  });

  test("is not slowed by one burst that is soon over", () => {
    const pace = new Pace();
    pace.note(0, 0);
    pace.note(500, 10);
    expect(pace.isHeavy(10)).toBeFalse();
    expect(pace.delay(256, 10)).toBe(0);
  });
});
