import type { Target } from "./target.ts";

/** What is to be asked where something is passed over. */
export interface Order {
  readonly targets: readonly Target[];
  /** Places of those that are passed over without a try. */
  readonly passedOver: ReadonlySet<number>;
}

/**
 * Targets that have had enough for now are passed over while another is left. When nothing is, the one that is back
 * soonest is asked all the same: in its place where those behind it are out too, else at the end. Null where nothing is passed over, as nearly always.
 */
export function orderSparing(targets: readonly Target[], now = performance.now()): Order | null {
  if (targets[0]!.upstream.cooldowns.size === 0) return null;
  const passedOver = new Set<number>();
  let lastReady = -1;
  let soonest = 0;
  let soonestUntil = Number.POSITIVE_INFINITY;
  for (const [place, { name, upstream }] of targets.entries()) {
    const until = upstream.cooldowns.until(name, now);
    if (until === 0) {
      lastReady = place;
      continue;
    }
    passedOver.add(place);
    if (until < soonestUntil) {
      soonest = place;
      soonestUntil = until;
    }
  }
  if (passedOver.size === 0) return null;
  if (soonest < lastReady) return { targets: [...targets, targets[soonest]!], passedOver };
  passedOver.delete(soonest);
  return { targets, passedOver };
}
