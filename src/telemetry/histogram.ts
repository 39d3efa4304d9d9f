/** Values counted in fixed buckets. */
export class Histogram {
  /** Upper bounds of the buckets, rising; what is above the last is counted in one more. */
  readonly bounds: readonly number[];
  /** Counts by bucket, not cumulative: one longer than `bounds`. */
  readonly counts: number[];
  sum = 0;
  count = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
    this.count++;
  }
}
