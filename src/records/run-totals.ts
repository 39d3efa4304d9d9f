import type { Feedback } from "../storage/feedback-store.ts";
import type { RequestRecord } from "./record.ts";

/** Sums over requests: of one, of a part of a run, or of all of it. */
export interface RunTotals {
  /** Those that are recorded. */
  readonly requests: number;
  readonly failures: number;
  readonly costUsd: number;
  /** Requests whose cost is not known. */
  readonly unpriced: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  /** Requests whose tokens are not known. */
  readonly uncounted: number;
  /** Milliseconds that requests took, all added up: more than the time that passed where they ran side by side. */
  readonly requestMs: number;
  /** Unix milliseconds: the first beginning and the last end; null where nothing is recorded. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Judgements on the requests themselves, and of these the true and the false ones. */
  readonly feedback: number;
  readonly positive: number;
  readonly negative: number;
}

export type MutableTotals = { -readonly [Name in keyof RunTotals]: RunTotals[Name] };

export function noTotals(): MutableTotals {
  return {
    requests: 0,
    failures: 0,
    costUsd: 0,
    unpriced: 0,
    inputTokens: 0,
    cachedInputTokens: 0,
    cacheWriteInputTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    uncounted: 0,
    requestMs: 0,
    startedAt: null,
    endedAt: null,
    feedback: 0,
    positive: 0,
    negative: 0,
  };
}

/** What one request adds. `feedback` is on it alone. */
export function totalsOf(record: RequestRecord, feedback: readonly Feedback[]): MutableTotals {
  const { usage, cost } = record;
  return {
    requests: 1,
    failures: record.category === null ? 0 : 1,
    costUsd: cost?.usd ?? 0,
    unpriced: cost === null ? 1 : 0,
    inputTokens: usage?.input ?? 0,
    cachedInputTokens: usage?.cachedInput ?? 0,
    cacheWriteInputTokens: usage?.cacheWriteInput ?? 0,
    outputTokens: usage?.output ?? 0,
    reasoningTokens: usage?.reasoning ?? 0,
    uncounted: usage === null ? 1 : 0,
    requestMs: record.durationMs,
    startedAt: record.startedAt,
    endedAt: record.startedAt + record.durationMs,
    feedback: feedback.length,
    positive: feedback.filter(({ value }) => value === true).length,
    negative: feedback.filter(({ value }) => value === false).length,
  };
}

export function addTotals(to: MutableTotals, more: RunTotals): void {
  const startedAt = earlier(to.startedAt, more.startedAt);
  const endedAt = later(to.endedAt, more.endedAt);
  for (const name of Object.keys(more) as (keyof RunTotals)[]) to[name] = (to[name] ?? 0) + (more[name] ?? 0);
  to.startedAt = startedAt;
  to.endedAt = endedAt;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}
