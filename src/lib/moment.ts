const UNITS: Readonly<Record<string, number>> = {
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** The range of dates that can be written as ISO text of the usual length. */
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** What `parseMoment` understands, for messages and descriptions. */
export const MOMENT_FORMS =
  "24h, 30m, 7d or 2w ago, a day such as 2026-11-01 (its beginning, UTC), a moment such as 2026-11-01T18:00:00Z, or Unix milliseconds";

/** The moment in the past (Unix milliseconds) that a text means, in one of `MOMENT_FORMS`. Null when it is none of them. */
export function parseMoment(text: string, nowMs: number): number | null {
  const moment = ago(text, nowMs) ?? unixMs(text) ?? day(text) ?? timestamp(text);
  return moment !== null && moment >= 0 && moment <= LATEST ? moment : null;
}

/** Milliseconds of a text such as `5m`, `1h` or `7d`; null when it is no length of time. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = /^(\d{1,6})([mhdw])$/.exec(text) ?? [];
  return count && unit ? Number(count) * UNITS[unit]! : null;
}

function ago(text: string, nowMs: number): number | null {
  const duration = parseDuration(text);
  return duration === null ? null : Math.max(0, nowMs - duration);
}

function unixMs(text: string): number | null {
  return /^\d{10,15}$/.test(text) ? Number(text) : null;
}

function day(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return null;
  const start = Date.parse(`${text}T00:00:00Z`);
  // The 30th of February is read as the 2nd of March.
  return !Number.isNaN(start) && new Date(start).toISOString().startsWith(text) ? start : null;
}

function timestamp(text: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)) return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : time;
}
