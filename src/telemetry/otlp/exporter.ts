import type { TelemetryConfig } from "../../config/schema.ts";
import type { Logger } from "../../lib/logger.ts";
import type { RecordedBodies, RequestRecord } from "../../records/record.ts";
import type { MetricFamily } from "../metric-family.ts";
import { ExportCounts, type Signal } from "./counts.ts";
import { MetricExporter } from "./metric-exporter.ts";
import { Envelope } from "./resource.ts";
import { type SendOutcome, send } from "./send.ts";
import { SpanExporter } from "./span-exporter.ts";
import type { ServerOf } from "./spans.ts";

export type OtlpConfig = TelemetryConfig["otlp"];

export interface OtlpOptions {
  readonly version: string;
  readonly logger: Logger;
  readonly serverOf: ServerOf;
  /** The metrics to be exported. */
  readonly families: () => readonly MetricFamily[];
}

/** What exports under one configuration. */
interface Exporters {
  readonly config: OtlpConfig;
  readonly spans: SpanExporter | null;
  readonly metrics: MetricExporter | null;
  /** Ends what is being sent. */
  readonly abort: AbortController;
}

/** Milliseconds in which the exporters of a configuration that is no longer in force may finish. */
const OLD_PATIENCE_MS = 10_000;

/**
 * Sends finished requests and metrics to an OpenTelemetry collector. Costs nothing while no endpoint is configured, and
 * no request ever waits for it.
 */
export class OtlpExport {
  readonly #options: OtlpOptions;
  readonly #counts: ExportCounts;
  #current: Exporters | null = null;

  constructor(options: OtlpOptions) {
    this.#options = options;
    this.#counts = new ExportCounts(options.logger);
  }

  /** Takes a configuration over; what waits under the one before is exported where that said. */
  configure(config: OtlpConfig): void {
    const before = this.#current;
    if (before !== null && JSON.stringify(before.config) === JSON.stringify(config)) return;
    this.#current = config.endpoint === undefined ? null : this.#exporters(config, config.endpoint);
    if (before !== null) void this.#end(before, OLD_PATIENCE_MS);
  }

  /** Takes a finished request. */
  offer(record: RequestRecord, bodies: RecordedBodies | null): void {
    this.#current?.spans?.offer(record, bodies);
  }

  /** How the export gets on; nothing where none is configured. */
  ownFamilies(): MetricFamily[] {
    return this.#current === null ? [] : this.#counts.families(this.#current.spans?.waiting ?? 0);
  }

  /** Exports what waits for up to `patience` milliseconds; what is left then is dropped, counted and told. */
  async close(patience: number): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    const before = this.#counts.spansDropped;
    await this.#end(current, patience);
    const lost = this.#counts.spansDropped - before;
    if (lost > 0)
      this.#options.logger.warn("The gateway stops before all telemetry was exported.", { spans: lost });
  }

  #exporters(config: OtlpConfig, endpoint: string): Exporters {
    const { version, serverOf, families } = this.#options;
    const envelope = new Envelope({
      serviceName: config.service_name,
      version,
      attributes: config.resource_attributes,
    });
    const abort = new AbortController();
    const sender = (signal: Signal) => this.#sender(signal, config, endpoint, abort.signal);
    const spans = new SpanExporter({
      envelope,
      serverOf,
      send: sender("traces"),
      counts: this.#counts,
      messages: config.messages,
      share: config.sample_share,
      interval: config.interval * 1000,
      limit: config.queue,
    });
    const metrics = () =>
      new MetricExporter({
        envelope,
        families,
        send: sender("metrics"),
        interval: config.metrics_interval * 1000,
      });
    return {
      config,
      spans: config.traces ? spans : null,
      metrics: config.metrics ? metrics() : null,
      abort,
    };
  }

  #sender(
    kind: Signal,
    { headers, timeout }: OtlpConfig,
    endpoint: string,
    signal: AbortSignal,
  ): (body: string) => Promise<SendOutcome> {
    const url = `${endpoint.replace(/\/+$/, "")}/v1/${kind}`;
    return async (body) => {
      const outcome = await send(body, { url, headers, timeout: timeout * 1000, signal });
      this.#counts.note(kind, outcome);
      return outcome;
    };
  }

  async #end({ spans, metrics, abort }: Exporters, patience: number): Promise<void> {
    const late = setTimeout(() => abort.abort(), patience);
    await Promise.all([spans?.close(patience), metrics?.close()]);
    clearTimeout(late);
  }
}
