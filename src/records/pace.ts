/** Requests a second from which on the traffic is heavy. Recording fewer takes no more than a tenth of a core. */
const HEAVY = 3_000;
/** Records a second that are made meanwhile. */
const STEADY = 300;
/** The traffic of the last one to two of these is looked at. */
const WINDOW_MS = 200;

/** How fast records may be made without taking from the traffic what it needs. */
export class Pace {
  #windowStart = -Infinity;
  #count = 0;
  #countBefore = 0;
  #nextAt = 0;

  /** So many requests have ended. */
  note(requests: number, now = performance.now()): void {
    this.#turn(now);
    this.#count += requests;
  }

  /** Whether more requests end than can be recorded at once without being felt. */
  isHeavy(now = performance.now()): boolean {
    this.#turn(now);
    const elapsed = now - this.#windowStart + WINDOW_MS;
    return (this.#count + this.#countBefore) * 1000 > HEAVY * elapsed;
  }

  /** Milliseconds to wait before so many records are made; 0 while the traffic is light. */
  delay(records: number, now = performance.now()): number {
    if (!this.isHeavy(now)) return 0;
    const wait = Math.max(0, this.#nextAt - now);
    this.#nextAt = now + wait + (records * 1000) / STEADY;
    return wait;
  }

  #turn(now: number): void {
    const past = now - this.#windowStart;
    if (past < WINDOW_MS) return;
    this.#countBefore = past < 2 * WINDOW_MS ? this.#count : 0;
    this.#count = 0;
    this.#windowStart = past < 2 * WINDOW_MS ? this.#windowStart + WINDOW_MS : now;
  }
}
