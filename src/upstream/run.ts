import { type ErrorCode, GatewayError } from "../exchange/errors.ts";
import { DEFAULT_FALLBACK, type FallbackPolicy } from "../exchange/fallback.ts";
import { mayFallBack } from "./fallback.ts";
import type { Failure, Outcome, Success } from "./outcome.ts";
import { orderSparing } from "./spare.ts";
import type { Target } from "./target.ts";
import { withTried } from "./tried.ts";
import { notAsked, type TryOptions, tryTarget } from "./try-target.ts";

export interface RunOptions extends TryOptions {
  /** Why another target is asked; absent for a request that names no route: `DEFAULT_FALLBACK`. */
  readonly fallback?: FallbackPolicy;
}

interface Ended<O extends Outcome> {
  readonly target: Target;
  readonly outcome: O;
}

/**
 * Asks the targets in order, each with its retries, until one may be committed to. Where none can, the last upstream's
 * failure is returned, or an answer that a filter kept back, which is an answer all the same. Never throws.
 */
export async function run(targets: readonly Target[], options: RunOptions): Promise<Ended<Outcome>> {
  const policy = options.fallback ?? DEFAULT_FALLBACK;
  const order = targets.length > 1 && policy.limit ? orderSparing(targets) : null;
  const all = order?.targets ?? targets;
  let last: Ended<Failure> | null = null;
  let keptBack: Ended<Success> | null = null;
  for (let place = 0; place < all.length; place++) {
    const target = all[place]!;
    if (order?.passedOver.has(place)) {
      notAsked(target, stillLimited(), options);
      continue;
    }
    if ((last ?? keptBack) !== null && performance.now() >= options.totalAt) break;
    const isFollowed = () => hasNext(all, place, order?.passedOver);
    const outcome = await tryTarget(target, options, {
      watched: policy.content_filter && isFollowed(),
      movesOn: (failure) => mayFallBack(failure, policy) && isFollowed(),
    });
    if (outcome.ok) {
      if (outcome.filtered !== true) {
        keptBack?.outcome.response.cancel();
        return { target, outcome };
      }
      if (keptBack === null) keptBack = { target, outcome };
      else outcome.response.cancel();
      continue;
    }
    // What an upstream said is worth more to the client than why the next one was not asked.
    if (last === null || !NOT_ASKED.has(outcome.error.code)) last = { target, outcome };
    if (!mayFallBack(outcome, policy)) break;
  }
  // The record of a client that has left says so, though there was an answer for it.
  if (keptBack !== null && (last === null || !options.presence.gone)) return keptBack;
  keptBack?.outcome.response.cancel();
  if (last === null) throw new Error("no targets");
  return { target: last.target, outcome: withTried(last.outcome, options.attempts) };
}

/** Whether a target behind this one can be asked. */
function hasNext(
  all: readonly Target[],
  place: number,
  passedOver: ReadonlySet<number> | undefined,
): boolean {
  for (let next = place + 1; next < all.length; next++)
    if (passedOver?.has(next) !== true && !all[next]!.upstream.breaker.isOpen()) return true;
  return false;
}

const NOT_ASKED: ReadonlySet<ErrorCode> = new Set(["breaker_open", "conversion_refused"]);

function stillLimited(): GatewayError {
  return new GatewayError("upstream_limited", "The upstream has had enough requests for now.");
}
