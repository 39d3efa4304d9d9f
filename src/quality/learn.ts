import { probabilityOf } from "./calibration.ts";
import { areaUnder, evaluate, type Metrics, type Outcome } from "./evaluate.ts";
import { type Features, featuresOf } from "./features.ts";
import { type LinearForm, linearValue, type Spread } from "./linear.ts";
import type { RouterModel } from "./model-file.ts";
import { type Case, casesOf, isKeptApart, type Observation, type Seen, type Tier } from "./observation.ts";
import { fitRidge } from "./ridge.ts";
import { seededRandom } from "./seeded.ts";
import { DEFAULT_OPTIONS, type Prepared, type Trained, type TrainingOptions, train } from "./train.ts";

/** Prompts of either model that are needed to learn from, and apart to judge by. */
export const FEWEST_LEARNED = 80;
export const FEWEST_APART = 20;
/** With so many prompts half of the score is what the log teaches; with more, more. */
const HALF_LEARNED = 1_000;
const SAMPLES = 200;
const SEED = 1;

/** Prompts with an outcome of the strong model, of the weak one, and of both. */
export interface PromptCounts {
  readonly prompts: number;
  readonly strong: number;
  readonly weak: number;
  readonly both: number;
}

/** There is too little of one of the models to learn anything. */
export class TooLittle extends Error {
  override readonly name = "TooLittle";
}

export interface Learned extends Trained {
  readonly options: TrainingOptions;
  readonly learned: PromptCounts;
  /** The prompts kept apart, which `judgeApart` judges by. */
  readonly apart: PromptCounts;
}

/** What a model is worth on prompts that it has not seen. */
export interface ApartMetrics {
  readonly candidate: Metrics;
  readonly current: Metrics;
  /** By how much the candidate's mean outcome over all shares of strong calls is above the current one's. */
  readonly difference: number;
  /** Of the difference, over 200 samples drawn from the same prompts. */
  readonly standardError: number;
}

interface Read {
  readonly case: Case;
  readonly features: Features;
}

/** A log's observations, read and split. The order is the log's, so that the same log gives the same bytes. */
export class LearningLog {
  readonly #learned: readonly Read[];
  readonly #apart: readonly Read[];
  readonly #base: LinearForm;
  readonly #foretell: Readonly<Record<Tier, (features: Features) => number>>;

