import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { HeaderList } from "./http/headers.ts";
import { askedDelay, retryDelay } from "./retry-delay.ts";

const SETTINGS = { max_attempts: 5, base_delay_ms: 100, max_delay_ms: 1000, backoff_multiplier: 2 };

describe("the wait before a retry", () => {
  test("is anything below a bound that grows up to its limit", () => {
    expect([1, 2, 3, 4, 5, 50].map((retry) => retryDelay(SETTINGS, retry, null, () => 1))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
    expect(retryDelay(SETTINGS, 3, null, () => 0)).toBe(0);
    expect(retryDelay(SETTINGS, 3, null, () => 0.5)).toBe(200);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), (retry) => {
        const delay = retryDelay(SETTINGS, retry, null)!;
        expect(delay >= 0 && delay <= 1000).toBeTrue();
      }),
    );
  });

  test("is what the upstream asked for, unless that is longer than any wait may be", () => {
    expect([0, 1, 1000].map((asked) => retryDelay(SETTINGS, 1, asked))).toEqual([0, 1, 1000]);
    expect(retryDelay(SETTINGS, 1, 1001)).toBeNull();
  });
});

describe("the wait that a response asks for", () => {
  const NOW = Date.parse("2026-11-22T10:00:00Z");
  const asked = (...fields: [string, string][]) => {
    const headers = new HeaderList();
    for (const [name, value] of fields) headers.add(name, value);
    return askedDelay(headers, NOW);
  };

  test.each([
    ["5", 5000],
    ["0", 0],
    ["1.5", 1500],
    [" 2 ", 2000],
    ["Sun, 22 Nov 2026 10:00:10 GMT", 10_000],
    ["Sunday, 22-Nov-26 10:00:10 GMT", 10_000],
    ["Sun Nov 22 10:00:10 2026 GMT", 10_000],
    ["Sun, 22 Nov 2026 09:00:00 GMT", 0],
    ["-5", null],
    ["5 seconds", null],
    ["1, 2", null],
    ["", null],
    ["soon", null],
    ["1e3", null],
    ["99999999999", null],
    ["2026-11-22T10:00:10Z", null],
  ])("of Retry-After: %j is %p", (value, expected) => {
    expect(asked(["retry-after", value])).toBe(expected);
  });

  test("is that of retry-after-ms where both are there and it is valid", () => {
    expect(asked(["retry-after", "5"], ["retry-after-ms", "250"])).toBe(250);
    expect(asked(["retry-after", "5"], ["retry-after-ms", "soon"])).toBe(5000);
    expect(asked()).toBeNull();
  });
});
