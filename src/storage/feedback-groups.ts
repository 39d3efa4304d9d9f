import type { FeedbackRow, StatisticsQuery } from "./record-store.ts";
import { type GroupValues, groupKey } from "./statistics-groups.ts";

interface Cell {
  readonly values: GroupValues;
  readonly interval: number;
  readonly name: string;
  /** The piece that was counted last. */
  piece: number;
  count: number;
  positive: number;
  negative: number;
  numbers: number;
  sum: number;
  corrections: number;
}

/** Gathers the rows of an answer. Takes memory for every group, interval and name that there is. */
export class FeedbackGroups {
  readonly #cells = new Map<string, Cell>();

  /**
   * `piece` is a number of the feedback's own, `value` is JSON text. A piece that comes several times for one group and
   * interval counts once; all of one piece must come one after the other.
   */
  add(values: GroupValues, interval: number, { piece, name, value }: FeedbackPiece): void {
    const key = JSON.stringify([values, interval, name]);
    let cell = this.#cells.get(key);
    if (cell === undefined) {
      const none = {
        piece: Number.NaN,
        count: 0,
        positive: 0,
        negative: 0,
        numbers: 0,
        sum: 0,
        corrections: 0,
      };
      cell = { values, interval, name, ...none };
      this.#cells.set(key, cell);
    }
    if (cell.piece === piece) return;
    cell.piece = piece;
    count(cell, JSON.parse(value));
  }

  /** Of the groups with the most feedback, the largest first; each one's intervals and names in their order. */
  rows(
    { groups, limit }: Pick<StatisticsQuery, "groups" | "limit">,
    startOf: (interval: number) => number | null,
  ): FeedbackRow[] {
    const byGroup = Map.groupBy(this.#cells.values(), ({ values }) => groupKey(values));
    return [...byGroup]
      .map(([key, cells]) => ({ key, cells, count: cells.reduce((sum, cell) => sum + cell.count, 0) }))
      .sort((one, other) => other.count - one.count || (one.key < other.key ? -1 : 1))
      .slice(0, limit)
      .flatMap(({ cells }) =>
        cells
          .sort((one, other) => one.interval - other.interval || (one.name < other.name ? -1 : 1))
          .map(({ values, interval, name, numbers, sum, ...cell }) => ({
            group: Object.fromEntries(groups.map((group, index) => [group, values[index] ?? null])),
            start: startOf(interval),
            name,
            count: cell.count,
            positive: cell.positive,
            negative: cell.negative,
            numbers,
            mean: numbers === 0 ? null : sum / numbers,
            corrections: cell.corrections,
          })),
      );
  }
}

/** Feedback as a database keeps it. */
export interface FeedbackPiece {
  readonly piece: number;
  readonly name: string;
  readonly value: string;
}

function count(cell: Cell, value: unknown): void {
  cell.count++;
  if (value === true) cell.positive++;
  else if (value === false) cell.negative++;
  else if (typeof value === "number") {
    cell.numbers++;
    cell.sum += value;
  } else if (typeof value === "object") cell.corrections++;
}
