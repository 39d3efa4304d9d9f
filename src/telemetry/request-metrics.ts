import type { ErrorCode } from "../exchange/errors.ts";
import type { Trace } from "../records/trace.ts";
import { Histogram } from "./histogram.ts";
import { LabelSets } from "./label-sets.ts";
import { counter, histogram, type Labels, type MetricFamily, type NumberPoint } from "./metric-family.ts";

/** Upper bounds in seconds: from an answer of the gateway itself to a long agent's turn. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
/** Pairs of door and provider, and providers of attempts; further ones are counted as `other`. */
const MAX_SERIES = 1_000;
const NONE = "none";

interface Count {
  value: number;
}

/** The counts of one door and provider. */
interface Series {
  readonly labels: Labels;
  /** By hundreds of the status, then by error. */
  readonly requests: Map<ErrorCode | null, Count>[];
  readonly duration: Histogram;
  readonly firstByte: Histogram;
}

/** The attempts at one provider, by how they ended. */
interface Attempts {
  readonly labels: Labels;
  readonly outcomes: Map<ErrorCode | null, Count>;
}

/** Counts of all requests, recorded or not, made from their traces. Models, keys and ids are no labels here. */
export class RequestMetrics {
  readonly #series = new LabelSets<"door" | "provider", Series>(
    ["door", "provider"],
    MAX_SERIES,
    (labels) => ({
      labels,
      requests: Array.from({ length: 6 }, () => new Map()),
      duration: new Histogram(SECONDS),
      firstByte: new Histogram(SECONDS),
    }),
  );
  readonly #attempts = new LabelSets<"provider", Attempts>(["provider"], MAX_SERIES, (labels) => ({
    labels,
    outcomes: new Map(),
  }));

  /** The trace subscriber. Costs well under a microsecond. */
  observe(trace: Trace): void {
    const series = this.#series.get(trace.door, trace.provider ?? NONE);
    increment(series.requests[statusClass(trace.status)]!, trace.error);
    series.duration.observe((trace.endedAt ?? 0) / 1000);
    if (trace.firstByteAt !== null) series.firstByte.observe(trace.firstByteAt / 1000);
    for (const { target, error } of trace.attempts)
      increment(this.#attempts.get(providerIn(target)).outcomes, error);
  }

  families(): MetricFamily[] {
    const series = [...this.#series.values()];
    const points = (which: "duration" | "firstByte") =>
      series.map((one) => ({ labels: one.labels, histogram: one[which] }));
    return [
      counter("amsterdam.requests", "{request}", "Requests that ended.", series.flatMap(requestPoints)),
      histogram(
        "amsterdam.request.duration",
        "s",
        "From a request's arrival to its last byte.",
        points("duration"),
      ),
      histogram(
        "amsterdam.first_byte",
        "s",
        "From arrival to the response's first byte.",
        points("firstByte"),
      ),
      counter(
        "amsterdam.upstream.attempts",
        "{attempt}",
        "Calls to upstreams, retries included.",
        [...this.#attempts.values()].flatMap(attemptPoints),
      ),
    ];
  }
}

function requestPoints({ labels, requests }: Series): NumberPoint[] {
  return requests.flatMap((errors, hundreds) => {
    const status_class = hundreds === 0 ? NONE : `${hundreds}xx`;
    return [...errors].map(([error, { value }]) => ({
      labels: { ...labels, status_class, error: error ?? NONE },
      value,
    }));
  });
}

function attemptPoints({ labels, outcomes }: Attempts): NumberPoint[] {
  return [...outcomes].map(([error, { value }]) => ({
    labels: { ...labels, outcome: error ?? "success" },
    value,
  }));
}

function increment(counts: Map<ErrorCode | null, Count>, error: ErrorCode | null): void {
  const count = counts.get(error);
  if (count === undefined) counts.set(error, { value: 1 });
  else count.value++;
}

/** 1 to 5, or 0 where no status was sent. */
function statusClass(status: number): number {
  return status >= 100 && status < 600 ? Math.trunc(status / 100) : 0;
}

/** A target is `provider/model`, or an endpoint's URL, of which the host is taken. */
export function providerIn(target: string): string {
  const scheme = target.indexOf("://");
  const start = scheme < 0 ? 0 : scheme + 3;
  const slash = target.indexOf("/", start);
  return target.slice(start, slash < 0 ? undefined : slash);
}
