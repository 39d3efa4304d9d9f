const BUCKETS = 10;

/** Calls and failures over the last `span` milliseconds, in ten steps. Costs two additions a call. */
export class RollingWindow {
  readonly #step: number;
  readonly #calls = new Float64Array(BUCKETS);
  readonly #failures = new Float64Array(BUCKETS);
  /** Number of the current step since the clock's zero. */
  #current = 0;

  constructor(span: number) {
    this.#step = span / BUCKETS;
  }

  add(failed: boolean, now: number): void {
    const bucket = this.#advance(now);
    this.#calls[bucket]!++;
    if (failed) this.#failures[bucket]!++;
  }

  /** A call that was counted as good has failed after all. */
  turnBad(now: number): void {
    this.#failures[this.#advance(now)]!++;
  }

  totals(now: number): { calls: number; failures: number } {
    this.#advance(now);
    let calls = 0;
    let failures = 0;
    for (let i = 0; i < BUCKETS; i++) {
      calls += this.#calls[i]!;
      failures += this.#failures[i]!;
    }
    return { calls, failures };
  }

  clear(): void {
    this.#calls.fill(0);
    this.#failures.fill(0);
  }

  /** Empties the buckets whose time has passed; returns the current one. */
  #advance(now: number): number {
    const step = Math.floor(now / this.#step);
    const passed = Math.min(BUCKETS, step - this.#current);
    for (let i = 1; i <= passed; i++) {
      const bucket = (step - passed + i) % BUCKETS;
      this.#calls[bucket] = 0;
      this.#failures[bucket] = 0;
    }
    if (step > this.#current) this.#current = step;
    return this.#current % BUCKETS;
  }
}
