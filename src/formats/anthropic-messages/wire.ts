/** What the gateway writes in Anthropic's Messages format; members are named as on the wire. */

export const FORMAT = "anthropic-messages";

export interface CacheControl {
  readonly type: "ephemeral";
  readonly ttl?: string;
}

interface Cacheable {
  readonly cache_control?: CacheControl;
}

export interface TextBlock extends Cacheable {
  readonly type: "text";
  readonly text: string;
  readonly citations?: readonly object[] | null;
}

export interface ThinkingBlock {
  readonly type: "thinking";
  readonly thinking: string;
  readonly signature: string;
}

export interface RedactedThinkingBlock {
  readonly type: "redacted_thinking";
  readonly data: string;
}

export interface ToolUseBlock extends Cacheable {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: object;
  readonly caller?: object;
}

export type Source =
  | { readonly type: "base64"; readonly media_type: string; readonly data: string }
  | { readonly type: "url"; readonly url: string }
  | { readonly type: "file"; readonly file_id: string }
  | { readonly type: "text"; readonly media_type: "text/plain"; readonly data: string };

export interface ImageBlock extends Cacheable {
  readonly type: "image";
  readonly source: Source;
}

export interface DocumentBlock extends Cacheable {
  readonly type: "document";
  readonly source: Source;
  readonly title?: string;
}

/** A block of one kind that only this API has, as it came. */
export interface NativeBlock {
  readonly type: string;
  readonly [member: string]: unknown;
}

export interface ToolResultBlock extends Cacheable {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content?: string | readonly ResultBlock[];
  readonly is_error?: boolean;
}

export type ResultBlock = TextBlock | ImageBlock | DocumentBlock | NativeBlock;

export type Block =
  | TextBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolUseBlock
  | ToolResultBlock
  | ImageBlock
  | DocumentBlock
  | NativeBlock;

export interface WireMessage {
  readonly role: "user" | "assistant" | "system";
  readonly content: string | readonly Block[];
}

export interface WireTool extends Cacheable {
  readonly name: string;
  readonly description?: string;
  readonly input_schema: object;
  readonly strict?: boolean;
}

export type WireToolChoice =
  | { readonly type: "auto" | "any"; readonly disable_parallel_tool_use?: boolean }
  | { readonly type: "tool"; readonly name: string; readonly disable_parallel_tool_use?: boolean }
  | { readonly type: "none" };

export type Thinking =
  | { readonly type: "enabled"; readonly budget_tokens: number; readonly display?: string }
  | { readonly type: "adaptive"; readonly display?: string }
  | { readonly type: "disabled" | "between_tools" };

export interface OutputConfig {
  readonly effort?: string;
  readonly format?: { readonly type: "json_schema"; readonly schema: object };
}

export interface MessagesRequest {
  readonly model: string;
  readonly max_tokens: number;
  readonly messages: readonly WireMessage[];
  readonly system?: string | readonly TextBlock[];
  readonly tools?: readonly object[];
  readonly tool_choice?: WireToolChoice;
  readonly stop_sequences?: readonly string[];
  readonly stream?: boolean;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly top_k?: number;
  readonly thinking?: Thinking;
  readonly output_config?: OutputConfig;
  readonly metadata?: object;
  readonly service_tier?: string;
}

/** The counts of a whole answer, with every member that the API's description requires. */
export interface WireUsage {
  readonly input_tokens: number;
  readonly cache_creation_input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly output_tokens: number;
  readonly output_tokens_details: { readonly thinking_tokens: number } | null;
  readonly server_tool_use: object | null;
}
