import { compactHistograms, histogramMark, readHistograms } from "./histograms.ts";
import type { StatisticsOrder, StatisticsRow } from "./record-store.ts";

/** What one request adds to statistics. Absent counts are 0. */
export interface RecordFigures {
  /** 1 where it is a failure, as a database tells it. */
  readonly failed: boolean | 0 | 1;
  readonly inputTokens: number | null;
  readonly cachedInputTokens: number | null;
  readonly cacheWriteInputTokens: number | null;
  readonly outputTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly costUsd: number | null;
  readonly durationMs: number;
  readonly firstTokenMs: number | null;
}

/** Sums of requests that were made before. */
export interface RecordSums {
  readonly requests: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly cacheWriteInputTokens: number;
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly costUsd: number;
  readonly unpriced: number;
  readonly histograms: string;
}

/** From this length on histograms are made short, so that a million requests take no more than a few kilobytes. */
const LONG = 65_536;

/** Sums and histograms of any number of requests. */
export class RecordTotals {
  requests = 0;
  failures = 0;
  inputTokens = 0;
  cachedInputTokens = 0;
  cacheWriteInputTokens = 0;
  outputTokens = 0;
  reasoningTokens = 0;
  costUsd = 0;
  unpriced = 0;
  histograms = "";
  /** Bounds by which those are passed over in which no request can have cost or lasted more. */
  highestCostUsd = 0;
  longestMs = 0;

  count(figures: RecordFigures): void {
    this.requests++;
    if (figures.failed) this.failures++;
    this.inputTokens += figures.inputTokens ?? 0;
    this.cachedInputTokens += figures.cachedInputTokens ?? 0;
    this.cacheWriteInputTokens += figures.cacheWriteInputTokens ?? 0;
    this.outputTokens += figures.outputTokens ?? 0;
    this.reasoningTokens += figures.reasoningTokens ?? 0;
    if (figures.costUsd === null) this.unpriced++;
    else {
      this.costUsd += figures.costUsd;
      if (figures.costUsd > this.highestCostUsd) this.highestCostUsd = figures.costUsd;
    }
    if (figures.durationMs > this.longestMs) this.longestMs = figures.durationMs;
    this.#append(marksOf(figures));
  }

  merge(sums: RecordSums, failures: number): void {
    this.requests += sums.requests;
    this.failures += failures;
    this.inputTokens += sums.inputTokens;
    this.cachedInputTokens += sums.cachedInputTokens;
    this.cacheWriteInputTokens += sums.cacheWriteInputTokens;
    this.outputTokens += sums.outputTokens;
    this.reasoningTokens += sums.reasoningTokens;
    this.costUsd += sums.costUsd;
    this.unpriced += sums.unpriced;
    this.#append(sums.histograms);
  }

  /** What groups are ordered by. */
  weight(order: StatisticsOrder): number {
    switch (order) {
      case "requests":
        return this.requests;
      case "failures":
        return this.failures;
      case "tokens":
        return this.inputTokens + this.outputTokens;
      case "cost":
        return this.costUsd;
    }
  }

  row(group: StatisticsRow["group"], start: number | null): StatisticsRow {
    return {
      group,
      start,
      requests: this.requests,
      failures: this.failures,
      inputTokens: this.inputTokens,
      cachedInputTokens: this.cachedInputTokens,
      cacheWriteInputTokens: this.cacheWriteInputTokens,
      outputTokens: this.outputTokens,
      reasoningTokens: this.reasoningTokens,
      costUsd: this.costUsd,
      unpriced: this.unpriced,
      ...readHistograms(this.histograms),
    };
  }

  #append(histograms: string): void {
    this.histograms += histograms;
    if (this.histograms.length > LONG) this.histograms = compactHistograms(this.histograms);
  }
}

function marksOf({ durationMs, firstTokenMs, outputTokens }: RecordFigures): string {
  let marks = histogramMark("duration", durationMs);
  if (firstTokenMs === null) return marks;
  marks += histogramMark("firstToken", firstTokenMs);
  const streamedMs = durationMs - firstTokenMs;
  if (outputTokens !== null && outputTokens > 0 && streamedMs > 0)
    marks += histogramMark("tokensPerSecond", (outputTokens * 1000) / streamedMs);
  return marks;
}
