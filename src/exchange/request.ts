import type { CacheMark, Extensions, Part } from "./parts.ts";

/** JSON Schema, as the client wrote it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * `system` and `developer` instruct; `tool` holds nothing but tool results. Order is the conversation's own. System text
 * that a format keeps beside the messages stands first, as messages of role `system`.
 */
export type Role = "system" | "developer" | "user" | "assistant" | "tool";

export interface Message {
  readonly role: Role;
  readonly parts: readonly Part[];
  /** The speaker's name (Chat). */
  readonly name?: string;
  /** Responses' `phase` of an assistant message (`commentary`, `final_answer`), kept when replayed. */
  readonly phase?: string;
  readonly extensions?: Extensions;
}

/** A function that the client runs. */
export interface FunctionTool {
  readonly kind: "function";
  readonly name: string;
  /** The namespace that a Responses tool stands in. */
  readonly namespace?: string;
  readonly description?: string;
  /** Schema of the arguments; absent for a function without. */
  readonly parameters?: JsonSchema;
  /** Whether arguments must keep to the schema; absent where the client did not say and its API's default is false. */
  readonly strict?: boolean;
  readonly cache?: CacheMark;
  readonly extensions?: Extensions;
}

/** A tool whose argument is free text, perhaps held to a grammar. */
export interface CustomTool {
  readonly kind: "custom";
  readonly name: string;
  readonly namespace?: string;
  readonly description?: string;
  readonly grammar?: { readonly syntax: string; readonly definition: string };
  readonly extensions?: Extensions;
}

/** What a hosted tool does, where several providers have the like; `other` is one that a single provider has. */
export type HostedToolKind =
  | "web-search"
  | "web-fetch"
  | "code-execution"
  | "file-search"
  | "computer"
  | "image-generation"
  | "mcp"
  | "other";

/** A tool that the provider runs (or, as the computer, that it alone defines). */
export interface HostedTool {
  readonly kind: "hosted";
  readonly hosted: HostedToolKind;
  /** The wire type, for naming it, as `web_search_20250305`. */
  readonly type: string;
  /** What every such tool may be told, as far as the wire form says it. */
  readonly allowedDomains?: readonly string[];
  readonly blockedDomains?: readonly string[];
  readonly maxUses?: number;
  readonly location?: {
    readonly city?: string;
    readonly region?: string;
    readonly country?: string;
    readonly timezone?: string;
  };
  /** The whole wire object, in the format it came in. */
  readonly extensions: Extensions;
}

export type Tool = FunctionTool | CustomTool | HostedTool;

export interface ToolChoice {
  /** `tool` asks for the one that `name` says. */
  readonly mode: "auto" | "none" | "required" | "tool";
  readonly name?: string;
  readonly namespace?: string;
  /** The only tools that may be called; a hard limit. The tools themselves stay listed. */
  readonly allowed?: readonly string[];
}

export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof EFFORTS)[number];

/** How much the model is to think. At most one of `effort`, `budget` and `adaptive` decides; `effort` may go with `adaptive`. */
export interface ReasoningOptions {
  readonly effort?: Effort;
  /** Tokens for thinking; 0 switches it off. */
  readonly budget?: number;
  /** The model decides how much. */
  readonly adaptive?: boolean;
  /** Whether the answer is to hold readable thoughts, and how long: `none` hides them. */
  readonly summary?: "none" | "auto" | "concise" | "detailed";
}

/** What shape the answer's text has. */
export type OutputFormat =
  | { readonly kind: "json-object" }
  | {
      readonly kind: "json-schema";
      readonly name?: string;
      readonly description?: string;
      readonly schema: JsonSchema;
      readonly strict?: boolean;
    };

/** A request for a model's answer, in no provider's format. Absent means that the client did not say. */
export interface GenerateRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelToolCalls?: boolean;
  /** Tokens of the answer, thinking included. */
  readonly maxOutputTokens?: number;
  /** On OpenAI's scale, 0 to 2; Anthropic's ends at 1. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  /** How many answers. */
  readonly choices?: number;
  /** Whether tokens' log probabilities are told, and of how many alternatives. */
  readonly logprobs?: { readonly top?: number };
  readonly reasoning?: ReasoningOptions;
  readonly output?: OutputFormat;
  /** `low`, `medium`, `high`: how much is said. */
  readonly verbosity?: string;
  /** What the answer is predicted to be like (Chat). */
  readonly prediction?: string;
  /** `auto`, `default`, `flex`, `priority`, `standard_only`, … as the client's API writes it. */
  readonly serviceTier?: string;
  /** Whether the provider may keep the exchange (OpenAI's `store`). */
  readonly store?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The end user, for the provider's abuse detection. */
  readonly userId?: string;
  readonly promptCacheKey?: string;
  /** Whether a stream tells its usage. Only Chat leaves it to the client; the others' is always true. */
  readonly streamUsage: boolean;
  readonly extensions?: Extensions;
}
