/** How many times as far as it is asked for a lead may be given already. */
const FURTHEST = 10;

/**
 * The moment beyond which no lead can have been given by a clock that is right: all processes ask for as long. Whoever
 * left such a one behind would keep the others from leading until then. Unix milliseconds.
 */
export function furthestLead(now: number, until: number): number {
  return until > now ? now + FURTHEST * (until - now) : Number.MAX_SAFE_INTEGER;
}
