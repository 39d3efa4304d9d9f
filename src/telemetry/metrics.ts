import type { ErrorCode } from "../exchange/errors.ts";
import type { SystemMonitor } from "../lib/system-metrics.ts";
import type { Attempt, Trace } from "../records/trace.ts";
import { family, type Sample } from "./exposition.ts";
import type { UpstreamHealth } from "./health.ts";
import { Histogram } from "./histogram.ts";
import { processMetrics } from "./process-metrics.ts";

/** What the metrics read when they are asked for, beside the traces they were told of. */
export interface MetricsSources {
  readonly version: string;
  activeRequests(): number;
  logLinesDropped(): number;
  records(): RecordingStatus;
  upstreams(): readonly Pick<UpstreamHealth, "name" | "breaker">[];
  readonly monitor: Pick<SystemMonitor, "eventLoopDelay">;
}

/** How the recording of requests gets on. */
interface RecordingStatus {
  readonly stored: number;
  readonly lost: number;
  /** Bytes of records that wait in files. */
  readonly waitingBytes: number;
}

export interface Metrics {
  /** The trace subscriber. Counts; costs well under a microsecond. */
  observe(trace: Trace): void;
  /** Everything in the Prometheus text format. */
  render(): string;
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const MAX_SERIES = 1_000;
const OTHER = "other";
const NONE = "none";
const BREAKER_VALUES = { closed: 0, "half-open": 1, open: 2 } as const;

interface Counter {
  value: number;
}

/** The counts of one door and provider. */
interface Series {
  readonly labels: { readonly door: string; readonly provider: string };
  /** By hundreds of the status, then by error. */
  readonly requests: Map<ErrorCode | null, Counter>[];
  readonly duration: Histogram;
  readonly firstByte: Histogram;
}

/**
 * Counts of requests by door and provider. Models, keys and ids are never labels; from the 1,000th pair of door and
 * provider on (many endpoints, or names that somebody makes up) all further ones are counted as `other`.
 */
export function createMetrics(sources: MetricsSources): Metrics {
  const byPair = new Map<string, Series>();
  const attempts = new Map<string, Map<ErrorCode | null, Counter>>();

  function observe(trace: Trace): void {
    const series = seriesFor(trace.door, trace.provider ?? NONE);
    const ended = trace.endedAt ?? 0;
    increment(series.requests[statusClass(trace.status)]!, trace.error);
    series.duration.observe(ended / 1000);
    if (trace.firstByteAt !== null) series.firstByte.observe(trace.firstByteAt / 1000);
    for (const attempt of trace.attempts) countAttempt(attempt);
  }

  function seriesFor(door: string, provider: string): Series {
    const pair = `${door}\n${provider}`;
    const known = byPair.get(pair);
    if (known !== undefined) return known;
    if (byPair.size >= MAX_SERIES && door !== OTHER) return seriesFor(OTHER, OTHER);
    const created: Series = {
      labels: { door, provider },
      requests: Array.from({ length: 6 }, () => new Map()),
      duration: new Histogram(),
      firstByte: new Histogram(),
    };
    byPair.set(pair, created);
    return created;
  }

  function countAttempt(attempt: Attempt): void {
    const provider = providerOf(attempt.target);
    let outcomes = attempts.get(provider);
    if (outcomes === undefined) {
      const label = attempts.size < MAX_SERIES ? provider : OTHER;
      outcomes = attempts.get(label) ?? new Map<ErrorCode | null, Counter>();
      attempts.set(label, outcomes);
    }
    increment(outcomes, attempt.error);
  }

  function* requestSamples(): Generator<Sample> {
    for (const { labels, requests } of byPair.values()) {
      for (const [hundreds, errors] of requests.entries()) {
        const status_class = hundreds === 0 ? NONE : `${hundreds}xx`;
        for (const [error, { value }] of errors) {
          yield { labels: { ...labels, status_class, error: error ?? NONE }, value };
        }
      }
    }
  }

  function* histogramSamples(name: string, which: "duration" | "firstByte"): Generator<Sample> {
    for (const series of byPair.values()) yield* series[which].samples(name, series.labels);
  }

  function* attemptSamples(): Generator<Sample> {
    for (const [provider, outcomes] of attempts) {
      for (const [error, { value }] of outcomes)
        yield { labels: { provider, outcome: error ?? "success" }, value };
    }
  }

  function requestMetrics(): string {
    const duration = "amsterdam_request_duration_seconds";
    const firstByte = "amsterdam_first_byte_seconds";
    return (
      family("amsterdam_requests_total", "counter", "Requests that ended.", requestSamples()) +
      family(
        duration,
        "histogram",
        "From a request's arrival to its last byte.",
        histogramSamples(duration, "duration"),
      ) +
      family(
        firstByte,
        "histogram",
        "From arrival to the response's first byte.",
        histogramSamples(firstByte, "firstByte"),
      ) +
      family(
        "amsterdam_upstream_attempts_total",
        "counter",
        "Calls to upstreams, retries included.",
        attemptSamples(),
      )
    );
  }

  function gatewayMetrics(): string {
    const breakers = sources.upstreams().map(({ name, breaker }) => ({
      labels: { upstream: name },
      value: BREAKER_VALUES[breaker],
    }));
    const build = [{ labels: { version: sources.version, bun: Bun.version }, value: 1 }];
    const dropped = [{ value: sources.logLinesDropped() }];
    const { stored, lost, waitingBytes } = sources.records();
    const active = [{ value: sources.activeRequests() }];
    return (
      family("amsterdam_active_requests", "gauge", "Requests being served.", active) +
      family("amsterdam_breaker_state", "gauge", "0 closed, 1 half-open, 2 open.", breakers) +
      family("amsterdam_log_lines_dropped_total", "counter", "Log lines lost.", dropped) +
      family("amsterdam_records_stored_total", "counter", "Requests recorded.", [{ value: stored }]) +
      family("amsterdam_records_lost_total", "counter", "Requests whose record was lost.", [
        { value: lost },
      ]) +
      family("amsterdam_records_waiting_bytes", "gauge", "Records in files that wait for the database.", [
        { value: waitingBytes },
      ]) +
      family("amsterdam_build_info", "gauge", "The version that runs; always 1.", build)
    );
  }

  return {
    observe,
    render: () => requestMetrics() + gatewayMetrics() + processMetrics(sources.monitor),
  };
}

function increment<Key>(counters: Map<Key, Counter>, key: Key): void {
  const counter = counters.get(key);
  if (counter === undefined) counters.set(key, { value: 1 });
  else counter.value++;
}

/** 1 to 5, or 0 where no status was sent. */
function statusClass(status: number): number {
  return status >= 100 && status < 600 ? Math.trunc(status / 100) : 0;
}

/** A target is `provider/model`, or an endpoint's URL, of which the host is taken. */
function providerOf(target: string): string {
  const scheme = target.indexOf("://");
  const start = scheme < 0 ? 0 : scheme + 3;
  const slash = target.indexOf("/", start);
  return target.slice(start, slash < 0 ? undefined : slash);
}
