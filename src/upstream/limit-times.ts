import { arrayOf, isRecord, recordOf, stringOf } from "../exchange/read.ts";
import type { HeaderList } from "./http/headers.ts";

/** Fields that tell how much is left of a limit, and when it is whole again. */
const PAIRS: readonly (readonly [left: string, reset: string])[] = [
  // OpenAI and Groq: "6m0s", "20ms".
  ["x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"],
  ["x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"],
  // Cerebras: seconds.
  ["x-ratelimit-remaining-requests-day", "x-ratelimit-reset-requests-day"],
  ["x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"],
  // Anthropic's page "Rate limits": RFC 3339.
  ["anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"],
  ["anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"],
  ["anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"],
  ["anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"],
  // The IETF's draft, in seconds; OpenRouter: Unix milliseconds.
  ["ratelimit-remaining", "ratelimit-reset"],
  ["x-ratelimit-remaining", "x-ratelimit-reset"],
];

/** Milliseconds until the limits that are used up are back; null where none says that it is. */
export function exhaustedFor(headers: Pick<HeaderList, "get">, nowMs: number): number | null {
  let longest: number | null = null;
  for (const [left, reset] of PAIRS) {
    const remaining = headers.get(left);
    if (remaining === null || !/^\s*-?\d+(\.\d+)?\s*$/.test(remaining) || Number(remaining) > 0) continue;
    const wait = waitIn(headers.get(reset), nowMs);
    if (wait !== null && (longest === null || wait > longest)) longest = wait;
  }
  return longest;
}

/** Gemini tells it in the body: google.rpc.RetryInfo's `retryDelay`, as "34s" or "34.07s". */
export function retryDelayIn(body: unknown): number | null {
  const first = Array.isArray(body) ? body[0] : body;
  const error = isRecord(first) ? recordOf(first.error) : undefined;
  for (const detail of arrayOf(error?.details)) {
    const delay = isRecord(detail) ? stringOf(detail.retryDelay) : undefined;
    if (delay !== undefined) return durationOf(delay);
  }
  return null;
}

/** Numbers up to this are seconds from now; a day is longer than any limit that is waited for. */
const MAX_SECONDS = 86_400;
const UNIX_MILLISECONDS = 1e11;

function waitIn(text: string | null, nowMs: number): number | null {
  if (text === null || text.length > 64) return null;
  const number = /^\s*\d{1,15}(\.\d+)?\s*$/.test(text) ? Number(text) : null;
  if (number !== null) {
    if (number <= MAX_SECONDS) return number * 1000;
    return Math.max(0, (number >= UNIX_MILLISECONDS ? number : number * 1000) - nowMs);
  }
  const duration = durationOf(text);
  if (duration !== null) return duration;
  const date = /^\s*\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

const UNITS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** Milliseconds of "1h2m3s", "7.66s", "120ms"; null for anything else. */
function durationOf(text: string): number | null {
  if (!/^\s*(\d{1,9}(\.\d{1,9})?(ms|[dhms]))+\s*$/.test(text)) return null;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g))
    total += Number(amount) * UNITS[unit!]!;
  return total;
}
