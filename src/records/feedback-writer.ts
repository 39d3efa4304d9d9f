import type { Logger } from "../lib/logger.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import type { DurableSink } from "./durable-sink.ts";
import { STORABLE_FEEDBACK } from "./storable-feedback.ts";

/** Items wait this long for others, so that they are stored together. */
const GATHER_MS = 40;
const REFUSAL_LOG_INTERVAL_MS = 60_000;

export interface FeedbackWriterOptions {
  readonly sink: DurableSink<Feedback>;
  readonly logger: Logger;
  /** Bytes that may wait in memory where they can be written nowhere. */
  readonly maxBytes: () => number;
  /** Milliseconds that never go back. */
  readonly clock?: () => number;
}

/** Gathers feedback beside the requests, and has it stored, or in a file, within 100 ms. */
export class FeedbackWriter {
  readonly #sink: DurableSink<Feedback>;
  readonly #logger: Logger;
  readonly #maxBytes: () => number;
  readonly #clock: () => number;
  #queue: Feedback[] = [];
  #bytes = 0;
  #refused = 0;
  #refusedAtLastLog = 0;
  #nextRefusalLog = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> | null = null;

  constructor({ sink, logger, maxBytes, clock = () => performance.now() }: FeedbackWriterOptions) {
    this.#sink = sink;
    this.#logger = logger;
    this.#maxBytes = maxBytes;
    this.#clock = clock;
  }

  /** Items in memory that are neither stored nor in a file. */
  get waiting(): number {
    return this.#queue.length + this.#sink.held;
  }

  /** Items that were refused since the start, because too many waited. */
  get refused(): number {
    return this.#refused;
  }

  /** Takes all items and returns true, or none when too many wait already: the client should then be told to retry. */
  add(items: readonly Feedback[]): boolean {
    const bytes = sizeOf(items);
    if (this.#bytes + this.#sink.heldBytes + bytes > this.#maxBytes()) {
      this.#refuse(items.length);
      return false;
    }
    for (const item of items) this.#queue.push(item);
    this.#bytes += bytes;
    this.#schedule();
    return true;
  }

  /** Resolves once all that was added is stored, or waits in files or memory. */
  flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      this.#schedule();
    });
    return this.#writing;
  }

  #schedule(): void {
    if (this.#queue.length === 0 || this.#writing !== null) return;
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      await this.#sink.put(batch);
      this.#bytes -= sizeOf(batch);
      // Requests go first between two transactions.
      await Bun.sleep(0);
    }
  }

  #nextBatch(): Feedback[] {
    const { items, bytes } = STORABLE_FEEDBACK.batch;
    let count = 0;
    for (let taken = 0; count < Math.min(items, this.#queue.length); count++) {
      taken += STORABLE_FEEDBACK.sizeOf(this.#queue[count]!);
      if (count > 0 && taken > bytes) break;
    }
    return this.#queue.splice(0, count);
  }

  #refuse(count: number): void {
    this.#refused += count;
    const now = this.#clock();
    if (now < this.#nextRefusalLog) return;
    this.#nextRefusalLog = now + REFUSAL_LOG_INTERVAL_MS;
    this.#logger.warn("Feedback was refused because too much waits to be stored.", {
      refused: this.#refused - this.#refusedAtLastLog,
      total: this.#refused,
    });
    this.#refusedAtLastLog = this.#refused;
  }
}

function sizeOf(items: readonly Feedback[]): number {
  return items.reduce((bytes, item) => bytes + STORABLE_FEEDBACK.sizeOf(item), 0);
}