  /**
   * `base` is what the log's teaching is added to.
   *
   * @throws TooLittle
   */
  constructor(observations: readonly Observation[], base: RouterModel) {
    const cases = casesOf(observations);
    const [learned, apart] = [
      cases.filter(({ prompt }) => !isKeptApart(prompt)),
      cases.filter(({ prompt }) => isKeptApart(prompt)),
    ];
    checkEnough(cases, learned, apart);
    this.#learned = learned.map(read);
    this.#apart = apart.map(read);
    this.#base = base.form;
    const model = (tier: Tier) => outcomeModel(this.#learned, tier, base.form.spread);
    this.#foretell = { strong: model("strong"), weak: model("weak") };
  }

  /**
   * Learns from the prompts that are not kept apart. Where a prompt has the outcome of one model, the other's is what an outcome
   * model foretells that was fitted on that model's own prompts.
   *
   * @throws RangeError where the log says nothing of a difference, as when all outcomes are equal.
   */
  train(): Learned {
    const count = this.#learned.length;
    const options = { ...DEFAULT_OPTIONS, learnedShare: count / (count + HALF_LEARNED) };
    const mean = this.#learned.reduce((sum, each) => sum + weightOf(each.case), 0) / count;
    const rows = this.#learned.map((each, at): Prepared => {
      const { strong, weak } = this.#completed(each);
      const { prompt } = each.case;
      return {
        row: { id: String(at), set: "log", task: "log", prompt, strong, weak },
        features: each.features,
        weight: weightOf(each.case) / mean,
        better: strong * (1 - weak),
      };
    });
    const trained = train(rows, options, this.#base);
    return { ...trained, options, learned: countsOf(this.#learned), apart: countsOf(this.#apart) };
  }

  /** Holds a model against the current one on the prompts kept apart. */
  judgeApart(candidate: Scores, current: Scores): ApartMetrics {
    const outcomes = this.#apart.map((each) => this.#estimated(each));
    const score = ({ form, calibration }: Scores) =>
      Float64Array.from(this.#apart, ({ features }) =>
        probabilityOf(calibration, linearValue(form, features)),
      );
    const [ours, theirs] = [score(candidate), score(current)];
    const worth = (scores: ArrayLike<number>, of: readonly Outcome[]) =>
      areaUnder(evaluate(scores, of).curve);
    const random = seededRandom(SEED);
    const differences = Array.from({ length: SAMPLES }, () => {
      const drawn = outcomes.map(() => Math.floor(random() * outcomes.length));
      const some = drawn.map((at) => outcomes[at]!);
      const of = (scores: Float64Array) =>
        worth(
          Float64Array.from(drawn, (at) => scores[at]!),
          some,
        );
      return of(ours) - of(theirs);
    });
    return {
      candidate: evaluate(ours, outcomes),
      current: evaluate(theirs, outcomes),
      difference: worth(ours, outcomes) - worth(theirs, outcomes),
      standardError: deviation(differences),
    };
  }

  #completed({ case: { strong, weak }, features }: Read): Outcome {
    return {
      strong: strong?.outcome ?? this.#foretell.strong(features),
      weak: weak?.outcome ?? this.#foretell.weak(features),
    };
  }

  /**
   * What the outcome models foretell, and by how much they are wrong where it was seen, times the inverse of the probability: right
   * on average where the probabilities are, and where the models are (doubly robust). Both outcomes where both were seen.
   */
  #estimated({ case: { strong, weak }, features }: Read): Outcome {
    if (strong !== null && weak !== null) return { strong: strong.outcome, weak: weak.outcome };
    const estimate = (seen: Seen | null, foretold: number) =>
      seen === null ? foretold : foretold + seen.weight * (seen.outcome - foretold);
    return {
      strong: estimate(strong, this.#foretell.strong(features)),
      weak: estimate(weak, this.#foretell.weak(features)),
    };
  }
}

type Scores = Pick<RouterModel, "form" | "calibration">;

const read = (each: Case): Read => ({ case: each, features: featuresOf(each.prompt) });

const weightOf = ({ strong, weak }: Case) => (strong?.weight ?? 0) + (weak?.weight ?? 0);

/** The outcome that a model's own prompts let expect, from 0 to 1. */
function outcomeModel(all: readonly Read[], tier: Tier, spread: Spread): (features: Features) => number {
  const examples = all.flatMap(({ case: { [tier]: seen }, features }) =>
    seen === null ? [] : [{ features, target: seen.outcome, weight: seen.weight }],
  );
  const form = fitRidge(examples, DEFAULT_OPTIONS, spread);
  return (features) => Math.max(0, Math.min(1, linearValue(form, features)));
}

function countsOf(all: readonly Read[]): PromptCounts {
  return promptCounts(all.map((each) => each.case));
}

function promptCounts(cases: readonly Case[]): PromptCounts {
  return {
    prompts: cases.length,
    strong: cases.filter(({ strong }) => strong !== null).length,
    weak: cases.filter(({ weak }) => weak !== null).length,
    both: cases.filter(({ strong, weak }) => strong !== null && weak !== null).length,
  };
}

function checkEnough(cases: readonly Case[], learned: readonly Case[], apart: readonly Case[]): void {
  const [all, toLearn, toJudge] = [cases, learned, apart].map(promptCounts) as [
    PromptCounts,
    PromptCounts,
    PromptCounts,
  ];
  const least = Math.min(toLearn.strong, toLearn.weak);
  const leastApart = Math.min(toJudge.strong, toJudge.weak);
  if (least >= FEWEST_LEARNED && leastApart >= FEWEST_APART) return;
  throw new TooLittle(
    `The log has too little to learn from: different prompts with an outcome are ${all.strong} of the strong model (${toJudge.strong} of them kept apart) and ${all.weak} of the weak one (${toJudge.weak}). Of each ${FEWEST_LEARNED} are needed to learn from and ${FEWEST_APART} more, kept apart, to judge by.`,
  );
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
