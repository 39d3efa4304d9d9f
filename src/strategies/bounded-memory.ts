interface Entry<T> {
  readonly value: T;
  readonly at: number;
}

/**
 * What was last known of so many things, each for so long. Of more things than that, the ones put down longest ago are
 * forgotten, half of them at a time: taking the oldest entry out of a large Map for each new one costs 20 microseconds.
 * Lifetimes are in milliseconds on a clock that is never set; one that goes backward shortens nothing.
 */
export class BoundedMemory<T> {
  readonly #half: number;
  readonly #lifetime: number;
  #recent = new Map<string, Entry<T>>();
  #older = new Map<string, Entry<T>>();

  constructor(most: number, lifetime: number) {
    this.#half = Math.max(1, Math.floor(most / 2));
    this.#lifetime = lifetime;
  }

  /** At most what may be kept; a thing that was put down again may count twice. */
  get size(): number {
    return this.#recent.size + this.#older.size;
  }

  /** Null where nothing is known, or too long ago. */
  get(key: string, now: number): T | null {
    const entry = this.#recent.get(key) ?? this.#older.get(key);
    return entry !== undefined && now - entry.at <= this.#lifetime ? entry.value : null;
  }

  set(key: string, value: T, now: number): void {
    if (this.#recent.size >= this.#half && !this.#recent.has(key)) {
      this.#older = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(key, { value, at: now });
  }
}
