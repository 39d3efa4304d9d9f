import type { JsonObject } from "../../exchange/read.ts";

/** The wire format of OpenAI's Responses API, as far as it is written here; what is read is anything. */

export const FORMAT = "openai-responses";

export type ItemStatus = "in_progress" | "completed" | "incomplete";

export interface WireLogprob {
  token: string;
  logprob: number;
  bytes: readonly number[];
  top_logprobs: readonly { token: string; logprob: number; bytes: readonly number[] }[];
}

export interface OutputText {
  type: "output_text";
  text: string;
  annotations: readonly JsonObject[];
  logprobs?: readonly WireLogprob[];
}

export interface OutputRefusal {
  type: "refusal";
  refusal: string;
}

export interface SummaryText {
  type: "summary_text";
  text: string;
}

export interface ReasoningText {
  type: "reasoning_text";
  text: string;
}

export interface MessageItem {
  type: "message";
  id: string;
  status: ItemStatus;
  role: "assistant";
  content: (OutputText | OutputRefusal)[];
}

export interface ReasoningItem {
  type: "reasoning";
  id: string;
  summary: SummaryText[];
  content?: ReasoningText[];
  encrypted_content?: string;
}

export interface FunctionCallItem {
  type: "function_call";
  id: string;
  call_id: string;
  name: string;
  namespace?: string;
  arguments: string;
  status: ItemStatus;
}

export interface CustomToolCallItem {
  type: "custom_tool_call";
  id: string;
  call_id: string;
  name: string;
  namespace?: string;
  input: string;
  status: ItemStatus;
}

export interface ToolSearchCallItem {
  type: "tool_search_call";
  id: string;
  call_id: string;
  execution: "client";
  arguments: unknown;
  status: ItemStatus;
}

export interface ImageItem {
  type: "image_generation_call";
  id: string;
  status: string;
  result: string | null;
}

/** A hosted tool's item, as it was read. */
export interface OtherItem extends JsonObject {
  readonly type: string;
  readonly id: string;
}

export type OutputItem =
  | MessageItem
  | ReasoningItem
  | FunctionCallItem
  | CustomToolCallItem
  | ToolSearchCallItem
  | ImageItem
  | OtherItem;

export interface WireUsage {
  input_tokens: number;
  input_tokens_details: { cached_tokens: number; cache_write_tokens: number };
  output_tokens: number;
  output_tokens_details: { reasoning_tokens: number };
  total_tokens: number;
}

export type ResponseStatus = "in_progress" | "completed" | "incomplete" | "failed";

/** The response object: the members that the published description of Open Responses requires. */
export interface ResponseObject {
  id: string;
  object: "response";
  created_at: number;
  completed_at: number | null;
  status: ResponseStatus;
  background: boolean;
  error: { code: string; message: string } | null;
  incomplete_details: JsonObject | null;
  instructions: string | readonly JsonObject[] | null;
  max_output_tokens: number | null;
  max_tool_calls: number | null;
  model: string;
  output: readonly OutputItem[];
  parallel_tool_calls: boolean;
  previous_response_id: string | null;
  presence_penalty: number;
  frequency_penalty: number;
  prompt_cache_key: string | null;
  reasoning: JsonObject | null;
  safety_identifier: string | null;
  service_tier: string;
  store: boolean;
  temperature: number;
  text: JsonObject;
  tool_choice: string | JsonObject;
  tools: readonly JsonObject[];
  top_logprobs: number;
  top_p: number;
  truncation: string;
  usage: WireUsage | null;
  metadata: Readonly<Record<string, string>>;
}
