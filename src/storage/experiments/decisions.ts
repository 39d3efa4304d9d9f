import type { RecordedDecision } from "../../records/decision.ts";
import type { RequestRecord } from "../../records/record.ts";
import { figuresOf } from "../records/rows.ts";

/** The columns of `experiment_decisions` that `decisionValues` has values for. */
export const DECISION_NAMES = [
  "experiment",
  "record_id",
  "unit",
  "variant",
  "epoch",
  "probability",
  "started_at",
  "request_id",
  "run_id",
  "thread_id",
  "model",
  "agent_id",
  "cost_usd",
  "duration_ms",
  "first_token_ms",
  "output_tokens",
  "failed",
  "finish",
] as const;

/** A decision together with what it led to, as its record says. */
export function decisionValues(
  record: RequestRecord,
  { experiment, unit, variant, epoch, probability }: RecordedDecision,
): (string | number | boolean | null)[] {
  const { failed, costUsd, durationMs, firstTokenMs, outputTokens } = figuresOf(record);
  return [
    experiment,
    record.id,
    unit,
    variant,
    epoch,
    probability,
    record.startedAt,
    record.requestId,
    record.runId,
    record.threadId,
    record.model,
    record.agentId,
    costUsd,
    durationMs,
    firstTokenMs,
    outputTokens,
    failed,
    record.finish,
  ];
}
