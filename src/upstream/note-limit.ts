import { MAX_COOLDOWN_MS } from "./cooldowns.ts";
import type { Failure } from "./outcome.ts";
import type { Target, TargetRequest } from "./target.ts";

/** A limited key gets this pause where nobody says how long its limit lasts: another one serves meanwhile. */
const KEY_PAUSE_MS = 5000;

/**
 * Puts down what a failure says of the target's limits, and of the key that was used: a refused one is out for all models,
 * or for this one alone where the provider knows it (403). Returns whether another key of the provider can be used at
 * once; null where keys are not taken in turn, or the failure says nothing of them.
 */
export function noteLimit(
  target: Target,
  { keyIndex }: TargetRequest,
  { limit, status, reason }: Failure,
  now = performance.now(),
): boolean | null {
  const { provider, model, keyCount, name } = target;
  // What limits an endpoint may be the client's own key, which says nothing of others.
  if (provider === null) return null;
  const { cooldowns, keyTurns } = target.upstream;
  const isKeyRefused = (status === 401 || status === 403) && reason === "error";
  const hasKeys = keyCount > 1 && keyIndex !== null && keyIndex !== undefined;
  if (!hasKeys) {
    if (limit !== null && limit.lasts !== null) cooldowns.note(name, now + limit.lasts, now);
    return null;
  }
  if (limit === null && !isKeyRefused) return null;
  const lasts = limit === null ? MAX_COOLDOWN_MS : (limit.lasts ?? KEY_PAUSE_MS);
  const isForAll = status === 401 || limit?.quota === true;
  keyTurns.limited(provider, keyIndex, now + lasts, isForAll ? null : model, now);
  const backAt = keyTurns.backAt(provider, keyCount, model, now);
  if (backAt > 0 && limit !== null) cooldowns.note(name, backAt, now);
  return backAt === 0;
}
