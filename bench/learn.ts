/**
 * Simulations of the strategy `learn`, with fixed seeds: `bun bench/learn.ts`. Prints what docs/routing.md shows and exits 1
 * when a figure misses its target. `--seeds 20` runs fewer of each, for a look.
 */
import { parseArgs } from "node:util";
import { seededRandom } from "../src/quality/seeded.ts";
import { UNKNOWN_FACTS } from "../src/strategies/abilities.ts";
import { LEARN_DEFAULTS, Learn } from "../src/strategies/learn.ts";
import type { Asked, Option } from "../src/strategies/strategy.ts";

const { values: flags } = parseArgs({ options: { seeds: { type: "string", default: "200" } } });
const SEEDS = Number(flags.seeds);
const REQUESTS = 2_000;
/** Twice and more of what is usual, since reward per dollar is what is judged here. */
const COST_WEIGHT = 0.5;
/** Of answers, those that somebody judges, and how many requests later the judgement comes. */
const JUDGED = 0.5;
const DELAY = 20;
/** Others than those that the strategy was tried with while it was made. */
const FIRST_SEED = 7_000_000;

/** A model as it is for a time. */
interface Model {
  /** How often an answer is good, by the kind of the request. */
  readonly good: readonly number[];
  /** Mean US dollars of an answer, and milliseconds to the first token. */
  readonly cost: number;
  readonly latency: number;
}

interface Scenario {
  readonly name: string;
  /** By time: the second list holds from the middle on. */
  readonly phases: readonly (readonly Model[])[];
  /** What learn's reward per dollar must be, as a multiple of the best fixed choice's; over all, and after the change. */
  readonly atLeast: readonly number[];
}

const model = (cost: number, latency: number, ...good: number[]): Model => ({ cost, latency, good });

const SCENARIOS: readonly Scenario[] = [
  {
    name: "Two kinds of requests, a model for each",
    phases: [[model(0.01, 600, 0.85, 0.5), model(0.01, 600, 0.5, 0.85)]],
    atLeast: [1],
  },
  {
    name: "Three kinds, four models of several prices",
    phases: [
      [
        model(0.01, 500, 0.9, 0.5, 0.4),
        model(0.012, 400, 0.5, 0.9, 0.5),
        model(0.008, 700, 0.4, 0.45, 0.85),
        model(0.01, 600, 0.6, 0.6, 0.6),
      ],
    ],
    atLeast: [1],
  },
  {
    name: "One kind, the better model changes",
    phases: [
      [model(0.01, 600, 0.85), model(0.01, 600, 0.5)],
      [model(0.01, 600, 0.5), model(0.01, 600, 0.85)],
    ],
    atLeast: [1, 0.9],
  },
  {
    name: "Two kinds, the models change places",
    phases: [
      [model(0.01, 600, 0.9, 0.45), model(0.01, 600, 0.45, 0.9)],
      [model(0.01, 600, 0.45, 0.9), model(0.01, 600, 0.9, 0.45)],
    ],
    atLeast: [1, 1],
  },
  {
    name: "Two kinds, a third model becomes the best at one",
    phases: [
      [model(0.01, 600, 0.85, 0.45), model(0.01, 600, 0.45, 0.8), model(0.01, 600, 0.45, 0.45)],
      [model(0.01, 600, 0.45, 0.45), model(0.01, 600, 0.45, 0.8), model(0.01, 600, 0.85, 0.45)],
    ],
    atLeast: [1, 1],
  },
  {
    name: "One kind, the better model's price trebles",
    phases: [
      [model(0.006, 600, 0.8), model(0.01, 600, 0.75)],
      [model(0.018, 600, 0.8), model(0.01, 600, 0.75)],
    ],
    atLeast: [1, 0.9],
  },
  {
    name: "One kind, nothing changes",
    phases: [[model(0.01, 600, 0.8), model(0.01, 600, 0.6), model(0.01, 600, 0.5)]],
    atLeast: [0.9],
  },
];

/** Chooses a model for a request, and is told how that went. */
interface Policy {
  choose(kind: number): number;
  tell?(choice: number, kind: number, cost: number, latency: number): void;
  judge?(choice: number, kind: number, value: number): void;
}

interface Sum {
  reward: number;
  cost: number;
}

