import type { Logger } from "../lib/logger.ts";
import type { WrittenRecord } from "./record.ts";

const LOG_INTERVAL_MS = 60_000;
/** What a record takes without its bodies, roughly. */
const RECORD_BYTES = 2_000;

/** Records in memory that can be written nowhere. Beyond the bound the oldest lose their bodies, then are lost whole. */
export class HeldRecords {
  readonly #limit: () => number;
  readonly #logger: Logger;
  #records: WrittenRecord[] = [];
  #bytes = 0;
  /** The first this many have no bodies. */
  #bare = 0;
  #lost = 0;
  #lostAtLastLog = 0;
  #nextLog = -Infinity;

  constructor(limit: () => number, logger: Logger) {
    this.#limit = limit;
    this.#logger = logger;
  }

  get count(): number {
    return this.#records.length;
  }

  /** Records that were lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  /** Keeps records behind those that are kept; `cause` is why they cannot be written. */
  add(records: readonly WrittenRecord[], cause: unknown): void {
    for (const record of records) {
      this.#records.push(record);
      this.#bytes += sizeOf(record);
    }
    const limit = this.#limit();
    while (this.#bytes > limit && this.#bare < this.#records.length) this.#strip(this.#bare++);
    let dropped = 0;
    while (this.#bytes > limit && dropped < this.#records.length)
      this.#bytes -= sizeOf(this.#records[dropped++]!);
    if (dropped > 0) {
      this.#records = this.#records.slice(dropped);
      this.#bare = Math.max(0, this.#bare - dropped);
      this.#lost += dropped;
    }
    this.#tell(cause);
  }

  /** The oldest, no longer kept. */
  take(count: number): WrittenRecord[] {
    const taken = this.#records.slice(0, count);
    this.#records = this.#records.slice(count);
    this.#bare = Math.max(0, this.#bare - taken.length);
    for (const record of taken) this.#bytes -= sizeOf(record);
    return taken;
  }

  takeAll(): WrittenRecord[] {
    return this.take(this.#records.length);
  }

  /** Puts what was taken before all others again. */
  giveBack(records: readonly WrittenRecord[]): void {
    this.#records = [...records, ...this.#records];
    this.#bare = 0;
    for (const record of records) this.#bytes += sizeOf(record);
  }

  #strip(index: number): void {
    const { record, bodies } = this.#records[index]!;
    if (bodies === null) return;
    this.#bytes -= sizeOf(this.#records[index]!);
    this.#records[index] = { record, bodies: null };
    this.#bytes += RECORD_BYTES;
  }

  #tell(cause: unknown): void {
    const now = performance.now();
    if (now < this.#nextLog) return;
    this.#nextLog = now + LOG_INTERVAL_MS;
    const lost = this.#lost - this.#lostAtLastLog;
    this.#lostAtLastLog = this.#lost;
    this.#logger.error("Records can be written neither to the database nor to files; they wait in memory.", {
      error: String(cause),
      waiting: this.#records.length,
      lost,
      lost_in_all: this.#lost,
    });
  }
}

function sizeOf({ bodies }: WrittenRecord): number {
  return RECORD_BYTES + (bodies?.request?.length ?? 0) + (bodies?.response?.length ?? 0);
}
