import type { Increment } from "./confidence.ts";
import type { Epoch, Observation } from "./experiment.ts";

/**
 * Estimates from units whose chance to get a variant changed with what was seen before, by augmented inverse propensity:
 * a unit speaks for its variant with one over its chance, of how far it is from what was expected. Values are scaled:
 * bounded ones are from 0 to 1.
 */
export interface Weighing {
  readonly epochs: ReadonlyMap<number, Epoch>;
  /** What is expected of a variant in an epoch. For bounded values it has to be settled before the epoch's units. */
  readonly centre: (epoch: Epoch, variant: number) => number;
}

/** Values whose mean is the variant's, from all units of epochs in which it could be had. */
export function meanIncrements(
  observations: readonly Observation[],
  variant: number,
  { epochs, centre }: Weighing,
): Increment[] {
  return withoutDetail(observations, [variant]).flatMap(({ variant: got, epoch: number, value, count }) => {
    const epoch = epochs.get(number);
    const chance = epoch?.probabilities[variant] ?? 0;
    if (!epoch || !(chance > 0)) return [];
    const expected = centre(epoch, variant);
    return [
      {
        value: got === variant ? expected + (value - expected) / chance : expected,
        floor: expected - expected / chance,
        ceiling: expected + (1 - expected) / chance,
        count,
      },
    ];
  });
}

/**
 * Values whose mean is that of `variant` less that of `other`, from all units of epochs in which both could be had. For
 * bounded values both are to be expected alike, or the limits are too narrow.
 */
export function differenceIncrements(
  observations: readonly Observation[],
  variant: number,
  other: number,
  { epochs, centre }: Weighing,
): Increment[] {
  return withoutDetail(observations, [variant, other]).flatMap(
    ({ variant: got, epoch: number, value, count }) => {
      const epoch = epochs.get(number);
      const chance = epoch?.probabilities[variant] ?? 0;
      const otherChance = epoch?.probabilities[other] ?? 0;
      if (!epoch || !(chance > 0 && otherChance > 0)) return [];
      const expected = centre(epoch, variant);
      const otherExpected = centre(epoch, other);
      let difference = expected - otherExpected;
      if (got === variant) difference += (value - expected) / chance;
      if (got === other) difference -= (value - otherExpected) / otherChance;
      return [
        {
          value: difference,
          floor: -Math.max(expected / chance, (1 - otherExpected) / otherChance),
          ceiling: Math.max((1 - expected) / chance, otherExpected / otherChance),
          count,
        },
      ];
    },
  );
}

/** One over its chance where a unit has the variant, otherwise 0: their mean is 1 if units were shared out as recorded. */
export function shareIncrements(
  observations: readonly Observation[],
  variant: number,
  epochs: ReadonlyMap<number, Epoch>,
): Increment[] {
  return withoutDetail(observations, [variant]).flatMap(({ variant: got, epoch, count }) => {
    const chance = epochs.get(epoch)?.probabilities[variant] ?? 0;
    if (!(chance > 0)) return [];
    return [{ value: got === variant ? 1 / chance : 0, floor: 0, ceiling: 1 / chance, count }];
  });
}

/** The variant's own values alone, uncorrected. */
export function ownIncrements(observations: readonly Observation[], variant: number): Increment[] {
  return observations
    .filter((observation) => observation.variant === variant)
    .map(({ value, count }) => ({ value, floor: 0, ceiling: 1, count }));
}

const ANOTHER = -1;

/** Units of other variants count, but what came of them says nothing of these: those of an epoch are put together. */
function withoutDetail(observations: readonly Observation[], variants: readonly number[]): Observation[] {
  const kept: Observation[] = [];
  const others = new Map<number, number>();
  for (const observation of observations) {
    const { variant, epoch, count } = observation;
    if (variants.includes(variant)) kept.push(observation);
    else others.set(epoch, (others.get(epoch) ?? 0) + count);
  }
  for (const [epoch, count] of others) kept.push({ variant: ANOTHER, epoch, value: 0, count });
  return kept;
}
