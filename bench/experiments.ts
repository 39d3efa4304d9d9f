/**
 * Simulations of what docs/experiments.md promises, with fixed seeds: `bun bench/experiments.ts`. Exits 1 when a figure
 * misses its target. `--scale 0.1` runs a tenth of each, and `--only TEXT` those with the text in their name, for a look.
 */
import { parseArgs } from "node:util";
import { assign } from "../src/experiments/assign.ts";
import { asymptoticInterval, Wealth } from "../src/experiments/confidence.ts";
import { evaluatePolicy } from "../src/experiments/evaluate.ts";
import type { Allocation, Epoch, Experiment, Metric, Observation } from "../src/experiments/experiment.ts";
import type { Summary } from "../src/experiments/posterior.ts";
import { nextEpoch } from "../src/experiments/thompson.ts";
import { verdictOf } from "../src/experiments/verdict.ts";

const { values: options } = parseArgs({
  options: { scale: { type: "string", default: "1" }, only: { type: "string", default: "" } },
});
/** How many runs of a simulation are made. */
const scaled = (runs: number) => Math.max(10, Math.round(runs * Number(options.scale)));

const BOOLEAN: Metric = { name: "correct", kind: "boolean" };
const NUMBER: Metric = { name: "cost", kind: "number" };
const FIXED: Allocation = { kind: "fixed", weights: [1, 1] };
const THOMPSON: Allocation = { kind: "thompson", minimumShare: 0.05 };
const EPOCH = 100;
const ERROR = 0.05;
/** Others than those that the methods were tried with while they were made. */
const FIRST_SEED = 20_261_122;

/** Mulberry32: the seed decides all. */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws a value of a variant. */
type Draw = (variant: number, random: () => number) => number;

const shares =
  (...means: number[]): Draw =>
  (variant, random) =>
    random() < (means[variant] ?? 0) ? 1 : 0;
/** Log-normal with deviation 1 of the logarithm, as costs are; the mean is `means`. */
const skewed =
  (...means: number[]): Draw =>
  (variant, random) => {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    return (means[variant] ?? 0) * Math.exp(normal - 0.5);
  };

function experimentOf(seed: number, metric: Metric, allocation: Allocation, variants = 2): Experiment {
  return {
    id: `simulated-${seed}`,
    template: "simulated",
    variants: Array.from({ length: variants }, (_, index) => ({ name: `${index}`, version: `v${index}` })),
    unit: "run",
    contexts: {},
    outside: 0,
    allocation,
    metric,
    direction: "maximize",
    guardrails: [],
    errorRate: ERROR,
    tolerance: 0,
    status: "running",
  };
}

/** Running count, mean, and sums of powers of the distance to it (Pébay, "Formulas for robust, one-pass…", 2008). */
class Running {
  count = 0;
  mean = 0;
  squares = 0;
  #cubes = 0;
  fourths = 0;

  add(value: number): void {
    const before = this.count;
    this.count += 1;
    const distance = value - this.mean;
    const step = distance / this.count;
    const square = distance * step * before;
    this.mean += step;
    this.fourths +=
      square * step * step * (this.count ** 2 - 3 * this.count + 3) +
      6 * step * step * this.squares -
      4 * step * this.#cubes;
    this.#cubes += square * step * (this.count - 2) - 3 * step * this.squares;
    this.squares += square;
  }

  get summary(): Summary {
    const spread = this.count > 1 ? Math.sqrt(this.squares / (this.count - 1)) : 0;
    return { count: this.count, mean: this.mean, spread };
  }
}

interface Step {
  readonly index: number;
  readonly epoch: Epoch;
  readonly observation: Observation;
  readonly running: readonly Running[];
}

/** One experiment, unit by unit. A new epoch begins every 100 units. */
function* simulate(seed: number, experiment: Experiment, draw: Draw, units: number): Generator<Step> {
  const random = randomOf(seed);
  const running = experiment.variants.map(() => new Running());
  let epoch = nextEpoch(
    experiment,
    running.map(({ summary }) => summary),
    null,
    0,
  );
  for (let index = 0; index < units; index += 1) {
    if (index > 0 && index % EPOCH === 0)
      epoch = nextEpoch(
        experiment,
        running.map(({ summary }) => summary),
        epoch,
        index,
      );
    const decision = assign(experiment, epoch, `run-${index}`)!;
    const value = draw(decision.variant, random);
    running[decision.variant]!.add(value);
    const observation = { variant: decision.variant, epoch: epoch.number, value, count: 1 };
    yield { index, epoch, observation, running };
  }
}

/** Epochs and observations, alike ones together, as a storage sums them up. */
class Gathered {
  readonly epochs = new Map<number, Epoch>();
  readonly #alike = new Map<string, Observation>();

  add({ epoch, observation }: Step): void {
    this.epochs.set(epoch.number, epoch);
    const key = `${observation.variant} ${observation.epoch} ${observation.value}`;
    this.#alike.set(key, { ...observation, count: (this.#alike.get(key)?.count ?? 0) + 1 });
  }

