import type { FinishReason } from "../../exchange/response.ts";

const FINISHES: ReadonlyMap<unknown, FinishReason> = new Map([
  ["end_turn", "stop"],
  ["max_tokens", "length"],
  ["stop_sequence", "stop-sequence"],
  ["tool_use", "tool-calls"],
  ["pause_turn", "pause"],
  ["refusal", "refusal"],
  ["model_context_window_exceeded", "context"],
]);

const STOP_REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "end_turn",
  "stop-sequence": "stop_sequence",
  length: "max_tokens",
  context: "model_context_window_exceeded",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  refusal: "refusal",
  pause: "pause_turn",
  other: "end_turn",
};

export function finishOf(stopReason: unknown): FinishReason {
  return FINISHES.get(stopReason) ?? "other";
}

/** What the answer held decides where its end was told as a plain one. */
export function stopReasonOf(finish: FinishReason, held: { calls: boolean; refusal: boolean }): string {
  if (finish !== "stop" && finish !== "other") return STOP_REASONS[finish];
  if (held.calls) return "tool_use";
  return held.refusal ? "refusal" : STOP_REASONS[finish];
}
