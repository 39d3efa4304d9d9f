import { isObject, type JsonObject } from "./json.ts";

interface Birth {
  readonly id: string;
  /** Unix seconds. */
  readonly createdAt: number;
  readonly status: string;
}

/**
 * A response before its model has said anything: what was asked for, with the API's defaults, and nulls for the rest.
 * All members are there that the published description requires.
 */
export function emptyResponse(request: JsonObject, { id, createdAt, status }: Birth): JsonObject {
  const text = isObject(request.text) ? request.text : {};
  return {
    id,
    object: "response",
    created_at: createdAt,
    completed_at: null,
    status,
    background: request.background === true,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model: typeof request.model === "string" ? request.model : "",
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: request.reasoning ?? { effort: null, summary: null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: request.service_tier ?? "auto",
    store: request.store !== false,
    temperature: request.temperature ?? 1,
    text: { ...text, format: text.format ?? { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: Array.isArray(request.tools) ? request.tools : [],
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    presence_penalty: request.presence_penalty ?? 0,
    frequency_penalty: request.frequency_penalty ?? 0,
    truncation: request.truncation ?? "disabled",
    usage: null,
    user: request.user ?? null,
    metadata: isObject(request.metadata) ? request.metadata : {},
  };
}

/** A response that came to no end of its own. */
export function failedResponse(response: JsonObject, code: string, message: string): JsonObject {
  return { ...response, status: "failed", error: { code, message } };
}

const UNFINISHED = new Set<unknown>(["queued", "in_progress"]);

export function isUnfinished(status: unknown): boolean {
  return UNFINISHED.has(status);
}
