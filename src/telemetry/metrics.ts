import type { SystemMonitor } from "../lib/system-metrics.ts";
import type { RequestRecord } from "../records/record.ts";
import { pause, Slice } from "../records/slices.ts";
import type { Trace } from "../records/trace.ts";
import { exposition } from "./exposition.ts";
import { GenAiMetrics } from "./gen-ai-metrics.ts";
import type { UpstreamHealth } from "./health.ts";
import { counter, gauge, type MetricFamily } from "./metric-family.ts";
import { processMetrics } from "./process-metrics.ts";
import { PromptMetrics } from "./prompt-metrics.ts";
import { type RecordingStatus, recordingFamilies } from "./recording-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { RouteMetrics } from "./route-metrics.ts";

/** What the metrics read when they are asked for, beside the requests that they were told of. */
export interface MetricsSources {
  readonly version: string;
  activeRequests(): number;
  logLinesDropped(): number;
  recording(): RecordingStatus;
  upstreams(): readonly Pick<UpstreamHealth, "name" | "breaker">[];
  /** Further metrics, of those that have some to tell. */
  further(): readonly MetricFamily[];
  readonly monitor: Pick<SystemMonitor, "eventLoopDelay">;
}

export interface Metrics {
  /** The trace subscriber. Counts; costs well under a microsecond. */
  observe(trace: Trace): void;
  /** Counts what is known of a finished request once its record is made. */
  observeRecord(record: RequestRecord): void;
  /** Everything but the metrics of the process. */
  families(): MetricFamily[];
  /** Everything in the Prometheus text format. Gives way to requests now and then. */
  render(): Promise<string>;
}

export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const BREAKER_VALUES = { closed: 0, "half-open": 1, open: 2 } as const;

/** The metrics of one gateway process. All that count only ever rise while it runs. */
export function createMetrics(sources: MetricsSources): Metrics {
  const requests = new RequestMetrics();
  const prompts = new PromptMetrics();
  const routes = new RouteMetrics();
  const genAi = new GenAiMetrics();
  const families = () => [
    ...requests.families(),
    ...prompts.families(),
    ...routes.families(),
    ...genAi.families(),
    ...gatewayFamilies(sources),
    ...sources.further(),
  ];
  return {
    observe(trace) {
      requests.observe(trace);
      prompts.observe(trace);
      routes.observe(trace);
    },
    observeRecord: (record) => genAi.observe(record),
    families,
    async render() {
      const slice = new Slice();
      let text = "";
      for (const family of [...families(), ...processMetrics(sources.monitor)]) {
        text += exposition(family);
        if (slice.over()) await pause();
      }
      return text;
    },
  };
}

function gatewayFamilies(sources: MetricsSources): MetricFamily[] {
  const breakers = sources.upstreams().map(({ name, breaker }) => ({
    labels: { upstream: name },
    value: BREAKER_VALUES[breaker],
  }));
  const build = [{ labels: { version: sources.version, bun: Bun.version }, value: 1 }];
  const one = (value: number) => [{ value }];
  return [
    gauge("amsterdam.active_requests", "{request}", "Requests being served.", one(sources.activeRequests())),
    gauge("amsterdam.breaker.state", "{state}", "0 closed, 1 half-open, 2 open.", breakers),
    counter("amsterdam.log.lines.dropped", "{line}", "Log lines lost.", one(sources.logLinesDropped())),
    ...recordingFamilies(sources.recording()),
    gauge("amsterdam.build_info", "{build}", "The version that runs; always 1.", build),
  ];
}
