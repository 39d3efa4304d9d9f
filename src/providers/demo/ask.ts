import type { Attachment } from "./attachments.ts";
import { DemoError } from "./errors.ts";
import type { JsonObject } from "./json.ts";

export interface OfferedTool {
  readonly name: string;
  /** JSON Schema of the arguments; undefined when the tool takes none. */
  readonly schema: unknown;
}

/** `required` and a list of names force a call; the list also says which tools may be called. */
export type ToolChoice = "auto" | "none" | "required";

export type OutputShape =
  | { readonly kind: "text" }
  | { readonly kind: "json" }
  | { readonly kind: "schema"; readonly schema: unknown }
  /** One member of the schema's enum, without JSON's quotes. */
  | { readonly kind: "enum"; readonly schema: unknown };

/** `hidden` reasoning is counted but its text is not given. */
export type ReasoningWish = "none" | "hidden" | "shown";

/** What a request asks for, whichever API it came through. */
export interface Ask {
  /** The model's name as the client wrote it. */
  readonly model: string;
  /** Text of the last user turn. */
  readonly prompt: string;
  /** What the tools gave, when the last turn brings their results; empty otherwise. */
  readonly toolResults: readonly string[];
  /** What the last user turn carries besides text. */
  readonly attachments: readonly Attachment[];
  /** Tools that may be called: an allow-list has been applied already. */
  readonly tools: readonly OfferedTool[];
  readonly toolChoice: ToolChoice;
  readonly parallelCalls: boolean;
  readonly reasoning: ReasoningWish;
  readonly output: OutputShape;
  /** Limit for reasoning and answer together, in tokens. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  /** How many answers are wanted, 1 to 8. */
  readonly count: number;
  readonly input: InputUsage;
}

/** Prompt tokens; `cached` and `cacheWritten` are parts of `total`. */
export interface InputUsage {
  readonly total: number;
  readonly cached: number;
  readonly cacheWritten: number;
}

/** Most answers that one request may ask for. */
export const MOST_ANSWERS = 8;

/**
 * An optional whole number of the request.
 * @throws DemoError 400 when it is something else or out of bounds.
 */
export function wholeNumber(
  body: JsonObject,
  field: string,
  least: number,
  most = Infinity,
): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  const bounds = most === Infinity ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new DemoError(400, `Invalid '${field}': expected a whole number ${bounds}.`, {
    param: field,
    code: "invalid_value",
  });
}
