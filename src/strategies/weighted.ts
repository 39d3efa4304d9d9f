import type { Option, Ranking, Strategy } from "./strategy.ts";

/**
 * At random, each option as often as its weight says; the others follow, the heaviest first. An option of weight 0 is a
 * fallback alone. `random` gives numbers from 0 up to but not including 1.
 */
export class Weighted implements Strategy {
  readonly name = "weighted";
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  order(options: readonly Option[]): Ranking {
    const total = options.reduce((sum, { weight }) => sum + weight, 0);
    const first = drawn(options, total, this.#random());
    const order = options.filter((option) => option !== first).sort((a, b) => b.weight - a.weight);
    order.unshift(first);
    return {
      order,
      probability: total > 0 ? first.weight / total : 1,
      reason: ({ weight }, at) => (at === 0 ? `drawn by weight ${weight} of ${total}` : `weight ${weight}`),
    };
  }
}

/** The first one where none has a weight. */
function drawn(options: readonly Option[], total: number, random: number): Option {
  let left = random * total;
  let last = options[0]!;
  for (const option of options) {
    if (!(option.weight > 0)) continue;
    last = option;
    left -= option.weight;
    if (left < 0) return option;
  }
  // What is left of rounding belongs to the last.
  return last;
}
