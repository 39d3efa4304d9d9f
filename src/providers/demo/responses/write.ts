import { createdAt, makeId } from "../ids.ts";
import { type JsonObject, objectOf, objectsOf, stringsOf } from "../json.ts";
import type { Answered, PlannedAnswer, PlannedCall } from "../plan.ts";
import { sealOf } from "../recall.ts";

export type ResponseStatus = "in_progress" | "completed" | "incomplete" | "failed";

/** How the answer ends when nothing fails. */
export function finalStatus({ plan }: Answered): ResponseStatus {
  return plan.answers[0]?.finish === "length" ? "incomplete" : "completed";
}

/** The response object, whole or as it stands in the middle of a stream (then without usage). */
export function writeResponse(answered: Answered, status: ResponseStatus, output: JsonObject[]): JsonObject {
  const { ask, body, seed } = answered;
  const done = status === "completed" || status === "incomplete";
  const reasoning = objectOf(body.reasoning);
  const text = objectOf(body.text);
  return {
    id: makeId(seed, "resp_", "answer", 50),
    object: "response",
    created_at: createdAt(seed),
    status,
    background: false,
    completed_at: status === "completed" ? createdAt(seed) + 1 : null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: status === "incomplete" ? { reason: "max_output_tokens" } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model: ask.model,
    output,
    parallel_tool_calls: ask.parallelCalls,
    presence_penalty: 0,
    previous_response_id: body.previous_response_id ?? null,
    prompt_cache_key: body.prompt_cache_key ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    safety_identifier: body.safety_identifier ?? null,
    service_tier: done ? "default" : "auto",
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text?.format ?? { type: "text" }, verbosity: text?.verbosity ?? "medium" },
    tool_choice: body.tool_choice ?? "auto",
    tools: objectsOf(body.tools).map(echoTool),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? "disabled",
    usage: done ? usage(answered) : null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

/** A function tool without `strict` is strict in this API; an explicit null is not. */
function echoTool(tool: JsonObject): JsonObject {
  if (tool.type !== "function") return tool;
  const strict = tool.strict === undefined ? true : (tool.strict ?? false);
  return { ...tool, description: tool.description ?? null, parameters: tool.parameters ?? null, strict };
}

function usage({ ask, plan }: Answered): JsonObject {
  return {
    input_tokens: ask.input.total,
    input_tokens_details: { cached_tokens: ask.input.cached, cache_write_tokens: ask.input.cacheWritten },
    output_tokens: plan.outputTokens,
    output_tokens_details: { reasoning_tokens: plan.reasoningTokens },
    total_tokens: ask.input.total + plan.outputTokens,
  };
}

/** All output items as they stand when the answer is done. */
export function outputItems(answered: Answered): JsonObject[] {
  const answer = answered.plan.answers[0]!;
  const items = answer.calls.map((call) => callItem(answered, call, JSON.stringify(call.args), "completed"));
  if (hasMessage(answer)) {
    const status = answer.finish === "length" ? "incomplete" : "completed";
    items.unshift(messageItem(answered, status, [contentPart(answer, answer.text)]));
  }
  if (answer.reasons) items.unshift(reasoningItem(answered, answer.reasoning));
  return items;
}

/** A turn of tool calls alone, or one that ran out of tokens while it reasoned, has no message. */
export function hasMessage(answer: PlannedAnswer): boolean {
  return answer.calls.length === 0 && (answer.text !== "" || answer.finish !== "length");
}

export function reasoningItem({ body, seed, plan }: Answered, summary: string): JsonObject {
  const sealed = stringsOf(body.include).includes("reasoning.encrypted_content");
  return {
    id: makeId(seed, "rs_", "reasoning", 50),
    type: "reasoning",
    ...(sealed && { encrypted_content: sealOf("reasoning", "", plan.answers[0]?.calls ?? []) }),
    summary: summary === "" ? [] : [{ type: "summary_text", text: summary }],
  };
}

export function messageItem({ seed }: Answered, status: ResponseStatus, content: JsonObject[]): JsonObject {
  return { id: makeId(seed, "msg_", "message", 50), type: "message", status, content, role: "assistant" };
}

export function contentPart(answer: PlannedAnswer, text: string): JsonObject {
  if (answer.finish === "refusal") return { type: "refusal", refusal: text };
  return { type: "output_text", annotations: [], logprobs: [], text };
}

export function callItem(
  { seed }: Answered,
  call: PlannedCall,
  args: string,
  status: ResponseStatus,
): JsonObject {
  return {
    id: makeId(seed, "fc_", call.id, 50),
    type: "function_call",
    status,
    arguments: args,
    call_id: `call_${call.id}`,
    name: call.name,
  };
}
