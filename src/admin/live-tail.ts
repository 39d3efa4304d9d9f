import type { RequestRecord } from "../records/record.ts";

/** Records that wait for one listener; what comes beyond that is dropped and counted. */
const MAX_WAITING = 1000;
/** Listeners at once. */
const MAX_LISTENERS = 100;

/** What a listener gets: a record, or how many it missed because it was slow. */
export type TailItem = { readonly record: RequestRecord } | { readonly dropped: number };

/** One who listens. */
export class TailListener {
  readonly #wants: (record: RequestRecord) => boolean;
  #waiting: RequestRecord[] = [];
  #dropped = 0;
  #wake: (() => void) | null = null;
  #over = false;

  constructor(wants: (record: RequestRecord) => boolean) {
    this.#wants = wants;
  }

  offer(record: RequestRecord): void {
    if (this.#over || !this.#wants(record)) return;
    if (this.#waiting.length >= MAX_WAITING) this.#dropped++;
    else this.#waiting.push(record);
    this.#wake?.();
  }

  end(): void {
    this.#over = true;
    this.#wake?.();
  }

  /** What has come, after waiting up to `patienceMs` for it: empty when nothing has. Null once it is over. */
  async next(patienceMs: number): Promise<readonly TailItem[] | null> {
    if (this.#waiting.length === 0 && !this.#over) await this.#arrival(patienceMs);
    if (this.#over) return null;
    const items: TailItem[] = this.#waiting.map((record) => ({ record }));
    if (this.#dropped > 0) items.push({ dropped: this.#dropped });
    this.#waiting = [];
    this.#dropped = 0;
    return items;
  }

  async #arrival(patienceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patienceMs);
    this.#wake = resolve;
    await promise;
    this.#wake = null;
    clearTimeout(timer);
  }
}

/** Hands finished requests to those who watch them. A listener that is slow misses some; nobody waits for it. */
export class LiveTail {
  readonly #listeners = new Set<TailListener>();

  /** To be called with every finished request. */
  publish(record: RequestRecord): void {
    for (const listener of this.#listeners) listener.offer(record);
  }

  /** Whether anybody listens. */
  get watched(): boolean {
    return this.#listeners.size > 0;
  }

  /** Null when too many listen already. `wants` is asked for every finished request and must be quick. */
  listen(wants: (record: RequestRecord) => boolean): TailListener | null {
    if (this.#listeners.size >= MAX_LISTENERS) return null;
    const listener = new TailListener(wants);
    this.#listeners.add(listener);
    return listener;
  }

  leave(listener: TailListener): void {
    this.#listeners.delete(listener);
    listener.end();
  }

  /** Ends every listener: the gateway stops. */
  close(): void {
    for (const listener of [...this.#listeners]) this.leave(listener);
  }
}
