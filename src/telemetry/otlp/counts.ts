import type { Logger } from "../../lib/logger.ts";
import { counter, gauge, type MetricFamily } from "../metric-family.ts";
import type { SendOutcome } from "./send.ts";

export type Signal = "traces" | "metrics";

const DROP_REASONS = ["queue_full", "refused", "rejected", "expired", "shutdown"] as const;
export type DropReason = (typeof DROP_REASONS)[number];

const LOG_INTERVAL_MS = 60_000;

/** Counts what became of exports, and tells the log when they begin to fail and when they go on. */
export class ExportCounts {
  readonly #logger: Logger;
  readonly #dropped = new Map<DropReason, number>(DROP_REASONS.map((reason) => [reason, 0]));
  readonly #failures = new Map<Signal, number>([
    ["traces", 0],
    ["metrics", 0],
  ]);
  readonly #failing = new Map<Signal, number>();
  #exported = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  exported(spans: number): void {
    this.#exported += spans;
  }

  dropped(reason: DropReason, spans: number): void {
    this.#dropped.set(reason, this.#dropped.get(reason)! + spans);
  }

  /** How an export was taken. */
  note(signal: Signal, outcome: SendOutcome): void {
    if (outcome.kind === "taken" && outcome.rejected === 0) {
      if (this.#failing.delete(signal)) this.#logger.info("Telemetry is being exported again.", { signal });
      return;
    }
    this.#failures.set(signal, this.#failures.get(signal)! + 1);
    const now = performance.now();
    if (now < (this.#failing.get(signal) ?? Number.NEGATIVE_INFINITY)) return;
    this.#failing.set(signal, now + LOG_INTERVAL_MS);
    const { kind, message } = outcome;
    this.#logger.warn("Telemetry could not be exported; requests are not affected.", {
      signal,
      outcome: kind === "taken" ? "rejected in part" : kind,
      cause: message,
      spans_dropped_so_far: this.spansDropped,
    });
  }

  /** What was said in a request could not be read. */
  unreadable(requestId: string, error: unknown): void {
    this.#logger.warn("A request is exported without its messages.", { request_id: requestId, error });
  }

  get spansDropped(): number {
    return [...this.#dropped.values()].reduce((sum, spans) => sum + spans, 0);
  }

  /** `waiting` are the requests that wait to be exported. */
  families(waiting: number): MetricFamily[] {
    const dropped = [...this.#dropped].map(([reason, value]) => ({ labels: { reason }, value }));
    const failures = [...this.#failures].map(([signal, value]) => ({ labels: { signal }, value }));
    const exported = [{ value: this.#exported }];
    return [
      counter("amsterdam.otlp.spans.exported", "{span}", "Spans that a collector has taken.", exported),
      counter("amsterdam.otlp.spans.dropped", "{span}", "Spans that no collector has taken.", dropped),
      counter("amsterdam.otlp.export.failures", "{export}", "Exports that failed or were refused.", failures),
      gauge("amsterdam.otlp.queue", "{request}", "Requests that wait to be exported.", [{ value: waiting }]),
    ];
  }
}
