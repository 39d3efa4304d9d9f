/** A value whose expectation is what is estimated, and between which limits it could have been. */
export interface Increment {
  readonly value: number;
  /** The least and most that it could have been, known before it was. Infinite where there is no limit. */
  readonly floor: number;
  readonly ceiling: number;
  /** How many there were of it. */
  readonly count: number;
}

/** Both ends belong to it. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * The share of what is at stake that each bettor bets, every time. Half of the one before each: one of them is never
 * far from the best bet, whatever the effect's size.
 */
const BETS = Array.from({ length: 13 }, (_, index) => 0.9 / 2 ** index);

/** Bisections of an interval's end: to a millionth of the range. */
const BISECTIONS = 20;

/**
 * The capital of bettors who bet against "the mean is at most `mean`" in a game that is fair if it is so. Should it be
 * true, their capital together ever reaches 1 / e with probability at most e (Ville's inequality), however often one
 * looks and whatever is decided in between. It is a product over the values: their order makes no difference.
 *
 * Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", JRSS B 2024, section 4, with a
 * mixture of constant bets (Cover's universal portfolio) in place of predicted ones; for weighted values
 * Waudby-Smith, Wu, Ramdas, Karampatziakis and Mineiro, "Anytime-valid off-policy inference for contextual bandits",
 * ACM/JMS Journal of Data Science 2024.
 */
export class Wealth {
  readonly #mean: number;
  /** Logarithms, of each bettor. */
  readonly #capital = new Float64Array(BETS.length);

  constructor(mean: number) {
    this.#mean = mean;
  }

  /** `floor` is below the mean, finite, and at most `value`. */
  add(value: number, floor: number, count = 1): void {
    const gain = (value - this.#mean) / (this.#mean - floor);
    const capital = this.#capital;
    for (let index = 0; index < BETS.length; index += 1)
      capital[index]! += count * Math.log1p(BETS[index]! * gain);
  }

  /** Logarithm of their capital together, which began with 0. */
  log(): number {
    const most = Math.max(...this.#capital);
    if (!Number.isFinite(most)) return most;
    const sum = this.#capital.reduce((total, capital) => total + Math.exp(capital - most), 0);
    return most + Math.log(sum / BETS.length);
  }
}

/** Evidence that the mean is above `mean`, as the logarithm of the bettors' capital. Infinite where it must be above. */
export function evidenceAbove(increments: readonly Increment[], mean: number): number {
  const wealth = new Wealth(mean);
  for (const { value, floor, count } of increments) {
    if (floor >= mean) {
      if (value > mean) return Number.POSITIVE_INFINITY;
      continue;
    }
    wealth.add(value, floor, count);
  }
  return wealth.log();
}

/**
 * A confidence sequence for the mean of bounded values, within `range`: with probability 1 - `errorRate` it holds at all
 * times at once, for any number of values and any distribution of them. It is for values that have one mean; what their
 * limits are may follow from what was before.
 */
export function boundedInterval(
  increments: readonly Increment[],
  errorRate: number,
  range: Interval,
): Interval {
  const needed = Math.log(2 / errorRate);
  const mirrored = increments.map(({ value, floor, ceiling, count }) => ({
    value: -value,
    floor: -ceiling,
    ceiling: -floor,
    count,
  }));
  const low = leastMean(increments, needed, range);
  const high = -leastMean(mirrored, needed, { low: -range.high, high: -range.low });
  return { low, high: Math.max(low, high) };
}

/** The smallest mean that the evidence does not speak against: evidence falls as the mean grows. */
function leastMean(increments: readonly Increment[], needed: number, range: Interval): number {
  let { low, high } = range;
  if (increments.length === 0 || evidenceAbove(increments, low + (high - low) * 1e-12) < needed) return low;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (evidenceAbove(increments, middle) >= needed) low = middle;
    else high = middle;
  }
  return low;
}

/** As many values as the asymptotic sequence is narrowest for, in comparison. */
const TUNED_FOR = 1_000;

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** Mean squared distance to the mean. */
  readonly variance: number;
  /** Mean fourth power of the distance to the mean. */
  readonly fourth: number;
}

export function momentsOf(increments: readonly Pick<Increment, "value" | "count">[]): Moments {
  let count = 0;
  let mean = 0;
  for (const increment of increments) {
    count += increment.count;
    mean += ((increment.value - mean) * increment.count) / count;
  }
  let squares = 0;
  let fourths = 0;
  for (const increment of increments) {
    const square = (increment.value - mean) ** 2;
    squares += increment.count * square;
    fourths += increment.count * square * square;
  }
  return count === 0
    ? { count, mean: 0, variance: 0, fourth: 0 }
    : { count, mean, variance: squares / count, fourth: fourths / count };
}

/** Values before anything is concluded from those without bounds. */
export const ENOUGH = 100;

/** Standard errors of the variance that are added to it: with none, intervals of log-normal values miss in 9 % of cases. */
const CAUTION = 3;

/**
 * A confidence sequence for the mean of values without known bounds. Its error rate is held over all times from some
 * number of values on, as the central limit theorem's is at one time; the caller asks only when there are enough.
 *
 * Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence
 * sequences", Annals of Statistics 2024, theorem 2.2 and, for the width's tuning, appendix B.2. The variance is raised by
 * its own uncertainty, which vanishes as values become many.
 */
export function asymptoticInterval(moments: Moments, errorRate: number): Interval {
  const { count, mean } = moments;
  const variance = cautiousVariance(moments);
  if (count === 0 || !Number.isFinite(mean) || !Number.isFinite(variance))
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const spread = -2 * Math.log(errorRate);
  const rho2 = (spread + Math.log(spread + 1)) / TUNED_FOR;
  const time = count * rho2 + 1;
  const width = Math.sqrt(
    ((2 * time * variance) / (count * count * rho2)) * Math.log(Math.sqrt(time) / errorRate),
  );
  return { low: mean - width, high: mean + width };
}

function cautiousVariance({ count, variance, fourth }: Moments): number {
  const error = Math.sqrt(Math.max(0, fourth - variance * variance) / Math.max(1, count));
  return variance + CAUTION * error;
}
