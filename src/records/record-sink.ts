import type { Logger } from "../lib/logger.ts";
import type { RecordStore } from "../storage/interface.ts";
import { HeldRecords } from "./held-records.ts";
import type { WrittenRecord } from "./record.ts";
import type { Spill } from "./spill.ts";

/** A storage that has not answered after this many milliseconds is slow, and records go to files meanwhile. */
const PATIENCE_MS = 25;
/** A call that takes longer than this has failed. */
const GIVE_UP_MS = 60_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** After so many failures a batch is taken apart, to find out whether one record of it is to blame. */
const FAILURES_OF_A_BATCH = 3;
/** For the call that runs at the end. */
const CLOSING_MS = 1_000;
const BATCH = { records: 256, bytes: 4 * 1024 * 1024 };

export interface SinkOptions {
  readonly store: Pick<RecordStore, "write">;
  readonly spill: Spill;
  readonly logger: Logger;
  /** Bytes of records that may wait in memory where they can be written nowhere. */
  readonly memory: () => number;
}

/**
 * Puts records where they outlive the process: into the storage, or, while that is slow or gone, into files, from which
 * they are stored later, in their order. Storing is idempotent, so what may have been stored is stored again.
 */
export class RecordSink {
  readonly #options: SinkOptions;
  readonly #held: HeldRecords;
  /** Appends to the files and reads from them, one after the other. */
  #files: Promise<unknown> = Promise.resolve();
  #replay: Promise<void> | null = null;
  /** Taken from memory, and on their way to the storage. */
  #lent: readonly WrittenRecord[] = [];
  #failing = false;
  #stopped = false;
  #wake: (() => void) | null = null;
  /** Records stored since the start. */
  stored = 0;
  #refused = 0;

  constructor(options: SinkOptions) {
    this.#options = options;
    this.#held = new HeldRecords(options.memory, options.logger);
  }

  /** Records that were lost since the start: no room was left for them, or the storage refuses them. */
  get lost(): number {
    return this.#held.lost + this.#refused;
  }

  /** Bytes of records that wait in files. */
  get waitingBytes(): number {
    return this.#options.spill.bytes;
  }

  /** Records in memory that could be written nowhere so far. */
  get held(): number {
    return this.#held.count + this.#lent.length;
  }

  /** Stores what an earlier process left. */
  async resume(): Promise<void> {
    await this.#alone(() => this.#options.spill.adopt());
    if (this.#options.spill.bytes > 0) this.#startReplay();
  }

  /** Resolves once the records outlive the process, or memory is the only place left for them. Never rejects. */
  async put(batch: readonly WrittenRecord[]): Promise<void> {
    if (batch.length === 0) return;
    if (this.#replay === null) {
      const write = this.#write(batch);
      if ((await within(PATIENCE_MS, write)) === "stored") {
        this.stored += batch.length;
        return;
      }
      // Where it is stored in the end all the same, storing it again changes nothing.
    }
    await this.#spill(batch);
    this.#startReplay();
  }

  /** Stores what waits for up to `patience` milliseconds; what remains is left in files. Returns how many are lost. */
  async close(patience: number): Promise<number> {
    this.#wake?.();
    if (this.#replay !== null) await within(patience, this.#replay);
    this.#stopped = true;
    this.#wake?.();
    if (this.#replay !== null) await within(CLOSING_MS, this.#replay);
    this.#settleLent(false);
    await this.#spill([]);
    await this.#alone(() => this.#options.spill.close());
    return this.lost + this.held;
  }

  async #write(batch: readonly WrittenRecord[]): Promise<"stored" | "failed"> {
    try {
      await this.#options.store.write(batch);
    } catch (error) {
      if (!this.#failing)
        this.#options.logger.error("Requests cannot be recorded; their records wait in files.", {
          error: String(error),
        });
      this.#failing = true;
      return "failed";
    }
    if (this.#failing) this.#options.logger.info("Requests are being recorded again.");
    this.#failing = false;
    return "stored";
  }

  /** Into a file, after what is held in memory; into memory where no file can be written. */
  #spill(batch: readonly WrittenRecord[]): Promise<void> {
    return this.#alone(async () => {
      const all = [...this.#held.takeAll(), ...batch];
      if (all.length === 0) return;
      try {
        await this.#options.spill.append(all);
      } catch (error) {
        this.#held.add(all, error);
      }
    });
  }

  #startReplay(): void {
    if (!this.#stopped) this.#replay ??= this.#replayAll();
  }

  async #replayAll(): Promise<void> {
    const { spill } = this.#options;
    for (let failures = 0; !this.#stopped; ) {
      const { batch, held } = await this.#alone(async () => {
        const spilled = await this.#next();
        if (spilled.length > 0) return { batch: spilled, held: false };
        const batch = this.#held.take(BATCH.records);
        // Here and not later: what is put from now on begins another replay.
        if (batch.length === 0) this.#replay = null;
        this.#lent = batch;
        return { batch, held: true };
      });
      if (batch.length === 0) return;
      const done = await this.#store(batch, failures);
      if (done && !held) spill.stored();
      if (held) this.#settleLent(done);
      failures = done ? 0 : failures + 1;
      if (!done && !this.#stopped)
        await this.#wait(Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), MAX_RETRY_MS));
    }
    this.#replay = null;
  }

  #settleLent(stored: boolean): void {
    if (!stored) this.#held.giveBack(this.#lent);
    this.#lent = [];
  }

  async #next(): Promise<WrittenRecord[]> {
    try {
      return await this.#options.spill.next(BATCH);
    } catch (error) {
      this.#options.logger.error("A file of waiting records cannot be read.", { error: String(error) });
      return [];
    }
  }

  /** Whether the batch is done with. A record that alone is refused while others are stored would hold up all. */
  async #store(batch: readonly WrittenRecord[], failures: number): Promise<boolean> {
    if ((await within(GIVE_UP_MS, this.#write(batch))) === "stored") {
      this.stored += batch.length;
      return true;
    }
    if (failures < FAILURES_OF_A_BATCH || batch.length === 1) return false;
    const refused: string[] = [];
    for (const written of batch)
      if ((await within(GIVE_UP_MS, this.#write([written]))) !== "stored") refused.push(written.record.id);
    if (refused.length === batch.length) return false;
    this.stored += batch.length - refused.length;
    this.#refused += refused.length;
    this.#options.logger.error("The storage refuses records; they are lost.", { ids: refused.slice(0, 20) });
    return true;
  }

  /** Runs `work` once what was begun before has ended. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#files.then(work);
    this.#files = result.catch(() => {});
    return result;
  }

  #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    return promise.finally(() => {
      clearTimeout(timer);
      this.#wake = null;
    });
  }
}

/** What the work gives, or `late` when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = setTimeout(() => resolve("late"), ms);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
