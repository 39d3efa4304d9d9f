import type { RetryConfig } from "../config/schema.ts";
import type { HeaderList } from "./http/headers.ts";

/**
 * Milliseconds before retry number `retry` (1 is the first): full jitter, that is a random point below a bound that grows
 * by the multiplier, or what the upstream asked for. Null when it asked for more than `max_delay_ms`.
 */
export function retryDelay(
  settings: RetryConfig,
  retry: number,
  asked: number | null,
  random = Math.random,
): number | null {
  if (asked !== null) return asked <= settings.max_delay_ms ? asked : null;
  const bound = Math.min(
    settings.max_delay_ms,
    settings.base_delay_ms * settings.backoff_multiplier ** (retry - 1),
  );
  return random() * bound;
}

/** Milliseconds that a response asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date; else null. */
export function askedDelay(headers: Pick<HeaderList, "get">, nowMs = Date.now()): number | null {
  const milliseconds = headers.get("retry-after-ms");
  if (milliseconds !== null && isDecimal(milliseconds)) return Number(milliseconds);
  const value = headers.get("retry-after");
  if (value === null) return null;
  if (isDecimal(value)) return Number(value) * 1000;
  // The parser takes much else for a date, as "-5" for a month; one of HTTP begins with the day of the week.
  const date = /^[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

function isDecimal(text: string): boolean {
  return /^\s*\d{1,9}(\.\d+)?\s*$/.test(text);
}
