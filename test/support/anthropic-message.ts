import type {
  Message,
  MessageDeltaUsage,
  RawMessageDeltaEvent,
  RedactedThinkingBlock,
  TextBlock,
  ThinkingBlock,
  ToolUseBlock,
  Usage,
} from "@anthropic-ai/sdk/resources/messages/messages";

/** What a member's value must be. A trailing `?` stands for null beside it. */
type Kind = "string" | "string?" | "count" | "count?" | "object" | "object?" | "array" | "array?" | "any";
type Shape<T> = Readonly<Record<RequiredKeys<T>, Kind>>;
type RequiredKeys<T> = { [K in keyof T]-?: object extends Pick<T, K> ? never : K }[keyof T] & string;

/** The members that the SDK's types require; the compiler finds what a new version of them adds. */
const MESSAGE: Shape<Message> = {
  id: "string",
  type: "string",
  role: "string",
  model: "string",
  content: "array",
  stop_reason: "string?",
  stop_sequence: "string?",
  usage: "object",
  container: "object?",
  diagnostics: "object?",
  stop_details: "object?",
};
const USAGE: Shape<Usage> = {
  input_tokens: "count",
  output_tokens: "count",
  cache_creation: "object?",
  cache_creation_input_tokens: "count?",
  cache_read_input_tokens: "count?",
  inference_geo: "string?",
  output_tokens_details: "object?",
  server_tool_use: "object?",
  service_tier: "string?",
  speed: "string?",
};
const DELTA: Shape<RawMessageDeltaEvent.Delta> = {
  stop_reason: "string?",
  stop_sequence: "string?",
  container: "object?",
  stop_details: "object?",
};
const DELTA_USAGE: Shape<MessageDeltaUsage> = {
  input_tokens: "count?",
  output_tokens: "count",
  cache_creation_input_tokens: "count?",
  cache_read_input_tokens: "count?",
  output_tokens_details: "object?",
  server_tool_use: "object?",
};
const TEXT: Shape<TextBlock> = { type: "string", text: "string", citations: "array?" };
const THINKING: Shape<ThinkingBlock> = { type: "string", thinking: "string", signature: "string" };
const REDACTED: Shape<RedactedThinkingBlock> = { type: "string", data: "string" };
const TOOL_USE: Shape<ToolUseBlock> = {
  type: "string",
  id: "string",
  name: "string",
  input: "object",
  caller: "object",
};

/** Members that the API did not have when the recordings were made; asked for in `strict` only. */
const LATER: ReadonlySet<string> = new Set([
  "cache_creation_input_tokens",
  "cache_read_input_tokens",
  "container",
  "diagnostics",
  "stop_details",
  "cache_creation",
  "inference_geo",
  "output_tokens_details",
  "server_tool_use",
  "speed",
  "service_tier",
  "citations",
  "caller",
]);

export const STOP_REASONS: ReadonlySet<unknown> = new Set([
  "end_turn",
  "max_tokens",
  "stop_sequence",
  "tool_use",
  "pause_turn",
  "refusal",
  "model_context_window_exceeded",
]);

/** Collects what is wrong with values, each with its place. */
export class Findings {
  readonly list: string[] = [];
  readonly strict: boolean;

  constructor(strict: boolean) {
    this.strict = strict;
  }

  add(where: string, what: string): void {
    this.list.push(`${where}: ${what}`);
  }

  message(value: unknown, where: string): void {
    const message = this.shape(value, MESSAGE, where);
    if (message === null) return;
    if (message.type !== "message") this.add(where, `type is ${message.type}`);
    if (message.role !== "assistant") this.add(where, `role is ${message.role}`);
    this.shape(message.usage, USAGE, `${where}.usage`);
    if (Array.isArray(message.content))
      for (const [index, block] of message.content.entries()) this.block(block, `${where}.content[${index}]`);
  }

  deltaOfMessage(event: Record<string, unknown>, where: string): void {
    this.shape(event.delta, DELTA, `${where}.delta`);
    if (this.strict) this.shape(event.usage, DELTA_USAGE, `${where}.usage`);
  }

  /** A content block's type; null where it is none. */
  block(value: unknown, where: string): string | null {
    const block = value as Record<string, unknown> | null;
    if (typeof block !== "object" || block === null || typeof block.type !== "string") {
      this.add(where, "is no content block");
      return null;
    }
    const shape = { text: TEXT, thinking: THINKING, redacted_thinking: REDACTED, tool_use: TOOL_USE }[
      block.type
    ];
    if (shape !== undefined) this.shape(block, shape, where);
    return block.type;
  }

  shape(
    value: unknown,
    shape: Readonly<Record<string, Kind>>,
    where: string,
  ): Record<string, unknown> | null {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      this.add(where, "is no object");
      return null;
    }
    const object = value as Record<string, unknown>;
    for (const [key, kind] of Object.entries(shape)) {
      if (!Object.hasOwn(object, key)) {
        if (this.strict || !LATER.has(key)) this.add(`${where}.${key}`, "is missing");
      } else if (!fits(object[key], kind)) this.add(`${where}.${key}`, `is not ${kind}: ${object[key]}`);
    }
    return object;
  }
}

function fits(value: unknown, kind: Kind): boolean {
  if (kind === "any") return true;
  if (kind.endsWith("?")) return value === null || fits(value, kind.slice(0, -1) as Kind);
  if (kind === "array") return Array.isArray(value);
  if (kind === "count") return Number.isInteger(value) && (value as number) >= 0;
  if (kind === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === kind;
}

/** What is wrong with a whole answer of the Messages API. `strict` asks for every member of the SDK's types. */
export function validateMessage(message: unknown, strict = true): string[] {
  const findings = new Findings(strict);
  findings.message(message, "message");
  const reason = (message as Record<string, unknown> | null)?.stop_reason;
  if (!STOP_REASONS.has(reason)) findings.add("message.stop_reason", `is ${reason}`);
  return findings.list;
}
