/** Milliseconds of work after which requests have their turn. */
const SLICE_MS = 2;

/** Measures how long work has gone on since the last pause. */
export class Slice {
  #until = performance.now() + SLICE_MS;

  /** Whether it is time to pause; the next slice begins then. */
  over(): boolean {
    const now = performance.now();
    if (now < this.#until) return false;
    this.#until = now + SLICE_MS;
    return true;
  }
}

/** Lets everything else run that waits. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
