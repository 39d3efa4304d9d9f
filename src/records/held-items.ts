import type { Logger } from "../lib/logger.ts";
import type { BatchLimit, Storable } from "./storable.ts";

const LOG_INTERVAL_MS = 60_000;

export interface HeldItemsOptions<Item> {
  readonly kind: Storable<Item>;
  /** Bytes that they may take. */
  readonly limit: () => number;
  readonly logger: Logger;
}

/** Items in memory that can be written nowhere. Beyond the bound the oldest are made lighter, then are lost. */
export class HeldItems<Item> {
  readonly #options: HeldItemsOptions<Item>;
  readonly #items: Item[] = [];
  #bytes = 0;
  /** The first this many are as light as they get. */
  #light = 0;
  #lightened = 0;
  #lost = 0;
  #lostAtLastLog = 0;
  #nextLog = -Infinity;
  #nextLossLog = -Infinity;

  constructor(options: HeldItemsOptions<Item>) {
    this.#options = options;
  }

  get count(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Items of which something was left out since the start, and items that were lost. */
  get lightened(): number {
    return this.#lightened;
  }

  get lost(): number {
    return this.#lost;
  }

  /** Keeps items behind those that are kept. */
  add(items: readonly Item[]): void {
    for (const item of items) {
      this.#items.push(item);
      this.#bytes += this.#sizeOf(item);
    }
  }

  /** The oldest, no longer kept: those within the limit, at least one where there are any. */
  take(limit: BatchLimit): Item[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(limit.items, this.#items.length); count++) {
      bytes += this.#sizeOf(this.#items[count]!);
      if (count > 0 && bytes > limit.bytes) break;
    }
    const taken = this.#items.splice(0, count);
    this.#light = Math.max(0, this.#light - count);
    for (const item of taken) this.#bytes -= this.#sizeOf(item);
    return taken;
  }

  /** Puts what was taken before all others again. */
  giveBack(items: readonly Item[]): void {
    this.#items.unshift(...items);
    this.#light = 0;
    for (const item of items) this.#bytes += this.#sizeOf(item);
  }

  /** Brings them within the bound, and tells of them; `cause` is why they cannot be written. */
  shrink(cause: unknown): void {
    const limit = this.#options.limit();
    while (this.#bytes > limit && this.#light < this.#items.length) this.#lighten(this.#light++);
    let dropped = 0;
    while (this.#bytes > limit && dropped < this.#items.length)
      this.#bytes -= this.#sizeOf(this.#items[dropped++]!);
    this.#items.splice(0, dropped);
    this.#light = Math.max(0, this.#light - dropped);
    this.#lost += dropped;
    this.#tell(cause, dropped > 0);
  }

  #lighten(index: number): void {
    const item = this.#items[index]!;
    const lighter = this.#options.kind.lighten(item);
    if (lighter === item) return;
    this.#items[index] = lighter;
    this.#bytes += this.#sizeOf(lighter) - this.#sizeOf(item);
    this.#lightened++;
  }

  #sizeOf(item: Item): number {
    return this.#options.kind.sizeOf(item);
  }

  /** At most once a minute that items wait, and at once where the first are lost. */
  #tell(cause: unknown, isLoss: boolean): void {
    const now = performance.now();
    if (now < (isLoss ? this.#nextLossLog : this.#nextLog)) return;
    this.#nextLog = now + LOG_INTERVAL_MS;
    if (isLoss) this.#nextLossLog = now + LOG_INTERVAL_MS;
    const { kind, logger } = this.#options;
    logger.error(`What can be written neither to the database nor to files waits in memory: ${kind.name}.`, {
      error: String(cause),
      waiting: this.count,
      lost: this.#lost - this.#lostAtLastLog,
      lost_in_all: this.#lost,
      without_bodies: this.#lightened,
    });
    this.#lostAtLastLog = this.#lost;
  }
}
