import { makeId } from "../ids.ts";
import type { JsonObject } from "../json.ts";
import type { Answered, PlannedAnswer, PlannedCall } from "../plan.ts";
import { sealOf } from "../recall.ts";

/** The body of a Messages answer that is not streamed. */
export function writeMessage(answered: Answered): JsonObject {
  const answer = answered.plan.answers[0]!;
  return {
    ...messageHead(answered),
    content: contentBlocks(answer),
    ...messageEnd(answer),
    usage: messageUsage(answered, answered.plan.outputTokens),
  };
}

export function messageHead({ ask, seed }: Answered): JsonObject {
  return {
    model: ask.model,
    id: makeId(seed, "msg_01", "answer"),
    type: "message",
    role: "assistant",
    diagnostics: null,
  };
}

/** Why the message ended, also the delta of the `message_delta` event. */
export function messageEnd(answer: PlannedAnswer): JsonObject {
  const details = { type: "refusal", category: null, explanation: answer.text };
  return {
    stop_reason: stopReason(answer),
    stop_sequence: answer.stopSequence ?? null,
    stop_details: answer.finish === "refusal" ? details : null,
    container: null,
  };
}

function stopReason(answer: PlannedAnswer): string {
  if (answer.finish === "length") return "max_tokens";
  if (answer.finish === "tool-calls") return "tool_use";
  if (answer.finish === "refusal") return "refusal";
  return answer.stopSequence === undefined ? "end_turn" : "stop_sequence";
}

/** The content blocks in order. A refusal has none: its explanation stands in `stop_details`. */
export function contentBlocks(answer: PlannedAnswer): JsonObject[] {
  const blocks: JsonObject[] = [];
  if (answer.reasons) {
    const signature = sealOf("thinking", answer.reasoning, answer.calls);
    blocks.push({ type: "thinking", thinking: answer.reasoning, signature });
  }
  if (answer.text !== "" && answer.finish !== "refusal")
    blocks.push({ type: "text", text: answer.text, citations: null });
  for (const call of answer.calls) blocks.push(toolUse(call));
  return blocks;
}

function toolUse(call: PlannedCall): JsonObject {
  return {
    type: "tool_use",
    id: `toolu_01${call.id.slice(0, 22)}`,
    name: call.name,
    input: call.args,
    caller: { type: "direct" },
  };
}

/** Usage of the message; `input_tokens` leaves out what was read from or written to the cache. */
export function messageUsage(answered: Answered, outputTokens: number): JsonObject {
  return {
    ...inputUsage(answered),
    cache_creation: {
      ephemeral_5m_input_tokens: answered.ask.input.cacheWritten,
      ephemeral_1h_input_tokens: 0,
    },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: Math.min(outputTokens, answered.plan.reasoningTokens) },
    server_tool_use: null,
    service_tier: "standard",
    speed: "standard",
    inference_geo: "not_available",
  };
}

/** Usage as the `message_delta` event repeats it; its counts are totals. */
export function deltaUsage(answered: Answered): JsonObject {
  return {
    ...inputUsage(answered),
    output_tokens: answered.plan.outputTokens,
    output_tokens_details: { thinking_tokens: answered.plan.reasoningTokens },
    server_tool_use: null,
  };
}

function inputUsage({ ask }: Answered): JsonObject {
  const { total, cached, cacheWritten } = ask.input;
  return {
    input_tokens: total - cached - cacheWritten,
    cache_creation_input_tokens: cacheWritten,
    cache_read_input_tokens: cached,
  };
}
