import type { StatisticsOrder, StatisticsQuery, StatisticsRow } from "./record-store.ts";
import { RecordTotals } from "./record-totals.ts";

/** A group's values, in the order in which the groups were asked for. */
export type GroupValues = readonly (string | null)[];

interface Group {
  readonly values: GroupValues;
  /** By the number of the interval; 0 where there are none. */
  readonly intervals: Map<number, RecordTotals>;
}

/** Gathers the rows of an answer. Takes memory for every group and interval that there is. */
export class StatisticsGroups {
  readonly #groups = new Map<string, Group>();

  /** Where what belongs to a group and interval is added. */
  totals(values: GroupValues, interval: number): RecordTotals {
    const key = groupKey(values);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { values, intervals: new Map() };
      this.#groups.set(key, group);
    }
    let totals = group.intervals.get(interval);
    if (totals === undefined) {
      totals = new RecordTotals();
      group.intervals.set(interval, totals);
    }
    return totals;
  }

  /** Of the groups with the most of what they are ordered by, the largest first; each one's intervals in their order. */
  rows(
    { groups, limit, order = "requests" }: Wanted,
    startOf: (interval: number) => number | null,
  ): StatisticsRow[] {
    const largest = [...this.#groups.entries()]
      .map(([key, group]) => ({ key, ...group, weight: weightOf(group, order) }))
      .sort((one, other) => other.weight - one.weight || (one.key < other.key ? -1 : 1))
      .slice(0, limit);
    return largest.flatMap(({ values, intervals }) => {
      const group = Object.fromEntries(groups.map((name, index) => [name, values[index] ?? null]));
      return [...intervals.entries()]
        .sort(([one], [other]) => one - other)
        .map(([interval, totals]) => totals.row(group, startOf(interval)));
    });
  }
}

type Wanted = Pick<StatisticsQuery, "groups" | "limit" | "order">;

function weightOf({ intervals }: Group, order: StatisticsOrder): number {
  let weight = 0;
  for (const totals of intervals.values()) weight += totals.weight(order);
  return weight;
}

export function groupKey(values: GroupValues): string {
  return values.length === 1 && values[0] !== null ? `"${values[0]}` : JSON.stringify(values);
}

/** Groups of which more than this are told apart at once: then those with the least are forgotten. */
const MOST_COUNTED = 200_000;

/**
 * Adds up by group what groups are ordered by, to find the largest where they may be as many as requests are. Exact up to
 * 200,000 groups; beyond, groups that had little when memory ran short may be missing.
 */
export class GroupCounts {
  readonly #counts = new Map<string, number>();

  add(values: GroupValues, weight: number): void {
    const key = groupKey(values);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + weight);
    if (this.#counts.size > MOST_COUNTED) this.#forgetSmall();
  }

  largest(limit: number): ReadonlySet<string> {
    return new Set(this.#bySize().slice(0, limit));
  }

  #bySize(): string[] {
    return [...this.#counts.entries()]
      .sort(([key, one], [otherKey, other]) => other - one || (key < otherKey ? -1 : 1))
      .map(([key]) => key);
  }

  #forgetSmall(): void {
    for (const key of this.#bySize().slice(MOST_COUNTED / 2)) this.#counts.delete(key);
  }
}
