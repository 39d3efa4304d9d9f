/** Something that is to happen at a moment of the monotonic clock unless it is moved or removed first. */
export interface Deadline {
  /** `performance.now()` milliseconds; Infinity while there is none. */
  at: number;
  /** Called once when `at` has passed; it may set a new `at`. */
  expire(now: number): void;
}

/**
 * Timeouts for thousands of streams at the price of one timer: moving a deadline is an assignment, and all of them
 * are looked at every `resolution` milliseconds while there are any. A deadline is met up to one resolution late.
 */
export class Deadlines {
  readonly #waiting = new Set<Deadline>();
  readonly #resolution: number;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(resolution = 50) {
    this.#resolution = resolution;
  }

  add(deadline: Deadline): void {
    this.#waiting.add(deadline);
    this.#timer ??= setInterval(() => this.#tick(), this.#resolution);
  }

  remove(deadline: Deadline): void {
    this.#waiting.delete(deadline);
  }

  #tick(): void {
    if (this.#waiting.size === 0) {
      if (this.#timer) clearInterval(this.#timer);
      this.#timer = null;
      return;
    }
    const now = performance.now();
    for (const deadline of this.#waiting) {
      if (deadline.at > now) continue;
      deadline.at = Number.POSITIVE_INFINITY;
      try {
        deadline.expire(now);
      } catch (error) {
        // Logged as an unhandled rejection: one deadline's defect must not take the others' time away.
        void Promise.reject(error);
      }
    }
  }
}
