import type { Logger } from "../lib/logger.ts";
import { within } from "../lib/within.ts";
import { StorageError } from "../storage/interface.ts";
import { HeldItems } from "./held-items.ts";
import { Spill, SpillFullError } from "./spill.ts";
import { framesIn } from "./spill-frame.ts";
import type { Storable } from "./storable.ts";

/** A storage that has not answered after this many milliseconds is slow, and items go to files meanwhile. */
const PATIENCE_MS = 25;
/** A call that takes longer than this has failed. */
const GIVE_UP_MS = 60_000;
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;
/** After so many failures a batch is taken apart, to find out whether one item of it is to blame. */
const FAILURES_OF_A_BATCH = 3;
/** For the call that runs at the end. */
const CLOSING_MS = 1_000;

type Written = "stored" | "failed" | "refused" | "late";

export interface SinkOptions<Item> {
  readonly kind: Storable<Item>;
  /** Stores all or none; items that are stored already change nothing. */
  readonly write: (batch: readonly Item[]) => Promise<unknown>;
  /** Where the files are. */
  readonly folder: string;
  /** Bytes that the files may take. */
  readonly space: () => number;
  /** Bytes of items that may wait in memory where they can be written nowhere. */
  readonly memory: () => number;
  readonly logger: Logger;
  /** Milliseconds to wait before so many are taken from the files. */
  readonly pace?: (items: number) => number;
}

/**
 * Puts items where they outlive the process: into the storage, or, while that is slow or gone, into files, from which
 * they are stored later, in their order. Storing is idempotent, so what may have been stored is stored again.
 */
export class DurableSink<Item> {
  readonly #options: SinkOptions<Item>;
  readonly #spill: Spill<Item>;
  readonly #held: HeldItems<Item>;
  /** Appends to the files and reads from them, one after the other. */
  #files: Promise<unknown> = Promise.resolve();
  #replay: Promise<void> | null = null;
  /** Taken from memory, and on their way to the storage. */
  #lent: readonly Item[] = [];
  #failing = false;
  #closing = false;
  #stopped = false;
  #wake: (() => void) | null = null;
  #stored = 0;
  #refused = 0;

  constructor(options: SinkOptions<Item>) {
    const { kind, logger, folder, space, memory } = options;
    this.#options = options;
    this.#spill = new Spill({ folder, kind, logger, maxBytes: space });
    this.#held = new HeldItems({ kind, logger, limit: memory });
  }

  /** Items stored since the start. */
  get stored(): number {
    return this.#stored;
  }

  /** Items lost since the start: no room was left for them, or the storage refuses them. */
  get lost(): number {
    return this.#held.lost + this.#refused;
  }

  /** Items of which something was left out since the start, because no room was left. */
  get lightened(): number {
    return this.#held.lightened;
  }

  /** Bytes of items that wait in files. */
  get waitingBytes(): number {
    return this.#spill.bytes;
  }

  /** Items in memory that could be written nowhere so far, and their bytes. */
  get held(): number {
    return this.#held.count + this.#lent.length;
  }

  get heldBytes(): number {
    const { kind } = this.#options;
    return this.#lent.reduce((bytes, item) => bytes + kind.sizeOf(item), this.#held.bytes);
  }

