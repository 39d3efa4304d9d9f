import type { Percentiles } from "./record-store.ts";

/** What is told of requests as percentiles: two in milliseconds, and output tokens a second. */
type Metric = "duration" | "firstToken" | "tokensPerSecond";

/**
 * Each bucket is a tenth wider than the one below it and stands for the value in its middle, so that a percentile is
 * at most 4.8 % off the value that it stands for. From 0.1, below which all counts as 0, to 41 days of milliseconds.
 */
const GROWTH = 1.1;
const SMALLEST = 0.1;
const BUCKETS = 256;
const LOG_GROWTH = Math.log(GROWTH);

/** The character of the first metric's first bucket; all of them are two bytes in UTF-8, and none is a digit. */
const FIRST_CHARACTER = 0x100;
const OFFSETS: Record<Metric, number> = { duration: 0, firstToken: BUCKETS, tokensPerSecond: 2 * BUCKETS };
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * Histograms are kept as text: a character for a metric's bucket, and behind it how many fell into it where it is more
 * than one. Two texts put one behind the other are the histogram of both, which is what a database can do by itself.
 */
export function histogramMark(metric: Metric, value: number): string {
  const bucket = value <= SMALLEST ? 0 : Math.ceil(Math.log(value / SMALLEST) / LOG_GROWTH);
  return String.fromCharCode(FIRST_CHARACTER + OFFSETS[metric] + Math.min(bucket, BUCKETS - 1));
}

/** The same histograms in the shortest text: at most some 2,000 characters, mostly far fewer. */
export function compactHistograms(text: string): string {
  const counts = countsOf(text);
  let compact = "";
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index]!;
    if (count > 0) compact += String.fromCharCode(FIRST_CHARACTER + index);
    if (count > 1) compact += count;
  }
  return compact;
}

export function readHistograms(text: string): {
  readonly duration: Percentiles | null;
  readonly firstToken: Percentiles | null;
  readonly tokensPerSecond: number | null;
} {
  const counts = countsOf(text);
  return {
    duration: percentiles(counts, "duration"),
    firstToken: percentiles(counts, "firstToken"),
    tokensPerSecond: percentiles(counts, "tokensPerSecond")?.p50 ?? null,
  };
}

function countsOf(text: string): Float64Array {
  const counts = new Float64Array(3 * BUCKETS);
  for (let at = 0; at < text.length; ) {
    const bucket = text.charCodeAt(at++) - FIRST_CHARACTER;
    let count = 0;
    for (let digit = text.charCodeAt(at); digit >= DIGIT_0 && digit <= DIGIT_9; digit = text.charCodeAt(++at))
      count = count * 10 + digit - DIGIT_0;
    counts[bucket]! += count === 0 ? 1 : count;
  }
  return counts;
}

function percentiles(all: Float64Array, metric: Metric): Percentiles | null {
  const counts = all.subarray(OFFSETS[metric], OFFSETS[metric] + BUCKETS);
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  return {
    p50: quantile(counts, total, 0.5),
    p90: quantile(counts, total, 0.9),
    p99: quantile(counts, total, 0.99),
  };
}

/** The value of the bucket in which the nearest rank lies. */
function quantile(counts: Float64Array, total: number, share: number): number {
  const rank = Math.ceil(share * total);
  let below = 0;
  let bucket = 0;
  while (bucket < BUCKETS - 1 && below + counts[bucket]! < rank) below += counts[bucket++]!;
  return bucket === 0 ? 0 : (SMALLEST * 2 * GROWTH ** bucket) / (GROWTH + 1);
}