/** Reward and cost over all, and over each phase. */
function simulate({ phases }: Scenario, policy: Policy, seed: number): { whole: Sum; phases: Sum[] } {
  const random = seededRandom(seed);
  const whole = { reward: 0, cost: 0 };
  const sums = phases.map(() => ({ reward: 0, cost: 0 }));
  const late: (() => void)[] = [];
  const kinds = phases[0]![0]!.good.length;
  for (let at = 0; at < REQUESTS; at++) {
    const phase = Math.floor((at * phases.length) / REQUESTS);
    const kind = Math.floor(random() * kinds);
    const choice = policy.choose(kind);
    const chosen = phases[phase]![choice]!;
    const reward = random() < chosen.good[kind]! ? 1 : 0;
    const cost = chosen.cost * logNormal(random, 0.5);
    const latency = chosen.latency * logNormal(random, 0.3);
    const isJudged = random() < JUDGED;
    for (const sum of [whole, sums[phase]!]) {
      sum.reward += reward;
      sum.cost += cost;
    }
    policy.tell?.(choice, kind, cost, latency);
    late.push(() => (isJudged ? policy.judge?.(choice, kind, reward) : undefined));
    if (late.length > DELAY) late.shift()!();
  }
  return { whole, phases: sums };
}

/** With mean 1. */
function logNormal(random: () => number, deviation: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(deviation * normal - deviation ** 2 / 2);
}

function learning(models: number, seed: number): Policy {
  const learn = new Learn({ ...LEARN_DEFAULTS, cost: COST_WEIGHT }, seededRandom(seed ^ 0x1ea4));
  const options: Option[] = Array.from({ length: models }, (_, place) => ({
    name: `model-${place}`,
    weight: 1,
    place,
    target: { name: `model-${place}`, facts: UNKNOWN_FACTS, prices: null },
  }));
  const needs = { inputTokens: 0, leastInputTokens: 0, outputTokens: null, media: [] };
  const asked = (kind: number): Asked => ({
    now: 0,
    needs: { ...needs, tools: false, structured: false, reasoning: false },
    conversation: null,
    score: () => 0,
    strongShare: null,
    kind: `kind-${kind}`,
  });
  return {
    choose: (kind) => learn.order(options, asked(kind)).order[0]!.place,
    tell: (choice, kind, cost, firstTokenMs) =>
      learn.observe(`model-${choice}`, {
        now: 0,
        failed: false,
        firstTokenMs,
        usage: null,
        cost,
        conversation: null,
        kind: `kind-${kind}`,
      }),
    judge: (choice, kind, value) => learn.judge(`model-${choice}`, `kind-${kind}`, value),
  };
}

interface Result {
  readonly name: string;
  /** Reward per dollar: over all requests, then over each phase. */
  readonly perDollar: readonly number[];
}

/** All seeds of one policy, their rewards and costs added up. */
function measured(scenario: Scenario, name: string, policyOf: (seed: number) => Policy): Result {
  const sums = [...Array(scenario.phases.length + 1)].map(() => ({ reward: 0, cost: 0 }));
  for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
    const { whole, phases } = simulate(scenario, policyOf(seed), seed);
    for (const [at, { reward, cost }] of [whole, ...phases].entries()) {
      sums[at]!.reward += reward;
      sums[at]!.cost += cost;
    }
  }
  return { name, perDollar: sums.map(({ reward, cost }) => reward / cost) };
}

function resultsOf(scenario: Scenario): { learn: Result; random: Result; fixed: Result[] } {
  const models = scenario.phases[0]!.length;
  return {
    learn: measured(scenario, "learn", (seed) => learning(models, seed)),
    random: measured(scenario, "random", (seed) => {
      const random = seededRandom(seed ^ 0x7a2d);
      return { choose: () => Math.floor(random() * models) };
    }),
    fixed: [...Array(models).keys()].map((choice) =>
      measured(scenario, `model ${choice + 1}`, () => ({ choose: () => choice })),
    ),
  };
}

let missed = false;
console.log(
  "| scenario | requests | learn | random | each model alone | learn to the best of these | target |",
);
console.log("|---|---|---|---|---|---|---|");
for (const scenario of SCENARIOS) {
  const { learn, random, fixed } = resultsOf(scenario);
  const last = scenario.phases.length;
  const windows: [name: string, at: number][] = [["all", 0]];
  if (last > 1) windows.push(["after the change", last]);
  for (const [nth, [window, at]] of windows.entries()) {
    const of = ({ perDollar }: Result) => perDollar[at]!;
    const best = Math.max(...fixed.map(of));
    const ratio = of(learn) / best;
    const needed = scenario.atLeast[nth]!;
    const isMet = (needed === 1 ? ratio > 1 : ratio >= needed) && of(learn) > of(random);
    missed ||= !isMet;
    const target = needed === 1 ? "above 1" : `at least ${needed}`;
    const alone = fixed.map((result) => of(result).toFixed(1)).join(", ");
    console.log(
      `| ${scenario.name} | ${window} | ${of(learn).toFixed(1)} | ${of(random).toFixed(1)} | ${alone} | ${ratio.toFixed(3)} | ${target}${isMet ? "" : " **missed**"} |`,
    );
  }
}
if (missed) process.exit(1);
