import { type ErrorCode, GatewayError, toGatewayError } from "../exchange/errors.ts";
import type { Presence } from "../lib/presence.ts";
import type { Attempt } from "../records/trace.ts";
import { type AttemptOptions, tryOnce } from "./attempt.ts";
import type { Permit } from "./breaker.ts";
import { type Failure, failureOf, type Outcome } from "./outcome.ts";
import { retryDelay } from "./retry-delay.ts";
import type { Target, TargetRequest } from "./target.ts";

export interface RunOptions extends AttemptOptions {
  /** `performance.now()` at the request's start; attempts are timed from there. */
  readonly startedTick: number;
  /** Every try is put down here, as it happens. */
  readonly attempts: Attempt[];
}

/** Asks the targets in order, each with its retries, until one may be committed to. Never throws. */
export async function run(
  targets: readonly Target[],
  options: RunOptions,
): Promise<{ target: Target; outcome: Outcome }> {
  let last: { target: Target; outcome: Failure } | null = null;
  for (const target of targets) {
    const outcome = await tryTarget(target, options);
    if (outcome.ok) return { target, outcome };
    // What an upstream said is worth more to the client than why the next one was not asked.
    if (last === null || !NOT_ASKED.has(outcome.error.code)) last = { target, outcome };
    if (!outcome.fallback) break;
  }
  if (last === null) throw new Error("no targets");
  return last;
}

const NOT_ASKED: ReadonlySet<ErrorCode> = new Set(["breaker_open", "conversion_refused"]);

async function tryTarget(target: Target, options: RunOptions): Promise<Outcome> {
  const { upstream, settings } = target;
  upstream.budget.firstTry();
  let last: Failure | null = null;
  for (let tries = 1; ; tries++) {
    // Made before there is a permit, which would not be given back if this failed.
    const request = prepared(target);
    if (request instanceof GatewayError) return notAsked(target, request, options);
    const permit = upstream.breaker.admit();
    if (permit === null) return last ?? notAsked(target, breakerOpen(target), options);
    const outcome = await tryRecorded(target, request, permit, options);
    if (outcome.ok || !outcome.retryable || tries >= settings.retry.max_attempts || options.presence.gone)
      return outcome;
    const delay = retryDelay(settings.retry, tries, outcome.asked);
    if (delay === null || performance.now() + delay >= options.totalAt || !upstream.budget.take())
      return outcome;
    await sleep(delay, options.presence);
    if (options.presence.gone)
      return failureOf(new GatewayError("client_closed", "The client closed the connection."));
    last = outcome;
  }
}

async function tryRecorded(
  target: Target,
  request: TargetRequest,
  permit: Permit,
  options: RunOptions,
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
  const outcome = await tryOnce(target, request, options);
  attempt.endedAt = sinceStart(options);
  attempt.status = outcome.ok ? outcome.response.status : outcome.status;
  if (!outcome.ok) {
    attempt.error = outcome.error.code;
    attempt.message = outcome.message ?? causeOf(outcome.error);
  }
  judge(target, permit, outcome);
  // A body that was being read from the client is gone; it cannot be sent again.
  if (!outcome.ok && request.body instanceof ReadableStream && request.body.locked) {
    return { ...outcome, retryable: false, fallback: false };
  }
  return outcome;
}

/** Tells the breaker. A refusal is an answer: the upstream works. A limit says nothing about its health. */
function judge(target: Target, permit: Permit, outcome: Outcome): void {
  const { upstream } = target;
  if (outcome.ok) {
    upstream.lastSuccessAt = Date.now();
    permit.succeeded();
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

/** Milliseconds to a hundredth: the rest is noise, and takes space in every record. */
function sinceStart({ startedTick }: RunOptions): number {
  return Math.round((performance.now() - startedTick) * 100) / 100;
}

function notAsked(target: Target, error: GatewayError, options: RunOptions): Failure {
  const now = sinceStart(options);
  options.attempts.push({
    target: target.name,
    startedAt: now,
    endedAt: now,
    status: null,
    error: error.code,
    message: null,
  });
  return failureOf(error);
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
