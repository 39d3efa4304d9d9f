import type { Tier } from "../quality/observation.ts";
import type { RecordedDecision } from "../records/decision.ts";
import type { RequestRecord } from "../records/record.ts";
import type { ExperimentStore } from "../storage/experiment-store.ts";

/** Names of the models of either kind, as `provider/model`. */
export type ModelNames = Readonly<Record<Tier, readonly string[]>>;

/** By which chance a request went to the model that it went to. */
export interface Chance {
  /** Null where a decision chose the model, but its probabilities are not kept. */
  readonly probability: number | null;
}

interface KnownExperiment {
  /** The kind of each variant's model; null for another model, undefined where a variant leaves it to the request. */
  readonly tiers: readonly (Tier | null | undefined)[];
  readonly probabilities: ReadonlyMap<number, readonly number[]>;
}

/** Reads out of decisions how probable it was that a request would go to the strong, or weak, model. */
export class TierChances {
  readonly #store: Pick<ExperimentStore, "get" | "epochs">;
  readonly #models: ModelNames;
  readonly #experiments = new Map<string, Promise<KnownExperiment | null>>();

  constructor(store: Pick<ExperimentStore, "get" | "epochs">, models: ModelNames) {
    this.#store = store;
    this.#models = models;
  }

  /** Null for a request that another model served. */
  tierOf({ provider, model }: Pick<RequestRecord, "provider" | "model">): Tier | null {
    return provider === null || model === null ? null : this.#tierNamed(`${provider}/${model}`);
  }

  /** Null where no decision chose between models. */
  async of(record: Pick<RequestRecord, "decisions" | "requestedModel">, tier: Tier): Promise<Chance | null> {
    for (const decision of record.decisions) {
      const experiment = await this.#experiment(decision.experiment);
      const chance =
        experiment === null
          ? this.#ofTarget(decision, tier)
          : ofVariants(experiment, decision, tier, this.#tierNamed(record.requestedModel));
      if (chance !== null) return chance;
    }
    return null;
  }

  /** What learns over a route's targets decides under the target's name. */
  #ofTarget({ variantName, probability }: RecordedDecision, tier: Tier): Chance | null {
    return this.#tierNamed(variantName) === tier ? { probability: usable(probability) } : null;
  }

  #experiment(id: string): Promise<KnownExperiment | null> {
    const known = this.#experiments.get(id) ?? this.#read(id);
    this.#experiments.set(id, known);
    return known;
  }

  async #read(id: string): Promise<KnownExperiment | null> {
    const experiment = await this.#store.get(id);
    if (experiment === null) return null;
    const epochs = await this.#store.epochs(id);
    return {
      tiers: experiment.variants.map(({ model }) =>
        model === undefined ? undefined : this.#tierNamed(model),
      ),
      probabilities: new Map(epochs.map(({ number, probabilities }) => [number, probabilities])),
    };
  }

  /** A model without its provider is meant by that name alone. */
  #tierNamed(name: string | null): Tier | null {
    if (name === null) return null;
    const isNamed = (model: string) => model === name || model.slice(model.indexOf("/") + 1) === name;
    if (this.#models.strong.some(isNamed)) return "strong";
    return this.#models.weak.some(isNamed) ? "weak" : null;
  }
}

/**
 * All variants of the kind together; a fallback to the other kind was not decided by the experiment. `requested` is the kind of the
 * model that the request asked for.
 */
function ofVariants(
  { tiers, probabilities }: KnownExperiment,
  decision: RecordedDecision,
  tier: Tier,
  requested: Tier | null,
): Chance | null {
  if (tiers.every((each) => each === undefined)) return null;
  const isOfTier = (at: number) => (tiers[at] === undefined ? requested : tiers[at]) === tier;
  if (!isOfTier(decision.variant)) return null;
  const epoch = probabilities.get(decision.epoch);
  if (epoch === undefined) return { probability: null };
  return { probability: usable(epoch.reduce((sum, share, at) => sum + (isOfTier(at) ? share : 0), 0)) };
}

/** Rounding may bring a sum a little above 1. */
const usable = (probability: number) => (probability > 0 ? Math.min(1, probability) : null);
