/** Every number that was measured: for each door and metric, one a round. */
export class Samples {
  readonly #values = new Map<string, Map<string, number[]>>();

  add(door: string, metric: string, value: number): void {
    const metrics = this.#values.get(door) ?? new Map<string, number[]>();
    this.#values.set(door, metrics);
    metrics.set(metric, [...(metrics.get(metric) ?? []), value]);
  }

  /** The median over the rounds, or nothing where it was not measured. */
  median(door: string, metric: string): number | undefined {
    const values = this.#values.get(door)?.get(metric);
    return values === undefined ? undefined : median(values);
  }

  toJSON(): Record<string, Record<string, number[]>> {
    return Object.fromEntries(
      [...this.#values].map(([door, metrics]) => [door, Object.fromEntries(metrics)]),
    );
  }
}

/** The middle value; of an even number of values, the mean of the two in the middle. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
