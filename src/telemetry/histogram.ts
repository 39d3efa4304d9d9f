import type { Sample } from "./exposition.ts";

/** Upper bounds in seconds: from an answer of the gateway itself to a long agent's turn. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** Durations counted in fixed buckets. */
export class Histogram {
  readonly #counts = new Array<number>(BOUNDS.length + 1).fill(0);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += seconds;
  }

  /** The cumulative buckets, sum and count of the metric `name`; none before the first observation. */
  *samples(name: string, labels: Readonly<Record<string, string>>): Generator<Sample> {
    let count = this.#counts.reduce((sum, bucket) => sum + bucket, 0);
    if (count === 0) return;
    count = 0;
    for (const [index, bucket] of this.#counts.entries()) {
      count += bucket;
      const le = index < BOUNDS.length ? String(BOUNDS[index]) : "+Inf";
      yield { name: `${name}_bucket`, labels: { ...labels, le }, value: count };
    }
    yield { name: `${name}_sum`, labels, value: this.#sum };
    yield { name: `${name}_count`, labels, value: count };
  }
}
