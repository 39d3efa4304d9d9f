import type { Logger } from "../lib/logger.ts";
import type { ResponseStore, StoredResponse } from "../storage/response-store.ts";
import { sizeOf } from "./recent.ts";

const INTERVAL_MS = 50;
const MAX_RETRY_MS = 5_000;
/** What SQLite writes in some milliseconds, during which nothing else runs. */
const BATCH_CHARACTERS = 1_000_000;
const BATCH_RESPONSES = 100;
const LOSS_LOG_INTERVAL_MS = 60_000;

export interface ResponseWriterOptions {
  readonly logger: Logger;
  /** Characters that may wait to be stored. */
  maxCharacters(): number;
  /** Told of each response once the storage has it. */
  onSaved(stored: StoredResponse): void;
}

/**
 * Writes responses to the storage behind the answers: no client waits for it. What waits is bounded; when too much
 * does, the newest is not stored and that is logged. A later state of a response takes the place of one that waits.
 */
export class ResponseWriter {
  readonly #store: ResponseStore;
  readonly #options: ResponseWriterOptions;
  /** By key and id, in the order in which they came. */
  readonly #waiting = new Map<string, StoredResponse>();
  #characters = 0;
  #failures = 0;
  #lost = 0;
  #nextLossLog = -Infinity;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> | null = null;

  constructor(store: ResponseStore, options: ResponseWriterOptions) {
    this.#store = store;
    this.#options = options;
  }

  add(stored: StoredResponse): void {
    const name = `${stored.keyId}\n${stored.id}`;
    const earlier = this.#waiting.get(name);
    const characters = sizeOf(stored) - (earlier === undefined ? 0 : sizeOf(earlier));
    if (this.#characters + characters > this.#options.maxCharacters()) {
      this.#lose();
      return;
    }
    this.#waiting.set(name, stored);
    this.#characters += characters;
    this.#schedule();
  }

  /** Gives up what waits of a response that is to be deleted; resolves when no write of it is under way. */
  async forget(stored: Pick<StoredResponse, "id" | "keyId">): Promise<void> {
    this.#drop(`${stored.keyId}\n${stored.id}`);
    await this.#writing;
  }

  /** Stores what waits, trying for up to `patienceMs`. Returns how many could not be stored in that time. */
  async flush(patienceMs = 5_000): Promise<number> {
    const deadline = performance.now() + patienceMs;
    while (this.#waiting.size > 0 && performance.now() < deadline) {
      await Promise.race([this.#write(), Bun.sleep(Math.max(0, deadline - performance.now()))]);
      if (this.#failures > 0) await Bun.sleep(INTERVAL_MS);
    }
    return this.#waiting.size;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#writing !== null || this.#waiting.size === 0) return;
    const wait = Math.min(INTERVAL_MS * 2 ** this.#failures, MAX_RETRY_MS);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#write();
    }, wait);
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
    while (this.#waiting.size > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#store.put(batch.map(([, stored]) => stored));
      } catch (error) {
        if (this.#failures++ === 0) {
          const fields = { error: String(error) };
          this.#options.logger.error("Responses cannot be stored; they wait in memory.", fields);
        }
        this.#putLast(batch);
        return;
      }
      for (const [name, stored] of batch) {
        // A later state of it may have come meanwhile; that one still waits.
        if (this.#waiting.get(name) === stored) this.#drop(name);
        this.#options.onSaved(stored);
      }
      if (this.#failures > 0) this.#options.logger.info("Responses are being stored again.");
      this.#failures = 0;
      // Requests go first between two transactions.
      await Bun.sleep(0);
    }
  }

  #nextBatch(): [string, StoredResponse][] {
    const batch: [string, StoredResponse][] = [];
    let characters = 0;
    for (const entry of this.#waiting) {
      characters += sizeOf(entry[1]);
      // Where the storage refuses one response, those beside it are to be stored all the same.
      if (
        batch.length === (this.#failures > 0 ? 1 : BATCH_RESPONSES) ||
        (batch.length > 0 && characters > BATCH_CHARACTERS)
      )
        break;
      batch.push(entry);
    }
    return batch;
  }

  /** Others are tried before these again. */
  #putLast(batch: readonly [string, StoredResponse][]): void {
    for (const [name, stored] of batch) {
      if (this.#waiting.get(name) !== stored) continue;
      this.#waiting.delete(name);
      this.#waiting.set(name, stored);
    }
  }

  #drop(name: string): void {
    const stored = this.#waiting.get(name);
    if (stored === undefined) return;
    this.#waiting.delete(name);
    this.#characters -= sizeOf(stored);
  }

  #lose(): void {
    this.#lost++;
    const now = performance.now();
    if (now < this.#nextLossLog) return;
    this.#nextLossLog = now + LOSS_LOG_INTERVAL_MS;
    this.#options.logger.error(
      "Responses are not stored because too many wait to be (responses.memory_mb).",
      {
        lost: this.#lost,
      },
    );
  }
}
