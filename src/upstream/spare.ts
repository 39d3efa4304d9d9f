import type { Target } from "./target.ts";

/** Which of the targets are to be tried, one after the other. */
export interface Order {
  readonly targets: readonly Target[];
  /** Places of those that are passed over without a try. */
  readonly passedOver: ReadonlySet<number>;
}

const NOWHERE: ReadonlySet<number> = new Set();

/**
 * Targets that have had enough for now are passed over while another is left. When nothing is, the one that is back
 * soonest is asked all the same: at the end, or in its place where all are out.
 */
export function orderSparing(targets: readonly Target[], now = performance.now()): Order {
  if (targets.length < 2 || targets[0]!.upstream.cooldowns.size === 0)
    return { targets, passedOver: NOWHERE };
  const passedOver = new Set<number>();
  let soonest = 0;
  let soonestUntil = Number.POSITIVE_INFINITY;
  for (const [place, { name, upstream }] of targets.entries()) {
    const until = upstream.cooldowns.until(name, now);
    if (until === 0) continue;
    passedOver.add(place);
    if (until < soonestUntil) {
      soonest = place;
      soonestUntil = until;
    }
  }
  if (passedOver.size < targets.length)
    return { targets: passedOver.size === 0 ? targets : [...targets, targets[soonest]!], passedOver };
  passedOver.delete(soonest);
  return { targets, passedOver };
}
