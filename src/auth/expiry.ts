const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
/** The latest moment that dates can be written for without surprises. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * The moment (Unix milliseconds) that a text such as `30d`, `12h`, `45m`, `2w`, `2026-12-31` or
 * `2026-12-31T18:00:00Z` means. A day alone is meant to its end, in UTC. Null when it is not understood or not in the
 * future.
 */
export function parseExpiry(text: string, nowMs: number): number | null {
  const expiresAt = fromDuration(text, nowMs) ?? fromDay(text) ?? fromTimestamp(text);
  return expiresAt !== null && expiresAt > nowMs && expiresAt <= LATEST ? expiresAt : null;
}

function fromDuration(text: string, nowMs: number): number | null {
  const [, count, unit] = /^(\d{1,9})([mhdw])$/.exec(text) ?? [];
  return count && unit ? nowMs + Number(count) * UNITS[unit]! : null;
}

function fromDay(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const start = Date.parse(`${text}T00:00:00Z`);
  // The 30th of February is read as the 2nd of March.
  if (Number.isNaN(start) || !new Date(start).toISOString().startsWith(text)) return null;
  return start + UNITS.d!;
}

function fromTimestamp(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
