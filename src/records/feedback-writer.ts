import type { Logger } from "../lib/logger.ts";
import type { Feedback, FeedbackStore } from "../storage/interface.ts";

const FLUSH_INTERVAL_MS = 100;
const MAX_RETRY_MS = 5_000;
const MAX_ITEMS = 100_000;
/** Some 200 MB at worst. Items are counted too, but a hundred thousand long corrections would fill the memory. */
const MAX_CHARACTERS = 100_000_000;
/** What SQLite writes in some 5 ms, during which nothing else runs. */
const TRANSACTION_ITEMS = 2_000;
const TRANSACTION_CHARACTERS = 1_000_000;
const DROP_LOG_INTERVAL_MS = 60_000;

/**
 * Writes feedback to the storage beside the requests: gathers it in memory, stores it every 100 ms, and keeps it while
 * the storage fails. Storing is idempotent, so a batch whose fate is unknown is simply stored again.
 */
export class FeedbackWriter {
  readonly #store: Pick<FeedbackStore, "add">;
  readonly #logger: Logger;
  readonly #maxItems: number;
  readonly #maxCharacters: number;
  readonly #clock: () => number;
  #queue: Feedback[] = [];
  #characters = 0;
  #dropped = 0;
  #droppedAtLastLog = 0;
  #nextDropLog = -Infinity;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> | null = null;

  /** `clock` gives milliseconds that never go back. */
  constructor(
    store: Pick<FeedbackStore, "add">,
    options: { logger: Logger; maxItems?: number; maxCharacters?: number; clock?: () => number },
  ) {
    this.#store = store;
    this.#logger = options.logger;
    this.#maxItems = options.maxItems ?? MAX_ITEMS;
    this.#maxCharacters = options.maxCharacters ?? MAX_CHARACTERS;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** Items that wait to be stored. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Items that were refused since the start, because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes all items and returns true, or none when too many wait already: the client should then be told to retry. */
  add(items: readonly Feedback[]): boolean {
    const characters = sizeOf(items);
    if (
      this.#queue.length + items.length > this.#maxItems ||
      this.#characters + characters > this.#maxCharacters
    ) {
      this.#drop(items.length);
      return false;
    }
    for (const item of items) this.#queue.push(item);
    this.#characters += characters;
    this.#schedule();
    return true;
  }

  /** Stores what waits, trying for up to `patienceMs`. Returns how many items could not be stored in that time. */
  async flush(patienceMs = 5_000): Promise<number> {
    const deadline = performance.now() + patienceMs;
    while (this.#queue.length > 0 && performance.now() < deadline) {
      // A storage that never answers must not hold up the shutdown.
      await within(deadline - performance.now(), this.#write());
      if (this.#failures > 0) await Bun.sleep(Math.min(FLUSH_INTERVAL_MS, deadline - performance.now()));
    }
    return this.#queue.length;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#writing !== null || this.#queue.length === 0) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        void this.#write();
      },
      Math.min(FLUSH_INTERVAL_MS * 2 ** this.#failures, MAX_RETRY_MS),
    );
    this.#timer.unref();
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      this.#schedule();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#store.add(batch);
      } catch (error) {
        if (this.#failures++ === 0) {
          this.#logger.error("Feedback cannot be stored; it waits in memory.", { error: String(error) });
        }
        return;
      }
      this.#queue = this.#queue.slice(batch.length);
      this.#characters -= sizeOf(batch);
      if (this.#failures > 0) this.#logger.info("Feedback is being stored again.");
      this.#failures = 0;
      // Requests go first between two transactions.
      await Bun.sleep(0);
    }
  }

  #nextBatch(): Feedback[] {
    let characters = 0;
    const tooMuch = this.#queue.findIndex((item) => {
      characters += sizeOf([item]);
      return characters > TRANSACTION_CHARACTERS;
    });
    return this.#queue.slice(
      0,
      tooMuch === -1 ? TRANSACTION_ITEMS : Math.min(Math.max(tooMuch, 1), TRANSACTION_ITEMS),
    );
  }

  #drop(count: number): void {
    this.#dropped += count;
    const now = this.#clock();
    if (now < this.#nextDropLog) return;
    this.#nextDropLog = now + DROP_LOG_INTERVAL_MS;
    const since = this.#dropped - this.#droppedAtLastLog;
    this.#droppedAtLastLog = this.#dropped;
    this.#logger.warn("Feedback was refused because too much waits to be stored.", {
      refused: since,
      total: this.#dropped,
    });
  }
}

/** Characters, roughly: what matters is that long texts count. */
function sizeOf(items: readonly Feedback[]): number {
  let sum = 0;
  for (const { id, targetId, name, value, comment, source } of items) {
    const text = typeof value === "object" ? value.correction : String(value);
    sum +=
      id.length +
      targetId.length +
      name.length +
      text.length +
      (comment?.length ?? 0) +
      (source?.length ?? 0);
  }
  return sum;
}

/** Resolves with the work, or without it when the time is over. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const { promise: timeout, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
