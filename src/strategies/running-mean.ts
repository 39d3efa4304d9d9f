/** A mean of the last values, some `span` of them: plain at first, then each new one counts 1 / span. */
export class RunningMean {
  readonly #span: number;
  #count: number;
  #mean: number;

  /** `before` is taken for the mean, and counts as much as `worth` values. */
  constructor(span: number, before: number, worth: number) {
    this.#span = span;
    this.#mean = before;
    this.#count = worth;
  }

  /** How many values it is of, at most `span`. */
  get count(): number {
    return this.#count;
  }

  get value(): number {
    return this.#mean;
  }

  /** What is no number of at least 0 is passed over. */
  add(value: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) return;
    this.#count = Math.min(this.#count + 1, this.#span);
    this.#mean += (value - this.#mean) / this.#count;
  }
}
