import { describe, expect, test } from "bun:test";
import { HeaderList } from "./http/headers.ts";
import { exhaustedFor, retryDelayIn } from "./limit-times.ts";

const NOW = Date.UTC(2026, 10, 22, 12);

function waitFor(fields: Record<string, string>): number | null {
  const headers = new HeaderList();
  for (const [name, value] of Object.entries(fields)) headers.add(name, value);
  return exhaustedFor(headers, NOW);
}

describe("header fields that say a limit is used up", () => {
  test.each([
    [{ "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s" }, 1000],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s" }, 360_000],
    [{ "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "20ms" }, 20],
    [{ "x-ratelimit-remaining-tokens": "-3", "x-ratelimit-reset-tokens": "1h0m7.5s" }, 3_607_500],
    [
      {
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "2026-11-22T12:00:30Z",
      },
      30_000,
    ],
    [{ "ratelimit-remaining": "0", "ratelimit-reset": "42" }, 42_000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW + 5000) }, 5000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1000 + 9) }, 9000],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW - 5000) }, 0],
    [
      {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "3s",
      },
      3000,
    ],
  ])("%j: for %d ms", (fields, expected) => {
    expect(waitFor(fields)).toBe(expected);
  });

  test.each([
    [{}],
    [{ "x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1s" }],
    [{ "x-ratelimit-remaining-requests": "0" }],
    [{ "x-ratelimit-remaining-requests": "", "x-ratelimit-reset-requests": "1s" }],
    [{ "x-ratelimit-remaining-requests": "none", "x-ratelimit-reset-requests": "1s" }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon" }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5" }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1m x" }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "9".repeat(10_000) }],
    [{ "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-99-99T99:99:99Z" }],
  ])("%j say nothing", (fields: Record<string, string>) => {
    expect(waitFor(fields)).toBeNull();
  });
});

describe("Gemini's body", () => {
  const withDelay = (retryDelay: unknown) => ({
    error: {
      code: 429,
      status: "RESOURCE_EXHAUSTED",
      details: [
        { "@type": "type.googleapis.com/google.rpc.Help" },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay },
      ],
    },
  });

  test("tells the delay, also in an array", () => {
    expect(retryDelayIn(withDelay("34s"))).toBe(34_000);
    expect(retryDelayIn([withDelay("34.074824224s")])).toBeCloseTo(34_074.82, 1);
  });

  test.each([
    [null],
    ["x"],
    [[]],
    [{ error: "x" }],
    [{ error: { details: [null, 3] } }],
    [withDelay(3)],
    [withDelay("x")],
  ])("%j tells none", (body) => {
    expect(retryDelayIn(body)).toBeNull();
  });
});
