import { createHash } from "node:crypto";
import type { RecordedDecision } from "../records/decision.ts";
import { assign, type Decision, type UnitIds, unitOf } from "./assign.ts";
import { type RequestContext, takesPart } from "./contexts.ts";
import type { Epoch, Experiment, Variant } from "./experiment.ts";
import type { UnitMemory } from "./unit-memory.ts";

/** What was decided for a request. */
export interface Chosen {
  readonly variant: Variant;
  readonly decision: RecordedDecision;
}

/** An experiment as it stands in this process: it decides from memory alone. */
export class RunningExperiment {
  readonly experiment: Experiment;
  readonly #epoch: Epoch;
  readonly #units: UnitMemory;

  /** `units` is of this experiment, and outlives changes of it. */
  constructor(experiment: Experiment, epoch: Epoch, units: UnitMemory) {
    this.experiment = experiment;
    this.#epoch = withoutSwitchedOff(experiment, epoch);
    this.#units = units;
  }

  /** The request's variant; null where it takes no part, has nothing that is the experiment's unit, or stays outside. */
  choose(ids: UnitIds, context: RequestContext): Chosen | null {
    const { experiment } = this;
    if (!takesPart(experiment.contexts, context)) return null;
    const found = unitOf(experiment.unit, ids);
    if (found === null) return null;
    const unit = experiment.unit.startsWith("variable:") ? hashed(experiment.id, found) : found;
    const decision = this.#decide(unit);
    const variant = decision === null ? undefined : experiment.variants[decision.variant];
    if (decision === null || variant === undefined) return null;
    return {
      variant,
      decision: { experiment: experiment.id, variantName: variant.name, unit, ...decision },
    };
  }

  #decide(unit: string): Decision | null {
    const { variants, unit: kind } = this.experiment;
    const earlier = this.#units.get(unit);
    // A variant that was switched off lets its units go at once.
    if (earlier !== undefined && variants[earlier.variant]?.switchedOff === undefined) return earlier;
    const decision = assign(this.experiment, this.#epoch, unit);
    // A request is made once: nothing comes after it.
    if (decision !== null && kind !== "request") this.#units.note(unit, decision);
    return decision;
  }
}

/** A variant may have been switched off a moment before the epoch that says so began. */
function withoutSwitchedOff({ variants }: Experiment, epoch: Epoch): Epoch {
  const left = epoch.probabilities.map((share, place) =>
    variants[place]?.switchedOff === undefined ? share : 0,
  );
  const sum = left.reduce((total, share) => total + share, 0);
  const isSame = left.every((share, place) => share === epoch.probabilities[place]);
  if (isSame || sum === 0) return { ...epoch, probabilities: left };
  return { ...epoch, probabilities: left.map((share) => share / sum) };
}

/**
 * Variables may hold what nobody but the provider is to see. Those of other experiments have other hashes, so that nobody
 * is followed from one to the next.
 */
function hashed(experiment: string, value: string): string {
  return createHash("sha256").update(`${experiment}\n${value}`).digest("hex").slice(0, 16);
}
