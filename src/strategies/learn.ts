import { type Posterior, sharePosterior, standings } from "../experiments/posterior.ts";
import { RunningMean } from "./running-mean.ts";
import type { Asked, Option, Ranking, Report, Strategy } from "./strategy.ts";

export interface LearnSettings {
  /** What an answer of the options' average cost takes off a judgement, which is from 0 to 1; and one of average latency. */
  readonly cost: number;
  readonly latency: number;
  /** Each option gets at least this share, unless there are so many that a fifth of all would go to chance. */
  readonly minimumShare: number;
}

export const LEARN_DEFAULTS: LearnSettings = { cost: 0.2, latency: 0.1, minimumShare: 0.02 };

/** An option's older judgements count this much less with each new one of its own, and with each of another's. */
const OWN_DISCOUNT = 0.98;
const OTHERS_DISCOUNT = 0.997;
/** The mean cost and latency are of some so many answers. */
const SPAN = 50;
/**
 * Chances are taken anew after so many answers and judgements of a kind, or the square of how many options there are, where
 * that is more: 2 options take 0.2 milliseconds, 16 take 5.
 */
const EVERY = 20;
/** Kinds that are told apart; the rest are one. */
const MOST_KINDS = 64;
const MOST_STANDING = 16;
const MOST_EXPLORED = 0.2;

interface Arm {
  /** Discounted: how many judgements, and their mean. */
  count: number;
  mean: number;
  readonly cost: RunningMean;
  readonly latency: RunningMean;
  share: number;
}

interface Kind {
  readonly arms: Map<string, Arm>;
  told: number;
}

/**
 * Learns which option earns most (Thompson sampling): each is chosen as often as it is likely to be the best by what is known
 * of it, for requests of one kind by themselves. What it earns is its judgement less what its cost and latency weigh; a
 * failure is judged 0. Old judgements fade, so that it follows when another option becomes the better one.
 *
 * Chances are taken anew as judgements come, never while a request waits.
 */
export class Learn implements Strategy {
  readonly name = "learn";
  readonly #settings: LearnSettings;
  readonly #random: () => number;
  readonly #kinds = new Map<string, Kind>();

  constructor(settings: LearnSettings = LEARN_DEFAULTS, random: () => number = Math.random) {
    this.#settings = settings;
    this.#random = random;
  }

  order(options: readonly Option[], asked: Asked): Ranking {
    const { arms } = this.#kindOf(asked.kind);
    let total = 0;
    for (const { name } of options) total += armOf(arms, name).share;
    const shareOf = ({ name }: Option) => armOf(arms, name).share / total;
    const first = this.#drawn(options, shareOf);
    const order = options.filter((option) => option !== first).sort((a, b) => shareOf(b) - shareOf(a));
    order.unshift(first);
    const told = (option: Option) => `chance ${shareOf(option).toFixed(3)}`;
    return {
      order,
      probability: shareOf(first),
      reason: (option, at) => (at === 0 ? `drawn, ${told(option)}` : told(option)),
    };
  }

  observe(option: string, { kind, cost, firstTokenMs, failed }: Report): void {
    const known = this.#kindOf(kind);
    const arm = armOf(known.arms, option);
    if (cost !== null) arm.cost.add(cost);
    if (firstTokenMs !== null) arm.latency.add(firstTokenMs);
    if (failed) this.judge(option, kind, 0);
    else this.#told(known);
  }

  judge(option: string, kind: string, value: number): void {
    if (!(value >= 0 && value <= 1)) return;
    const known = this.#kindOf(kind);
    for (const [name, arm] of known.arms) if (name !== option) arm.count *= OTHERS_DISCOUNT;
    const arm = armOf(known.arms, option);
    const before = arm.count * OWN_DISCOUNT;
    arm.count = before + 1;
    arm.mean += (value - arm.mean) / arm.count;
    this.#told(known);
  }

  #told(kind: Kind): void {
    kind.told++;
    const every = Math.max(EVERY, Math.min(kind.arms.size, MOST_STANDING) ** 2);
    if (kind.told % every === 0) this.#share(kind.arms);
  }

  #kindOf(name: string): Kind {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    if (this.#kinds.size >= MOST_KINDS && name !== "") return this.#kindOf("");
    const kind = { arms: new Map<string, Arm>(), told: 0 };
    this.#kinds.set(name, kind);
    return kind;
  }

  #drawn(options: readonly Option[], shareOf: (option: Option) => number): Option {
    let left = this.#random();
    for (const option of options) {
      left -= shareOf(option);
      if (left < 0) return option;
    }
    return options.at(-1)!;
  }

  /** Each one's chance to be the best, raised so that none has less than the minimum. */
  #share(all: ReadonlyMap<string, Arm>): void {
    const arms = [...all.values()];
    const penalties = this.#penalties(arms);
    const posteriors = arms.map((arm, at) => lessened(sharePosterior({ ...arm, spread: 0 }), penalties[at]!));
    const places = arms.map((_, at) => at).sort((a, b) => posteriors[b]!.mean - posteriors[a]!.mean);
    const leading = places.slice(0, MOST_STANDING);
    const stand = standings(
      leading.map((at) => posteriors[at]!),
      "maximize",
    );
    const minimum = Math.min(this.#settings.minimumShare, MOST_EXPLORED / arms.length);
    for (const arm of arms) arm.share = minimum;
    for (const [nth, at] of leading.entries())
      arms[at]!.share += (1 - minimum * arms.length) * (stand[nth]?.best ?? 0);
  }

  /** What cost and latency take off, by how they compare with the mean over all options. */
  #penalties(arms: readonly Arm[]): number[] {
    const { cost, latency } = this.#settings;
    const costs = relative(arms.map((arm) => arm.cost));
    const latencies = relative(arms.map((arm) => arm.latency));
    return arms.map((_, at) => cost * costs[at]! + latency * latencies[at]!);
  }
}

/** One that is new has the share of the others' mean: alike for all before anything is known. */
function armOf(arms: Map<string, Arm>, name: string): Arm {
  const known = arms.get(name);
  if (known !== undefined) return known;
  let shares = 0;
  for (const { share } of arms.values()) shares += share;
  const arm: Arm = {
    count: 0,
    mean: 0,
    cost: new RunningMean(SPAN, 0, 0),
    latency: new RunningMean(SPAN, 0, 0),
    share: arms.size === 0 ? 1 : shares / arms.size,
  };
  arms.set(name, arm);
  return arm;
}

/** Each mean as a multiple of the mean of all; 1 where it is not known. */
function relative(means: readonly RunningMean[]): number[] {
  const known = means.filter(({ count }) => count > 0);
  const middle = known.reduce((sum, { value }) => sum + value, 0) / known.length;
  return means.map(({ count, value }) => (count > 0 && middle > 0 ? value / middle : 1));
}

function lessened({ mean, cdf, quantile }: Posterior, by: number): Posterior {
  return { mean: mean - by, cdf: (x) => cdf(x + by), quantile: (probability) => quantile(probability) - by };
}
