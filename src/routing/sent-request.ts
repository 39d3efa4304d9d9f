import { ERRORS, type ErrorCategory } from "../exchange/errors.ts";
import type { FallbackReason } from "../exchange/fallback.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Attempt, Trace } from "../records/trace.ts";
import type { Arm } from "../strategies/choose.ts";
import type { Report } from "../strategies/strategy.ts";
import { learnDecisions } from "./learned-decisions.ts";
import type { RouteStates } from "./route-states.ts";
import type { RouteDecision } from "./routes.ts";

/** A target's own doing; what a client sent wrong, or that it left, says nothing of the target. */
const OWN_FAILURES: ReadonlySet<ErrorCategory> = new Set(["upstream-failed", "timeout", "limit"]);
const OF_THE_TARGET: ReadonlySet<FallbackReason> = new Set(["error", "timeout", "limit", "unavailable"]);
/** The record tells these of the last try; `learn` reads it in its own log, which all gateways of a storage share. */
const LEARNS_FROM_RECORDS: ReadonlySet<string> = new Set(["cost", "learn"]);

/** A request that a route sends to its targets, from when it is sent: what the route's strategies are told of it. */
export class SentRequest {
  readonly #decision: RouteDecision;
  readonly #trace: Trace;
  readonly #states: RouteStates;
  #hasBegun = false;

  constructor(decision: RouteDecision, trace: Trace, states: RouteStates) {
    this.#decision = decision;
    this.#trace = trace;
    this.#states = states;
    for (const { strategy, ranking } of decision.taken) strategy.took?.(ranking, decision.asked);
  }

  /** The first output has come. A stream may go on for minutes, in which others are to know how fast the targets are. */
  begun(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { targets, taken } = this.#decision;
    const { attempts } = this.#trace;
    const now = performance.now();
    for (const { strategy, ranking } of taken) strategy.left?.(ranking.order[0]!.name, now);
    const last = new Map<string, Attempt>();
    for (const attempt of attempts) last.set(attempt.target, attempt);
    for (const { target, arms } of targets) {
      const attempt = last.get(target.name);
      if (attempt !== undefined) this.#tell(arms, attempt, now);
    }
  }

  /** The request has ended, with an answer or without: what `learn` drew for it goes into the trace. */
  ended(): void {
    const wasBegun = this.#hasBegun;
    this.begun();
    const trace = this.#trace;
    const attempt = trace.attempts.at(-1);
    const served = this.#decision.targets.find(({ target }) => target.name === attempt?.target);
    if (attempt === undefined || served === undefined) return;
    const { target, arms } = served;
    if (wasBegun && isFailure(attempt)) this.#tell(arms, attempt, performance.now());
    if (served === this.#decision.targets[0])
      trace.decisions = [...trace.decisions, ...learnDecisions(this.#decision, trace)];
    if (attempt.error !== null) return;
    const { conversation, asked } = this.#decision;
    if (conversation !== null)
      this.#states.conversations.served(conversation, target.name, performance.now());
    // Without a capture it is not recorded.
    if (trace.capture !== null && arms.some(({ strategy }) => strategy.name === "cost"))
      this.#states.awaitRecord(trace.spanId, { arms, conversation, kind: asked.kind });
  }

  #tell(arms: readonly Arm[], attempt: Attempt, now: number): void {
    const { asked, conversation } = this.#decision;
    const { attempts, firstByteAt, startedTick } = this.#trace;
    const isLast = attempt === attempts.at(-1);
    const hasOutput = isLast && attempt.error === null && firstByteAt !== null;
    const report: Report = {
      now,
      failed: isFailure(attempt),
      firstTokenMs: hasOutput ? now - startedTick - attempt.startedAt : null,
      usage: null,
      cost: null,
      conversation,
      kind: asked.kind,
    };
    for (const { strategy, option } of arms)
      if (!isLast || !LEARNS_FROM_RECORDS.has(strategy.name)) strategy.observe?.(option, report);
  }
}

/** A request was recorded: strategies that go by costs are told of it. */
export function settleRecord(record: RequestRecord, states: RouteStates): void {
  if (record.choice === null) return;
  const awaited = states.takeAwaited(record.spanId);
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

/** Also a refusal of everybody, as of a key or a model; a prompt that is too long or filtered says nothing of others. */
function isFailure({ error, reason }: Attempt): boolean {
  if (error === null) return false;
  const { category } = ERRORS[error];
  const refusesAll = category !== "gateway" && reason !== undefined && OF_THE_TARGET.has(reason);
  return refusesAll || OWN_FAILURES.has(category);
}
