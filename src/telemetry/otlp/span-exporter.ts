import type { RecordedBodies, RequestRecord } from "../../records/record.ts";
import { pause, Slice } from "../../records/slices.ts";
import type { ExportCounts } from "./counts.ts";
import { messagesOf, type SaidMessages } from "./messages.ts";
import type { Envelope } from "./resource.ts";
import type { SendOutcome } from "./send.ts";
import { BATCH, SpanQueue, type Waiting } from "./span-queue.ts";
import { type ServerOf, spansOf } from "./spans.ts";

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;
/** A collector that asks to wait longer is not waited for any longer. */
const MAX_ASKED_MS = 120_000;
/** An export that was not taken for so long is given up. */
const GIVE_UP_MS = 300_000;

export interface SpanExporterOptions {
  readonly envelope: Envelope;
  readonly serverOf: ServerOf;
  /** Sends one export; never rejects. */
  readonly send: (body: string) => Promise<SendOutcome>;
  readonly counts: ExportCounts;
  /** Whether what was said is exported too. */
  readonly messages: boolean;
  /** Of the traces, so many are exported, from 0 to 1. */
  readonly share: number;
  /** Milliseconds that a request waits for others. */
  readonly interval: number;
  /** Requests that may wait. */
  readonly limit: number;
  readonly firstRetryMs?: number;
}

/** Exports finished requests as spans, in batches, one after the other. Nobody waits for it but `close`. */
export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #queue = new SpanQueue();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #running: Promise<void> | null = null;
  #closing = false;
  #wake: (() => void) | null = null;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes a finished request, or drops it where too many wait. */
  offer(record: RequestRecord, bodies: RecordedBodies | null): void {
    const { share, limit, messages, counts, interval } = this.#options;
    if (!isSampled(record.traceId, share)) return;
    if (!this.#queue.add({ record, bodies: messages ? bodies : null }, limit)) {
      counts.dropped("queue_full", spansIn(record));
      return;
    }
    if (this.#running !== null) return;
    if (this.#queue.length >= BATCH) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), interval);
  }

  /** Exports what waits, for up to `patience` milliseconds. What is left then is dropped and counted. */
  async close(patience: number): Promise<void> {
    this.#closing = true;
    this.#wake?.();
    const late = setTimeout(() => this.#giveUp(), patience);
    while (this.#queue.length > 0 || this.#running !== null) {
      this.#start();
      await this.#running;
    }
    clearTimeout(late);
  }

  #giveUp(): void {
    for (let batch = this.#queue.take(); batch.length > 0; batch = this.#queue.take())
      this.#drop("shutdown", batch);
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
      if (this.#queue.length > 0 && !this.#closing)
        this.#timer ??= setTimeout(() => this.#start(), this.#options.interval);
    });
  }

  async #run(): Promise<void> {
    do {
      const batch = this.#queue.take();
      if (batch.length > 0) await this.#export(batch);
    } while (this.#queue.length >= BATCH);
  }

  async #export(batch: readonly Waiting[]): Promise<void> {
    const { counts, envelope, send, firstRetryMs = FIRST_RETRY_MS } = this.#options;
    // The very same text each time: a span that a collector has taken already is known by its id.
    const spans = await this.#spansOf(batch);
    const body = envelope.traces(spans);
    const until = performance.now() + GIVE_UP_MS;
    for (let failures = 0; ; failures++) {
      const outcome = await send(body);
      if (outcome.kind === "taken") {
        counts.exported(spans.length - Math.min(outcome.rejected, spans.length));
        if (outcome.rejected > 0) counts.dropped("rejected", outcome.rejected);
        return;
      }
      if (outcome.kind === "refused") return counts.dropped("refused", spans.length);
      if (this.#closing) return counts.dropped("shutdown", spans.length);
      const wait = Math.min(outcome.after ?? backoff(firstRetryMs, failures), MAX_ASKED_MS);
      if (performance.now() + wait > until) return counts.dropped("expired", spans.length);
      await this.#wait(wait);
    }
  }

  async #spansOf(batch: readonly Waiting[]): Promise<string[]> {
    const slice = new Slice();
    const spans: string[] = [];
    for (const { record, bodies } of batch) {
      const said = bodies === null ? null : this.#messagesOf(record, bodies);
      spans.push(...spansOf(record, this.#options.serverOf, said));
      if (slice.over()) await pause();
    }
    return spans;
  }

  /** A body that cannot be read costs its own span the messages, and no other anything. */
  #messagesOf(record: RequestRecord, bodies: RecordedBodies): SaidMessages | null {
    try {
      return messagesOf(record, bodies);
    } catch (error) {
      this.#options.counts.unreadable(record.requestId, error);
      return null;
    }
  }

  #drop(reason: "shutdown", batch: readonly Waiting[]): void {
    for (const { record } of batch) this.#options.counts.dropped(reason, spansIn(record));
  }

  #wait(ms: number): Promise<void> {
    if (this.#closing) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wake = null;
    });
  }
}

function spansIn({ attempts }: RequestRecord): number {
  return 1 + attempts.length;
}

/** Full jitter: many gateways that lost one collector must not come back to it together. */
function backoff(first: number, failures: number): number {
  return Math.min(MAX_RETRY_MS, first * 2 ** failures) * (0.5 + Math.random() / 2);
}

/** By the trace's id, so that every gateway that a trace passes decides alike. */
function isSampled(traceId: string, share: number): boolean {
  return share >= 1 || Number.parseInt(traceId.slice(-8), 16) / 0x1_0000_0000 < share;
}
