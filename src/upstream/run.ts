import { type ErrorCode, GatewayError, toGatewayError } from "../exchange/errors.ts";
import { DEFAULT_FALLBACK, type FallbackPolicy } from "../exchange/fallback.ts";
import type { Presence } from "../lib/presence.ts";
import type { Attempt } from "../records/trace.ts";
import { type AttemptOptions, tryOnce } from "./attempt.ts";
import type { Permit } from "./breaker.ts";
import { mayFallBack } from "./fallback.ts";
import { noteLimit } from "./note-limit.ts";
import { type Failure, failureOf, type Outcome, type Success } from "./outcome.ts";
import { retryDelay } from "./retry-delay.ts";
import { orderSparing } from "./spare.ts";
import type { Target, TargetRequest } from "./target.ts";
import { withTried } from "./tried.ts";

export interface RunOptions extends AttemptOptions {
  /** `performance.now()` at the request's start; attempts are timed from there. */
  readonly startedTick: number;
  /** Every try is put down here, as it happens. */
  readonly attempts: Attempt[];
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
    if (place > 0 && performance.now() >= options.totalAt) break;
    const watched = policy.content_filter && place < all.length - 1;
    const outcome = await tryTarget(target, options, watched);
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
  if (keptBack !== null) return keptBack;
  if (last === null) throw new Error("no targets");
  return { target: last.target, outcome: withTried(last.outcome, options.attempts) };
}

const NOT_ASKED: ReadonlySet<ErrorCode> = new Set(["breaker_open", "conversion_refused"]);

async function tryTarget(target: Target, options: RunOptions, watched: boolean): Promise<Outcome> {
  const { upstream, settings } = target;
  upstream.budget.firstTry();
  let last: Failure | null = null;
  for (let tries = 1; ; tries++) {
    // Made before there is a permit, which would not be given back if this failed.
    const request = prepared(target);
    if (request instanceof GatewayError) return notAsked(target, request, options);
    const now = performance.now();
    if (now >= options.totalAt) return last ?? notAsked(target, tooLate(), options);
    const permit = upstream.breaker.admit(now);
    if (permit === null) return last ?? notAsked(target, breakerOpen(target), options);
    const outcome = await tryRecorded(target, request, permit, options, watched);
    if (outcome.ok) return outcome;
    const hasFreshKey = noteLimit(target, request, outcome);
    if (!outcome.retryable || tries >= settings.retry.max_attempts || options.presence.gone) return outcome;
    const delay = delayBefore(tries, target, outcome, hasFreshKey);
    if (delay === null || performance.now() + delay >= options.totalAt || !upstream.budget.take())
      return outcome;
    if (delay > 0) await sleep(delay, options.presence);
    if (options.presence.gone)
      return failureOf(new GatewayError("client_closed", "The client closed the connection."));
    last = outcome;
  }
}

/** Milliseconds before the next try; null for none. Another key has not been told to wait, and refused ones have no end. */
function delayBefore(
  tries: number,
  { settings }: Target,
  { limit, asked }: Failure,
  hasFreshKey: boolean | null,
): number | null {
  if (hasFreshKey === true) return 0;
  if (hasFreshKey === false && limit === null) return null;
  return retryDelay(settings.retry, tries, asked);
}

async function tryRecorded(
  target: Target,
  request: TargetRequest,
  permit: Permit,
  options: RunOptions,
  watched: boolean,
): Promise<Outcome> {
  const startedAt = sinceStart(options);
  const attempt: Attempt = {
    target: target.name,
    startedAt,
    endedAt: null,
    status: null,
    error: null,
    message: null,
  };
  options.attempts.push(attempt);
  const outcome = await tryOnce(target, request, options, watched);
  attempt.endedAt = sinceStart(options);
  attempt.status = outcome.ok ? outcome.response.status : outcome.status;
  if (!outcome.ok) {
    attempt.error = outcome.error.code;
    attempt.message = outcome.message ?? causeOf(outcome.error);
    if (outcome.reason !== null) attempt.reason = outcome.reason;
  } else if (outcome.filtered === true) {
    attempt.reason = "content_filter";
  }
  judge(target, permit, outcome);
  // A body that was being read from the client is gone; it cannot be sent again.
  if (!outcome.ok && request.body instanceof ReadableStream && request.body.locked) {
    return { ...outcome, retryable: false, fallback: false, reason: null };
  }
  return outcome;
}

/** Tells the breaker. A refusal is an answer: the upstream works. A limit says nothing about its health. */
function judge(target: Target, permit: Permit, outcome: Outcome): void {
  const { upstream } = target;
  if (outcome.ok) {
    upstream.lastSuccessAt = Date.now();
    permit.succeeded();
    if (upstream.cooldowns.size > 0) upstream.cooldowns.clear(target.name);
    return;
  }
  switch (outcome.error.category) {
    case "upstream-failed":
    case "timeout":
      upstream.lastError = { code: outcome.error.code, at: Date.now() };
      permit.failed();
      break;
    case "upstream-refused":
      permit.succeeded();
      break;
    default:
      permit.undecided();
  }
}

/** The request for the target, or why it cannot be asked. */
function prepared(target: Target): TargetRequest | GatewayError {
  try {
    return target.prepare();
  } catch (error) {
    return toGatewayError(error);
  }
}

function breakerOpen(target: Target): GatewayError {
  return new GatewayError("breaker_open", "The upstream has been failing and is given time to recover.", {
    retryAfter: target.upstream.breaker.retryAfter(),
  });
}

function stillLimited(): GatewayError {
  return new GatewayError("upstream_limited", "The upstream has had enough requests for now.");
}

function tooLate(): GatewayError {
  return new GatewayError(
    "total_timeout",
    "The time for the whole request had passed before the upstream was asked.",
  );
}

/** Milliseconds to a hundredth: the rest is noise, and takes space in every record. */
function sinceStart({ startedTick }: RunOptions): number {
  return Math.round((performance.now() - startedTick) * 100) / 100;
}

function notAsked(target: Target, error: GatewayError, options: RunOptions): Failure {
  const now = sinceStart(options);
  const failure = failureOf(error);
  options.attempts.push({
    target: target.name,
    startedAt: now,
    endedAt: now,
    status: null,
    error: error.code,
    message: null,
    ...(failure.reason === null ? {} : { reason: failure.reason }),
  });
  return failure;
}

function causeOf(error: GatewayError): string | null {
  return typeof error.cause === "string" ? error.cause.slice(0, 500) : null;
}

/** Ends early when nobody waits any more. */
function sleep(milliseconds: number, presence: Presence): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      presence.onGone = null;
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    presence.onGone = done;
  });
}
