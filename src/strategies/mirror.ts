import { uniform } from "./rendezvous.ts";

/** Another model that a share of a route's requests is also sent to; its answer is recorded and not shown. */
export interface Mirror {
  /** `provider/model`, or a route. */
  readonly to: string;
  /** From 0 to 1. */
  readonly share: number;
}

/**
 * Whether a request is mirrored. It depends on its key and the mirror alone, so that every process decides alike: with a
 * conversation's key all of its requests are, or none.
 */
export function isMirrored({ to, share }: Mirror, key: string): boolean {
  return uniform(key, `mirror ${to}`) < share;
}