  verdict(experiment: Experiment) {
    return verdictOf(experiment, [...this.epochs.values()], [...this.#alike.values()]);
  }
}

/**
 * Declares as verdictOf does, after every unit: for shares by the bettors' capital, which is what an interval that
 * leaves 0 out says, and for numbers by moments. Running sums make it quick; `gathered` checks that they agree.
 */
class Watcher {
  readonly #above = new Wealth(0);
  readonly #below = new Wealth(0);
  declared = false;

  watchShare({ epoch, observation: { variant, value } }: Step): void {
    const { probabilities, centre } = epoch;
    const [chance = 0, other = 0] = probabilities;
    const difference = variant === 0 ? (value - centre) / chance : -(value - centre) / other;
    this.#above.add(difference, -Math.max(centre / chance, (1 - centre) / other));
    this.#below.add(-difference, -Math.max((1 - centre) / chance, centre / other));
    if (Math.max(this.#above.log(), this.#below.log()) >= Math.log(2 / ERROR)) this.declared = true;
  }

  /** Two variants with fixed halves: the corrected difference's moments are those of each value less its mean, doubled. */
  watchNumber(variants: readonly Running[]): void {
    const [first, second] = variants;
    if (!first || !second || Math.min(first.count, second.count) < 100) return;
    const count = first.count + second.count;
    const moments = {
      count,
      mean: first.mean - second.mean,
      variance: (4 * (first.squares + second.squares)) / count,
      fourth: (16 * (first.fourths + second.fourths)) / count,
    };
    const { low, high } = asymptoticInterval(moments, ERROR);
    if (low > 0 || high < 0) this.declared = true;
  }
}

interface Figure {
  readonly what: string;
  readonly target: string;
  readonly found: string;
  readonly met: boolean;
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

function sameArms(name: string, metric: Metric, allocation: Allocation, draw: Draw): Figure {
  const runs = scaled(1_000);
  let declared = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) {
    const experiment = experimentOf(seed, metric, allocation);
    const watcher = new Watcher();
    const gathered = new Gathered();
    for (const step of simulate(seed, experiment, draw, 2_000)) {
      if (seed % 50 === 0) gathered.add(step);
      if (metric.kind === "number") watcher.watchNumber(step.running);
      else watcher.watchShare(step);
    }
    if (seed % 50 === 0 && gathered.verdict(experiment).status === "decided" && !watcher.declared)
      throw new Error(`The verdict of experiment ${seed} declares what was not seen while watching.`);
    if (watcher.declared) declared += 1;
  }
  return {
    what: `${name}: ${runs} experiments of 2,000 units, watched after every one, that declare a difference`,
    target: "at most 5 %",
    found: percent(declared / runs),
    met: declared / runs <= 0.05,
  };
}

function allocation(name: string): Figure {
  const runs = scaled(500);
  let good = 0;
  let all = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) {
    let better = 0;
    for (const { index, observation } of simulate(
      seed,
      experimentOf(seed, BOOLEAN, THOMPSON),
      shares(0.5, 0.6),
      5_000,
    ))
      if (index >= 4_000) better += observation.variant;
    if (better >= 800) good += 1;
    all += better / 1_000;
  }
  return {
    what: `${name}: of ${runs} seeds, those that send at least 80 % of the last 1,000 of 5,000 to the better (on average it gets ${percent(all / runs)})`,
    target: "at least 90 %",
    found: percent(good / runs),
    met: good / runs >= 0.9,
  };
}

/** Experiments watched every 100 units: whether an interval ever misses, and who is declared the winner. */
function watched(
  name: string,
  metric: Metric,
  kind: Allocation,
  draw: Draw,
  means: readonly number[],
): Figure[] {
  const runs = scaled(400);
  const best = means.indexOf(Math.max(...means));
  let [missed, missedCorrected, missedDifference, decided, right] = [0, 0, 0, 0, 0];
  const bias = means.map(() => 0);
  const at: number[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) {
    const experiment = experimentOf(seed, metric, kind, means.length);
    const gathered = new Gathered();
    let [miss, missCorrected, missDifference] = [false, false, false];
    let winner: number | null = null;
    for (const step of simulate(seed, experiment, draw, 5_000)) {
      gathered.add(step);
      if ((step.index + 1) % 250 !== 0) continue;
      const verdict = gathered.verdict(experiment);
      const outside = (interval: { low: number; high: number } | null | undefined, truth: number) =>
        interval != null && (truth < interval.low || truth > interval.high);
      miss ||= verdict.variants.some(({ interval, variant }) => outside(interval, means[variant]!));
      missCorrected ||= verdict.variants.some(({ corrected, variant }) =>
        outside(corrected?.interval, means[variant]!),
      );
      missDifference ||= verdict.differences.some((difference) =>
        outside(difference.interval, means[difference.variant]! - means[difference.other]!),
      );
      if (winner === null && verdict.winner !== null) {
        winner = verdict.winner;
        at.push(step.index + 1);
      }
      if (step.index + 1 === 5_000)
        for (const { corrected, variant } of verdict.variants)
          bias[variant]! += (corrected?.mean ?? 0) / runs;
    }
    missed += Number(miss);
    missedCorrected += Number(missCorrected);
    missedDifference += Number(missDifference);
    decided += Number(winner !== null);
    right += Number(winner === best);
  }
  const covers = (what: string, misses: number): Figure => ({
    what: `${name}: ${runs} experiments whose ${what} all hold at all of 20 looks`,
    target: "at least 95 %",
    found: percent(1 - misses / runs),
    met: 1 - misses / runs >= 0.95,
  });
  at.sort((a, b) => a - b);
  return [
    covers("variants' intervals", missed),
    covers("corrected means' intervals", missedCorrected),
    covers("differences' intervals", missedDifference),
    {
      what: `${name}: decided cases (${percent(decided / runs)} of all within 5,000 units, half of these by ${at[Math.floor(at.length / 2)] ?? "-"}) in which the true best won`,
      target: "at least 95 %",
      found: decided === 0 ? "none decided" : percent(right / decided),
      met: decided > 0 && right / decided >= 0.95,
    },
    {
      what: `${name}: corrected means after 5,000 units on average, true ${means.join(", ")}`,
      target: "within 2 %",
      found: bias.map((mean) => mean.toFixed(3)).join(", "),
      met: bias.every((mean, variant) => Math.abs(mean / means[variant]! - 1) < 0.02),
    },
  ];
}

/** What sending nine in ten to the better variant would have earned, from the log of an adaptive experiment. */
function offPolicy(name: string): Figure {
  const runs = scaled(500);
  const truth = 0.1 * 0.5 + 0.9 * 0.6;
  let held = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) {
    const log = [...simulate(seed, experimentOf(seed, BOOLEAN, THOMPSON), shares(0.5, 0.6), 2_000)].map(
      ({ observation: { variant, value }, epoch }) => ({
        variant,
        value,
        probability: epoch.probabilities[variant]!,
        kind: "",
      }),
    );
    const { ips, snips, doublyRobust } = evaluatePolicy(log, () => [0.1, 0.9]);
    if (
      [ips, snips, doublyRobust].every(
        ({ interval }) => interval && interval.low <= truth && truth <= interval.high,
      )
    )
      held += 1;
  }
  return {
    what: `${name}: of ${runs} logs, those in which IPS, SNIPS and doubly robust intervals all hold`,
    target: "at least 95 %",
    found: percent(held / runs),
    met: held / runs >= 0.95,
  };
}

type Simulation = readonly [name: string, run: (name: string) => Figure | Figure[]];

const same = (name: string, metric: Metric, kind: Allocation, draw: Draw): Simulation => [
  `A/A, ${name}`,
  (title) => sameArms(title, metric, kind, draw),
];
const different = (
  name: string,
  metric: Metric,
  kind: Allocation,
  draw: (...means: number[]) => Draw,
  means: readonly number[],
): Simulation => [name, (title) => watched(title, metric, kind, draw(...means), means)];

const SIMULATIONS: readonly Simulation[] = [
  same("booleans of 0.50, halves", BOOLEAN, FIXED, shares(0.5, 0.5)),
  same("booleans of 0.05, halves", BOOLEAN, FIXED, shares(0.05, 0.05)),
  same("booleans of 0.50, Thompson", BOOLEAN, THOMPSON, shares(0.5, 0.5)),
  same("log-normal numbers, halves", NUMBER, FIXED, skewed(1, 1)),
  ["Thompson sampling, 0.50 and 0.60", allocation],
  different("Booleans 0.50 and 0.60, halves", BOOLEAN, FIXED, shares, [0.5, 0.6]),
  different("Booleans 0.50 and 0.60, Thompson", BOOLEAN, THOMPSON, shares, [0.5, 0.6]),
  different("Booleans 0.50, 0.55 and 0.65, Thompson", BOOLEAN, THOMPSON, shares, [0.5, 0.55, 0.65]),
  different("Log-normal numbers 1.0 and 1.3, halves", NUMBER, FIXED, skewed, [1, 1.3]),
  different("Log-normal numbers 1.0 and 1.3, Thompson", NUMBER, THOMPSON, skewed, [1, 1.3]),
  ["Off-policy estimates of another allocation", offPolicy],
];

let missed = false;
console.log("| what | target | found |\n|---|---|---|");
for (const [name, run] of SIMULATIONS.filter(([title]) => title.includes(options.only)))
  for (const { what, target, found, met } of [run(name)].flat()) {
    console.log(`| ${what} | ${target} | ${found}${met ? "" : " **missed**"} |`);
    missed ||= !met;
  }
if (missed) process.exit(1);
