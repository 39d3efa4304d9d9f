import { expect, test } from "bun:test";
import { parseExpiry } from "./expiry.ts";

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;

test.each([
  ["30d", NOW + 30 * 24 * HOUR],
  ["12h", NOW + 12 * HOUR],
  ["45m", NOW + 0.75 * HOUR],
  ["2w", NOW + 14 * 24 * HOUR],
  ["2026-12-31", Date.UTC(2027, 0, 1)],
  ["2026-11-22", Date.UTC(2026, 10, 23)],
  ["2028-02-29", Date.UTC(2028, 2, 1)],
  ["2026-12-31T18:00Z", Date.UTC(2026, 11, 31, 18)],
  ["2026-12-31T18:00:00.5+02:00", Date.UTC(2026, 11, 31, 16, 0, 0, 500)],
])("%s is understood", (text, expected) => {
  expect(parseExpiry(text, NOW)).toBe(expected);
});

test.each([
  "",
  "0d",
  "-1d",
  "1.5h",
  "30",
  "30 d",
  "30D",
  "30s",
  "999999999w",
  "2026-11-21",
  "2026-11-22T11:59:59Z",
  "2027-02-29",
  "2027-13-01",
  "2027-1-1",
  "2027-01-01T10:00",
  "10000-01-01",
  "tomorrow",
  "never",
])("%j is refused", (text) => {
  expect(parseExpiry(text, NOW)).toBeNull();
});
