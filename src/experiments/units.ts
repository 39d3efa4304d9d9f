import type { Observation } from "./experiment.ts";

/** One request's outcome, or one piece of feedback, of a unit. */
export interface Outcome {
  readonly unit: string;
  /** Unix milliseconds of the request's decision. */
  readonly at: number;
  readonly variant: number;
  readonly epoch: number;
  /** A boolean as 0 or 1. */
  readonly value: number;
}

/** How a unit's values become one: costs are added up, judgements averaged, of a changing one the last counts. */
export type Gathering = "sum" | "mean" | "last";

interface UnitOutcomes {
  readonly first: Outcome;
  readonly last: Outcome;
  readonly sum: number;
  readonly count: number;
  readonly crossed: boolean;
}

/** What came of one unit. */
export interface UnitValue {
  readonly unit: string;
  readonly variant: number;
  readonly epoch: number;
  readonly value: number;
  /** Whether it had more than one variant. */
  readonly crossed: boolean;
}

export interface Units {
  /** One for each unit with a value; alike ones are together. */
  readonly observations: readonly Observation[];
  /** Units that had more than one variant. They count for the first, whatever followed from it. */
  readonly crossed: number;
  /** Values left out, for they are no finite numbers. */
  readonly dropped: number;
}

/**
 * Outcomes of requests as outcomes of units: requests of one run are not independent and must not be counted as if they
 * were. The earliest request decides whose a unit is; of two at one moment, the one that stands first. `dropped` counts
 * values that are no finite numbers.
 */
export function gatherUnits(
  outcomes: Iterable<Outcome>,
  gathering: Gathering,
): { readonly units: readonly UnitValue[]; readonly dropped: number } {
  const byUnit = new Map<string, UnitOutcomes>();
  let dropped = 0;
  for (const outcome of outcomes) {
    if (Number.isFinite(outcome.value)) byUnit.set(outcome.unit, joined(byUnit.get(outcome.unit), outcome));
    else dropped += 1;
  }
  const units = Array.from(byUnit, ([unit, gatheredOutcomes]): UnitValue => {
    const { variant, epoch } = gatheredOutcomes.first;
    return {
      unit,
      variant,
      epoch,
      value: gathered(gatheredOutcomes, gathering),
      crossed: gatheredOutcomes.crossed,
    };
  });
  return { units, dropped };
}

/** Units as observations of their variants and epochs; see `gatherUnits`. */
export function perUnit(outcomes: Iterable<Outcome>, gathering: Gathering): Units {
  const { units, dropped } = gatherUnits(outcomes, gathering);
  const alike = new Map<string, Observation>();
  for (const { variant, epoch, value } of units) {
    const key = `${variant} ${epoch} ${value}`;
    alike.set(key, { variant, epoch, value, count: (alike.get(key)?.count ?? 0) + 1 });
  }
  return {
    observations: [...alike.values()],
    crossed: units.filter(({ crossed }) => crossed).length,
    dropped,
  };
}

function joined(unit: UnitOutcomes | undefined, outcome: Outcome): UnitOutcomes {
  if (unit === undefined)
    return { first: outcome, last: outcome, sum: outcome.value, count: 1, crossed: false };
  return {
    first: outcome.at < unit.first.at ? outcome : unit.first,
    last: outcome.at >= unit.last.at ? outcome : unit.last,
    sum: unit.sum + outcome.value,
    count: unit.count + 1,
    crossed: unit.crossed || outcome.variant !== unit.first.variant,
  };
}

function gathered({ sum, count, last }: UnitOutcomes, gathering: Gathering): number {
  if (gathering === "last") return last.value;
  return gathering === "sum" ? sum : sum / count;
}
