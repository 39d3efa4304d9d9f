import {
  arrayOf,
  invalid,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  optionalRecord,
  optionalString,
  requiredRecord,
  requiredString,
  restOf,
} from "../../exchange/read.ts";
import {
  EFFORTS,
  type Effort,
  type GenerateRequest,
  type Message,
  type OutputFormat,
  type ReasoningOptions,
} from "../../exchange/request.ts";
import { ownMembers } from "./own.ts";
import { readInput } from "./read-input.ts";
import { readToolChoice, readTools } from "./read-tools.ts";
import { withFound } from "./tool-search.ts";
import { FORMAT } from "./wire.ts";

/** What has a place in the neutral form; `include`, `reasoning` and `text` have one in part. */
const MEMBERS = new Set([
  "model",
  "input",
  "instructions",
  "stream",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "max_output_tokens",
  "temperature",
  "top_p",
  "presence_penalty",
  "frequency_penalty",
  "top_logprobs",
  "text",
  "reasoning",
  "service_tier",
  "store",
  "metadata",
  "prompt_cache_key",
]);

export const LOGPROBS = "message.output_text.logprobs";

/**
 * Reads the body of `POST /v1/responses`. Its extensions are always there, so that a request of this format can be told
 * from others; in them is all that has no place elsewhere, `previous_response_id`, `conversation`, `background` and
 * `prompt` among it. Throws invalid_request with `param`.
 */
export function readRequest(value: unknown): GenerateRequest {
  const body = requiredRecord(value, "the body");
  const { choice, own } = readToolChoice(body.tool_choice);
  const reasoning = readReasoning(body.reasoning);
  const text = readText(body.text);
  return {
    model: requiredString(body.model, "model"),
    stream: optionalBoolean(body.stream, "stream") ?? false,
    streamUsage: true,
    messages: [...readInstructions(body.instructions), ...readInput(body.input, "user", "input")],
    tools: withFound(readTools(body.tools), body.input, readTools),
    ...given({
      toolChoice: choice,
      parallelToolCalls: optionalBoolean(body.parallel_tool_calls, "parallel_tool_calls"),
      maxOutputTokens: optionalNumber(body.max_output_tokens, "max_output_tokens"),
      temperature: optionalNumber(body.temperature, "temperature"),
      topP: optionalNumber(body.top_p, "top_p"),
      presencePenalty: optionalNumber(body.presence_penalty, "presence_penalty"),
      frequencyPenalty: optionalNumber(body.frequency_penalty, "frequency_penalty"),
      logprobs: readLogprobs(body),
      reasoning: reasoning.options,
      output: text.output,
      verbosity: text.verbosity,
      serviceTier: optionalString(body.service_tier, "service_tier"),
      store: optionalBoolean(body.store, "store"),
      metadata: readMetadata(body.metadata),
      userId:
        optionalString(body.safety_identifier, "safety_identifier") ?? optionalString(body.user, "user"),
      promptCacheKey: optionalString(body.prompt_cache_key, "prompt_cache_key"),
    }),
    extensions: {
      [FORMAT]: {
        ...restOf(body, MEMBERS),
        ...own,
        ...reasoning.own,
        ...text.own,
        ...(body.stream === false ? { stream: false } : {}),
      },
    },
  };
}

/** The members that are not undefined. */
function given<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

/** Marked, so that they go back to where they stood and are never taken for a part of the conversation. */
function readInstructions(value: unknown): Message[] {
  return readInput(value, "system", "instructions").map((message) => ({
    ...message,
    extensions: { [FORMAT]: { ...ownMembers(message), instructions: true } },
  }));
}

function readLogprobs(body: JsonObject): GenerateRequest["logprobs"] {
  const top = optionalNumber(body.top_logprobs, "top_logprobs");
  const asked = arrayOf(body.include).includes(LOGPROBS) || (top ?? 0) > 0;
  if (!asked) return undefined;
  return top === undefined ? {} : { top };
}

const SUMMARIES: ReadonlySet<unknown> = new Set(["auto", "concise", "detailed"]);
type Summary = NonNullable<ReasoningOptions["summary"]>;

function readReasoning(value: unknown): { options: ReasoningOptions | undefined; own: JsonObject } {
  const reasoning = optionalRecord(value, "reasoning");
  if (reasoning === undefined) return { options: undefined, own: {} };
  const effort = optionalString(reasoning.effort, "reasoning.effort");
  // The name that `summary` had at first.
  const summary = reasoning.summary ?? reasoning.generate_summary;
  const known = new Set([
    ...(isEffort(effort) ? ["effort"] : []),
    ...(SUMMARIES.has(reasoning.summary) ? ["summary"] : []),
  ]);
  return {
    options: {
      ...(isEffort(effort) ? { effort } : {}),
      ...(SUMMARIES.has(summary) ? { summary: summary as Summary } : {}),
    },
    own: { reasoning: restOf(reasoning, known) ?? {} },
  };
}

function isEffort(value: string | undefined): value is Effort {
  return (EFFORTS as readonly (string | undefined)[]).includes(value);
}

interface ReadText {
  readonly output: OutputFormat | undefined;
  readonly verbosity: string | undefined;
  readonly own: JsonObject;
}

const TEXT_MEMBERS = new Set(["format", "verbosity"]);
const FORMAT_MEMBERS = new Set(["type", "name", "description", "schema", "strict"]);

function readText(value: unknown): ReadText {
  const text = optionalRecord(value, "text");
  if (text === undefined) return { output: undefined, verbosity: undefined, own: {} };
  const format = optionalRecord(text.format, "text.format");
  const output = format === undefined ? undefined : readFormat(format);
  const rest =
    format === undefined ? undefined : output === undefined ? format : restOf(format, FORMAT_MEMBERS);
  return {
    output,
    verbosity: optionalString(text.verbosity, "text.verbosity"),
    own: { text: { ...restOf(text, TEXT_MEMBERS), ...(rest === undefined ? {} : { format: rest }) } },
  };
}

function readFormat(format: JsonObject): OutputFormat | undefined {
  if (format.type === "json_object") return { kind: "json-object" };
  if (format.type !== "json_schema") return undefined;
  const name = optionalString(format.name, "text.format.name");
  const description = optionalString(format.description, "text.format.description");
  const strict = optionalBoolean(format.strict, "text.format.strict");
  return {
    kind: "json-schema",
    schema: requiredRecord(format.schema, "text.format.schema"),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(strict === undefined ? {} : { strict }),
  };
}

function readMetadata(value: unknown): Readonly<Record<string, string>> | undefined {
  const metadata = optionalRecord(value, "metadata");
  if (metadata === undefined) return undefined;
  for (const [key, member] of Object.entries(metadata))
    if (typeof member !== "string") throw invalid(`metadata.${key}`, "must be a string");
  return metadata as Readonly<Record<string, string>>;
}
