import { ERRORS, type ErrorCategory } from "../exchange/errors.ts";
import { requestIdOf } from "../records/make-record.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Attempt, Trace } from "../records/trace.ts";
import type { Report } from "../strategies/strategy.ts";
import { learnDecisions } from "./learned-decisions.ts";
import type { RouteStates } from "./route-states.ts";
import type { RouteDecision } from "./routes.ts";

/** A target's own doing; what a client sent wrong, or that it left, says nothing of the target. */
const OWN_FAILURES: ReadonlySet<ErrorCategory> = new Set(["upstream-failed", "timeout", "limit"]);

/**
 * A request that a route sent somewhere has ended: its strategies are told how its targets did, the conversation is
 * remembered with the one that served, and what `learn` drew goes into the trace.
 */
export function settle(decision: RouteDecision, trace: Trace, states: RouteStates): void {
  const { targets, asked } = decision;
  const now = performance.now();
  const last = new Map<string, Attempt>();
  for (const attempt of trace.attempts) last.set(attempt.target, attempt);
  for (const { target, arms } of targets) {
    const attempt = last.get(target.name);
    if (attempt === undefined) continue;
    const failed = isFailure(attempt);
    const isLast = attempt === trace.attempts.at(-1);
    const isServed = isLast && attempt.error === null;
    const report: Report = {
      now,
      failed,
      firstTokenMs: isServed && trace.firstByteAt !== null ? trace.firstByteAt - attempt.startedAt : null,
      usage: null,
      cost: null,
      conversation: asked.conversation,
      kind: asked.kind,
    };
    // The record tells of the last try alone, and of what it cost.
    for (const { strategy, option } of arms)
      if (!isLast || !LEARNS_FROM_RECORDS.has(strategy.name)) strategy.observe?.(option, report);
    if (isLast && target === targets[0]?.target)
      trace.decisions = [...trace.decisions, ...learnDecisions(decision, trace)];
    if (!isServed) continue;
    if (asked.conversation !== null) states.conversations.served(asked.conversation, target.name, now);
    if (arms.some(({ strategy }) => strategy.name === "cost"))
      states.awaitRecord(requestIdOf(trace), { arms, conversation: asked.conversation, kind: asked.kind });
  }
}

/** `learn` reads its own log, which all gateways of a storage share. */
const LEARNS_FROM_RECORDS: ReadonlySet<string> = new Set(["cost", "learn"]);

/** A request was recorded: strategies that go by costs are told of it. */
export function settleRecord(record: RequestRecord, states: RouteStates): void {
  if (record.choice === null) return;
  const awaited = states.takeAwaited(record.requestId);
  if (awaited === null) return;
  const { usage, cost, firstTokenMs } = record;
  const report: Report = {
    now: performance.now(),
    failed: false,
    firstTokenMs,
    usage:
      usage === null
        ? null
        : { input: usage.input ?? 0, cachedInput: usage.cachedInput ?? 0, output: usage.output ?? 0 },
    cost: cost?.usd ?? null,
    conversation: awaited.conversation,
    kind: awaited.kind,
  };
  for (const { strategy, option } of awaited.arms)
    if (strategy.name === "cost") strategy.observe?.(option, report);
}

function isFailure({ error }: Attempt): boolean {
  return error !== null && OWN_FAILURES.has(ERRORS[error].category);
}
