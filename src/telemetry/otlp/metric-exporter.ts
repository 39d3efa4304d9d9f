import { pause, Slice } from "../../records/slices.ts";
import type { MetricFamily } from "../metric-family.ts";
import { metricJson } from "./metric-points.ts";
import type { Envelope } from "./resource.ts";
import type { SendOutcome } from "./send.ts";

export interface MetricExporterOptions {
  readonly envelope: Envelope;
  readonly families: () => readonly MetricFamily[];
  /** Sends one export; never rejects. */
  readonly send: (body: string) => Promise<SendOutcome>;
  /** Milliseconds between two exports. */
  readonly interval: number;
}

/** Exports all metrics at an interval. One that fails is not sent again: the next tells the same counts and more. */
export class MetricExporter {
  readonly #options: MetricExporterOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  #running: Promise<void> | null = null;

  constructor(options: MetricExporterOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#start(), options.interval);
  }

  /** Exports once more; what takes longer than the sending may is given up. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    await this.#start();
  }

  /** Does nothing while the one before runs. */
  #start(): Promise<void> {
    this.#running ??= this.#export().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #export(): Promise<void> {
    const { envelope, families, send } = this.#options;
    const now = Date.now();
    const slice = new Slice();
    const metrics: string[] = [];
    for (const family of families()) {
      if (family.points.length > 0) metrics.push(metricJson(family, performance.timeOrigin, now));
      if (slice.over()) await pause();
    }
    await send(envelope.metrics(metrics));
  }
}
