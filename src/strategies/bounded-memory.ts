/**
 * What was last known of so many things, each for so long. The longest unused are forgotten first. Lifetimes are in
 * milliseconds on a clock that is never set; one that goes backward shortens nothing.
 */
export class BoundedMemory<T> {
  readonly #most: number;
  readonly #lifetime: number;
  readonly #kept = new Map<string, { value: T; at: number }>();

  constructor(most: number, lifetime: number) {
    this.#most = Math.max(1, most);
    this.#lifetime = lifetime;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Null where nothing is known, or too long ago. */
  get(key: string, now: number): T | null {
    const entry = this.#kept.get(key);
    if (entry === undefined) return null;
    if (now - entry.at <= this.#lifetime) return entry.value;
    this.#kept.delete(key);
    return null;
  }

  set(key: string, value: T, now: number): void {
    const entry = this.#kept.get(key);
    // Put anew, a key moves to the end: the first one is the longest unused.
    if (entry !== undefined) this.#kept.delete(key);
    else if (this.#kept.size >= this.#most) this.#dropOldest();
    this.#kept.set(key, { value, at: Math.max(now, entry?.at ?? now) });
  }

  delete(key: string): void {
    this.#kept.delete(key);
  }

  #dropOldest(): void {
    for (const key of this.#kept.keys()) {
      this.#kept.delete(key);
      return;
    }
  }
}
