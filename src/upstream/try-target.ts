import { GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { Presence } from "../lib/presence.ts";
import type { Attempt } from "../records/trace.ts";
import { type AttemptOptions, tryOnce } from "./attempt.ts";
import type { Permit } from "./breaker.ts";
import { noteLimit } from "./note-limit.ts";
import { type Failure, failureOf, type Outcome } from "./outcome.ts";
import { retryDelay } from "./retry-delay.ts";
import type { Target, TargetRequest } from "./target.ts";

export interface TryOptions extends AttemptOptions {
  /** `performance.now()` at the request's start; attempts are timed from there. */
  readonly startedTick: number;
  /** Every try is put down here, as it happens. */
  readonly attempts: Attempt[];
}

/** What is to come after a target. */
interface Successors {
  /** Whether a filter that keeps the answer back leads to another target. */
  readonly watched: boolean;
  /** Whether this failure does. */
  movesOn(failure: Failure): boolean;
}

/** Asks one target, again where that may help. Never throws. */
export async function tryTarget(
  target: Target,
  options: TryOptions,
  { watched, movesOn }: Successors,
): Promise<Outcome> {
  const { upstream, settings } = target;
  let last: Failure | null = null;
  for (let tries = 1; ; tries++) {
    // Made before there is a permit, which would not be given back if this failed.
    const request = prepared(target);
    if (request instanceof GatewayError) return notAsked(target, request, options);
    const now = performance.now();
    if (now >= options.totalAt) return last ?? notAsked(target, tooLate(), options);
    if (tries === 1) upstream.budget.firstTry(now);
    const permit = upstream.breaker.admit(now);
    if (permit === null) return last ?? notAsked(target, breakerOpen(target), options);
    const outcome = await tryRecorded({ target, request, permit, sentAt: now, watched }, options);
    if (outcome.ok) return outcome;
    const hasFreshKey = noteLimit(target, request, outcome);
    if (!outcome.retryable || tries >= settings.retry.max_attempts || options.presence.gone) return outcome;
    if (hasFreshKey !== true && isOutForLong(outcome) && movesOn(outcome)) return outcome;
    const delay = delayBefore(tries, target, outcome, hasFreshKey);
    if (delay === null || performance.now() + delay >= options.totalAt || !upstream.budget.take())
      return outcome;
    if (delay > 0) await sleep(delay, options.presence);
    if (options.presence.gone)
      return failureOf(new GatewayError("client_closed", "The client closed the connection."));
    last = outcome;
  }
}

/** Another target is asked at once rather than after so many milliseconds; less is spared by this one's warm cache. */
const WORTH_WAITING_MS = 1000;

/** Whether the upstream says itself that it will not be back in a moment. */
function isOutForLong({ asked, limit }: Failure): boolean {
  return (asked ?? limit?.lasts ?? 0) > WORTH_WAITING_MS;
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

interface Try {
  readonly target: Target;
  readonly request: TargetRequest;
  readonly permit: Permit;
  /** `performance.now()`. */
  readonly sentAt: number;
  readonly watched: boolean;
}

async function tryRecorded(
  { target, request, permit, sentAt, watched }: Try,
  options: TryOptions,
): Promise<Outcome> {
  const attempt: Attempt = {
    target: target.name,
    startedAt: sinceStart(options, sentAt),
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
  judge(target, permit, outcome, sentAt);
  // A body that was being read from the client is gone; it cannot be sent again.
  if (!outcome.ok && request.body instanceof ReadableStream && request.body.locked) {
    return { ...outcome, retryable: false, fallback: false, reason: null };
  }
  return outcome;
}

/** Tells the breaker. A refusal is an answer: the upstream works. A limit says nothing about its health. */
function judge(target: Target, permit: Permit, outcome: Outcome, sentAt: number): void {
  const { upstream } = target;
  if (outcome.ok) {
    upstream.lastSuccessAt = Date.now();
    permit.succeeded();
    if (upstream.cooldowns.size > 0) upstream.cooldowns.answered(target.name, sentAt);
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

function tooLate(): GatewayError {
  return new GatewayError(
    "total_timeout",
    "The time for the whole request had passed before the upstream was asked.",
  );
}

/** Milliseconds to a hundredth: the rest is noise, and takes space in every record. */
function sinceStart({ startedTick }: TryOptions, now = performance.now()): number {
  return Math.round((now - startedTick) * 100) / 100;
}

/** Puts down that a target was not asked, and why. */
export function notAsked(target: Target, error: GatewayError, options: TryOptions): Failure {
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