  /** Stores what an earlier process left. */
  async resume(): Promise<void> {
    await this.#alone(() => this.#spill.adopt());
    if (this.#spill.bytes > 0) this.#startReplay();
  }

  /** Resolves once the items outlive the process, or memory is the only place left for them. Never rejects. */
  async put(batch: readonly Item[]): Promise<void> {
    if (batch.length === 0) return;
    if (this.#replay === null) {
      if ((await within(PATIENCE_MS, this.#write(batch))) === "stored") {
        this.#stored += batch.length;
        return;
      }
      // Where it is stored in the end all the same, storing it again changes nothing.
    }
    await this.#setAside(batch);
    this.#startReplay();
  }

  /**
   * Puts items that are framed already into files, whatever the storage does: they are stored later. The bytes may not
   * change until it resolves. Never rejects.
   */
  async defer(framed: Buffer): Promise<void> {
    await this.#alone(async () => {
      try {
        await this.#spill.appendFrames(framed);
      } catch (error) {
        // Copies, for the bytes are used again.
        this.#held.add(
          Array.from(framesIn(Buffer.from(framed)), (bytes) => this.#options.kind.decode(bytes)),
        );
        this.#held.shrink(error);
      }
    });
    this.#startReplay();
  }

  /** Stores what waits for up to `patience` milliseconds; what remains is left in files. Returns how many are lost. */
  async close(patience: number): Promise<number> {
    this.#closing = true;
    this.#wake?.();
    if (this.#replay !== null) await within(patience, this.#replay);
    this.#stopped = true;
    this.#wake?.();
    if (this.#replay !== null) await within(CLOSING_MS, this.#replay);
    await this.#alone(async () => this.#settleLent(false));
    await this.#setAside([]);
    await this.#alone(() => this.#spill.close());
    return this.lost + this.held;
  }

  async #write(batch: readonly Item[]): Promise<Exclude<Written, "late">> {
    const { kind, logger } = this.#options;
    try {
      await this.#options.write(batch);
    } catch (error) {
      if (!this.#failing)
        logger.error(`What cannot be stored now waits in files: ${kind.name}.`, { error: String(error) });
      this.#failing = true;
      return error instanceof StorageError && !error.refusesData ? "failed" : "refused";
    }
    if (this.#failing) logger.info(`The storage works again: ${kind.name}.`);
    this.#failing = false;
    return "stored";
  }

  /** Into a file, after what is held in memory; into memory where no file can be written. */
  #setAside(batch: readonly Item[]): Promise<void> {
    return this.#alone(async () => {
      this.#held.add(batch);
      const { batch: limit } = this.#options.kind;
      for (let items = limit.items; ; ) {
        const next = this.#held.take({ ...limit, items });
        if (next.length === 0) return;
        try {
          await this.#spill.append(next);
        } catch (error) {
          this.#held.giveBack(next);
          // There may be room for fewer.
          if (error instanceof SpillFullError && next.length > 1) {
            items = Math.ceil(next.length / 2);
            continue;
          }
          this.#held.shrink(error);
          return;
        }
      }
    });
  }

  #startReplay(): void {
    if (!this.#stopped) this.#replay ??= this.#replayAll();
  }

  async #replayAll(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      const { batch, held } = await this.#alone(() => this.#nextBatch());
      if (batch.length === 0) return;
      if (failures === 0 && !this.#closing) await this.#wait(this.#options.pace?.(batch.length) ?? 0);
      const done = await this.#store(batch, failures);
      if (done && !held) this.#spill.stored();
      if (held) await this.#alone(async () => this.#settleLent(done));
      failures = done ? 0 : failures + 1;
      if (!done) await this.#wait(Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures, 10), MAX_RETRY_MS));
      // Requests go first between two transactions.
      else await Bun.sleep(0);
    }
    this.#replay = null;
  }

  /** The oldest that wait, in files or else in memory. */
  async #nextBatch(): Promise<{ readonly batch: readonly Item[]; readonly held: boolean }> {
    const { kind } = this.#options;
    const spilled = await this.#readSpill();
    if (spilled.length > 0) return { batch: spilled, held: false };
    const batch = this.#held.take(kind.batch);
    // Here and not later: what is put from now on begins another replay.
    if (batch.length === 0) this.#replay = null;
    this.#lent = batch;
    return { batch, held: true };
  }

  #settleLent(stored: boolean): void {
    if (!stored) this.#held.giveBack(this.#lent);
    this.#lent = [];
  }

  async #readSpill(): Promise<Item[]> {
    const { kind, logger } = this.#options;
    try {
      return await this.#spill.next(kind.batch);
    } catch (error) {
      logger.error(`A file of waiting ${kind.name} cannot be read.`, { error: String(error) });
      return [];
    }
  }

  /** Whether the batch is done with. An item that alone is refused while others are stored would hold up all. */
  async #store(batch: readonly Item[], failures: number): Promise<boolean> {
    const written = await within(GIVE_UP_MS, this.#write(batch));
    if (written === "stored") {
      this.#stored += batch.length;
      return true;
    }
    if (written !== "refused" || failures < FAILURES_OF_A_BATCH || batch.length === 1) return false;
    return this.#storeApart(batch);
  }

  async #storeApart(batch: readonly Item[]): Promise<boolean> {
    const refused: Item[] = [];
    for (const item of batch) {
      const written = await within(GIVE_UP_MS, this.#write([item]));
      // Nothing is given up for what may pass: the whole batch is written again.
      if (written === "failed" || written === "late" || this.#stopped) return false;
      if (written === "refused") refused.push(item);
    }
    if (refused.length === batch.length) return false;
    this.#stored += batch.length - refused.length;
    this.#refused += refused.length;
    const { kind, logger } = this.#options;
    logger.error(`What the storage refuses is lost: ${kind.name}.`, {
      lost: refused.length,
      ids: refused.slice(0, 20).map((item) => kind.idOf(item)),
    });
    return true;
  }

  /** Runs `work` once what was begun before has ended. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#files.then(work);
    this.#files = result.catch(() => {});
    return result;
  }

  async #wait(ms: number): Promise<void> {
    if (this.#stopped || ms <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
    this.#wake = null;
  }
}
