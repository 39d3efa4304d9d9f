import type { Epoch, Experiment } from "./experiment.ts";
import { nextEpoch } from "./thompson.ts";

type Allocated = Pick<Experiment, "variants" | "allocation" | "metric" | "direction">;

/**
 * The epoch that follows when variants come and go, from what the one before gave them: nothing need be read for it. The
 * others share what a variant had that is switched off; one that comes back gets as much as the average one. Without an
 * epoch before it is the first.
 */
export function carriedEpoch(experiment: Allocated, previous: Epoch | null, now: number): Epoch {
  if (previous === null) return nextEpoch(experiment, [], null, now);
  const weights = weightsOf(experiment, previous);
  const carried: Allocated = { ...experiment, allocation: { kind: "fixed", weights } };
  return { ...nextEpoch(carried, [], previous, now), centre: previous.centre };
}

function weightsOf({ variants, allocation }: Allocated, { probabilities }: Epoch): readonly number[] {
  if (allocation.kind === "fixed") return allocation.weights;
  const takesPart = variants.map(({ switchedOff }) => switchedOff === undefined);
  const active = takesPart.filter(Boolean).length;
  const given = takesPart.map((part, variant) => (part ? (probabilities[variant] ?? 0) : 0));
  const kept = given.filter((share) => share > 0);
  const average = kept.length === 0 ? 1 : kept.reduce((total, share) => total + share, 0) / kept.length;
  const wanted = given.map((share, variant) => (takesPart[variant] ? share || average : 0));
  const sum = wanted.reduce((total, weight) => total + weight, 0);
  const minimum = Math.min(allocation.minimumShare, 1 / active);
  return wanted.map((weight) => (weight > 0 ? minimum + (1 - minimum * active) * (weight / sum) : 0));
}

/** Whether an epoch gives something to each variant that takes part and to no other. */
export function fitsVariants({ variants }: Pick<Experiment, "variants">, { probabilities }: Epoch): boolean {
  return variants.every(
    ({ switchedOff }, variant) => probabilities[variant]! > 0 === (switchedOff === undefined),
  );
}
