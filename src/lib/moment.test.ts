import { expect, test } from "bun:test";
import { parseDuration, parseMoment } from "./moment.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;

test.each([
  ["24h", NOW - 24 * HOUR],
  ["30m", NOW - HOUR / 2],
  ["7d", NOW - 7 * 24 * HOUR],
  ["2w", NOW - 14 * 24 * HOUR],
  ["0h", NOW],
  ["999999w", 0],
  ["2026-11-01", Date.UTC(2026, 10, 1)],
  ["2024-02-29", Date.UTC(2024, 1, 29)],
  ["2026-11-01T18:00:00Z", Date.UTC(2026, 10, 1, 18)],
  ["2026-11-01T18:00+02:00", Date.UTC(2026, 10, 1, 16)],
  ["2026-11-01T18:00:00.123Z", Date.UTC(2026, 10, 1, 18, 0, 0, 123)],
  ["1795000000000", 1_795_000_000_000],
])("%s is a moment", (text, expected) => {
  expect(parseMoment(text, NOW)).toBe(expected);
});

test.each([
  "",
  "h",
  "24",
  "-1h",
  "24 h",
  "1y",
  "2026-02-30",
  "2026-13-01",
  "2026-11-01T25:00Z",
  "2026-11-01T18:00",
  "999999999999999",
  "yesterday",
])("%j is none", (text) => {
  expect(parseMoment(text, NOW)).toBeNull();
});

test("a length of time is a number and its unit", () => {
  expect([parseDuration("5m"), parseDuration("1d"), parseDuration("5"), parseDuration("5s")]).toEqual([
    300_000,
    86_400_000,
    null,
    null,
  ]);
});
