import { evidenceAbove } from "./confidence.ts";
import { shareIncrements } from "./corrected.ts";
import type { Epoch, Observation } from "./experiment.ts";
import type { Scale } from "./scale.ts";

/** Of finding units shared out wrongly when they are not. */
const SHARE_ERROR = 0.001;

/** Scaled, and without what cannot be. */
export function usableOf(
  observations: readonly Observation[],
  variants: number,
  epochs: ReadonlyMap<number, Epoch>,
  scale: Scale,
): { usable: Observation[]; ignored: number } {
  const usable: Observation[] = [];
  let ignored = 0;
  for (const observation of observations) {
    const { variant, epoch, count } = observation;
    if (!(count > 0 && Number.isFinite(count))) continue;
    const value = scale.to(observation.value);
    const known = variant < variants && (epochs.get(epoch)?.probabilities[variant] ?? 0) > 0;
    if (known && value !== null) usable.push({ variant, epoch, value, count });
    else ignored += count;
  }
  return { usable, ignored };
}

/** Whether units with a value are spread over the variants as their chances say. */
export function sharedAsAssigned(
  usable: readonly Observation[],
  variants: number,
  epochs: ReadonlyMap<number, Epoch>,
): boolean {
  const needed = Math.log((2 * variants) / SHARE_ERROR);
  return Array.from({ length: variants }, (_, variant) => shareIncrements(usable, variant, epochs)).every(
    (increments) =>
      evidenceAbove(increments, 1) < needed &&
      evidenceAbove(
        increments.map(({ value, ceiling, ...rest }) => ({
          ...rest,
          value: -value,
          floor: -ceiling,
          ceiling: 0,
        })),
        -1,
      ) < needed,
  );
}
