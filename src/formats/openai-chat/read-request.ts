import {
  invalid,
  isRecord,
  type JsonObject,
  optionalArray,
  optionalBoolean,
  optionalNumber,
  optionalRecord,
  optionalString,
  requiredArray,
  requiredRecord,
  requiredString,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import type { GenerateRequest, OutputFormat } from "../../exchange/request.ts";
import { extended } from "./own.ts";
import { readMessages } from "./read-messages.ts";
import { isEffort, readReasoning, reasoningForms } from "./read-reasoning.ts";
import { readParallel, readToolChoice, readTools } from "./read-tools.ts";

/** Members that the neutral form has. What is not among them is kept as it was written. */
const NEUTRAL = [
  "model",
  "messages",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "functions",
  "function_call",
  "parallel_tool_calls",
  "web_search_options",
  "max_tokens",
  "max_completion_tokens",
  "temperature",
  "top_p",
  "frequency_penalty",
  "presence_penalty",
  "seed",
  "n",
  "stop",
  "logprobs",
  "top_logprobs",
  "safety_identifier",
];

/** The same, but not every provider of this format knows them. The one that the client wrote them for does. */
const HINTS = ["top_k", "verbosity", "prediction", "service_tier", "store", "metadata", "prompt_cache_key"];

/** Reads the body of a request. Throws a GatewayError invalid_request. */
export function readRequest(value: unknown): GenerateRequest {
  if (!isRecord(value)) throw invalid("body", "must be a JSON object");
  const body = value;
  const stream = optionalBoolean(body.stream, "stream") ?? false;
  const options = optionalRecord(body.stream_options, "stream_options");
  return {
    model: requiredString(body.model, "model"),
    stream,
    // A whole answer always tells its usage.
    streamUsage: !stream || options?.include_usage === true,
    messages: readMessages(requiredArray(body.messages, "messages")),
    tools: readTools(body),
    ...toolSettings(body),
    ...numbers(body),
    ...stops(body),
    ...logprobs(body),
    ...outputOf(body),
    ...hints(body),
    ...extended(ownOf(body, options)),
  };
}

function toolSettings(body: JsonObject): Partial<GenerateRequest> {
  const toolChoice = readToolChoice(body);
  const parallelToolCalls = readParallel(body);
  const reasoning = readReasoning(body);
  return {
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(parallelToolCalls === undefined ? {} : { parallelToolCalls }),
    ...(reasoning === undefined ? {} : { reasoning }),
  };
}

const NUMBERS = [
  ["maxOutputTokens", "max_tokens"],
  ["maxOutputTokens", "max_completion_tokens"],
  ["temperature", "temperature"],
  ["topP", "top_p"],
  ["topK", "top_k"],
  ["frequencyPenalty", "frequency_penalty"],
  ["presencePenalty", "presence_penalty"],
  ["seed", "seed"],
  ["choices", "n"],
] as const;

function numbers(body: JsonObject): Partial<GenerateRequest> {
  const read: Record<string, number> = {};
  for (const [name, member] of NUMBERS) {
    const value = optionalNumber(body[member], member);
    if (value !== undefined) read[name] = value;
  }
  return read;
}

function stops(body: JsonObject): Partial<GenerateRequest> {
  const { stop } = body;
  if (stop === undefined || stop === null) return {};
  if (typeof stop === "string") return { stop: [stop] };
  if (!Array.isArray(stop)) throw invalid("stop", "must be a string or an array of strings");
  return { stop: stop.map((text, i) => requiredString(text, `stop[${i}]`)) };
}

function logprobs(body: JsonObject): Partial<GenerateRequest> {
  const top = optionalNumber(body.top_logprobs, "top_logprobs");
  if (optionalBoolean(body.logprobs, "logprobs") !== true) return {};
  return { logprobs: top === undefined ? {} : { top } };
}

function outputOf(body: JsonObject): { readonly output?: OutputFormat } {
  const format = optionalRecord(body.response_format, "response_format");
  if (format?.type === "json_object") return { output: { kind: "json-object" } };
  if (format?.type !== "json_schema") return {};
  const at = "response_format.json_schema";
  const told = requiredRecord(format.json_schema, at);
  const name = optionalString(told.name, `${at}.name`);
  const description = optionalString(told.description, `${at}.description`);
  const strict = optionalBoolean(told.strict, `${at}.strict`);
  return {
    output: {
      kind: "json-schema",
      schema: optionalRecord(told.schema, `${at}.schema`) ?? {},
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(strict === undefined ? {} : { strict }),
    },
  };
}

/** What the provider is told about the request more than for it. */
function hints(body: JsonObject): Partial<GenerateRequest> {
  const verbosity = optionalString(body.verbosity, "verbosity");
  const prediction = predictionOf(body);
  const serviceTier = optionalString(body.service_tier, "service_tier");
  const store = optionalBoolean(body.store, "store");
  const metadata = metadataOf(body);
  const userId = stringOf(body.safety_identifier) ?? stringOf(body.user);
  const promptCacheKey = optionalString(body.prompt_cache_key, "prompt_cache_key");
  return {
    ...(verbosity === undefined ? {} : { verbosity }),
    ...(prediction === undefined ? {} : { prediction }),
    ...(serviceTier === undefined ? {} : { serviceTier }),
    ...(store === undefined ? {} : { store }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(userId === undefined ? {} : { userId }),
    ...(promptCacheKey === undefined ? {} : { promptCacheKey }),
  };
}

function predictionOf(body: JsonObject): string | undefined {
  const prediction = optionalRecord(body.prediction, "prediction");
  if (prediction === undefined) return undefined;
  if (typeof prediction.content === "string") return prediction.content;
  const parts = optionalArray(prediction.content, "prediction.content") ?? [];
  return parts.map((part) => (isRecord(part) ? (stringOf(part.text) ?? "") : "")).join("");
}

function metadataOf(body: JsonObject): Record<string, string> | undefined {
  const metadata = optionalRecord(body.metadata, "metadata");
  if (metadata === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** What only this API has. It is there, if empty, where the client used what only some of its providers know. */
function ownOf(body: JsonObject, streamOptions: JsonObject | undefined): JsonObject | undefined {
  const known = new Set([...NEUTRAL, ...HINTS]);
  if (outputOf(body).output !== undefined || isText(body.response_format)) known.add("response_format");
  if (isEffort(body.reasoning_effort)) known.add("reasoning_effort");
  const { user, safety_identifier: identifier } = body;
  if (typeof identifier !== "string" || identifier === user) known.add("user");
  const forms = formsOf(body, streamOptions);
  for (const member of Object.keys(forms)) known.add(member);
  const own = { ...restOf(body, known), ...forms };
  const hasHints = HINTS.some((member) => body[member] !== undefined && body[member] !== null);
  return hasHints || Object.keys(own).length > 0 ? own : undefined;
}

/** Text is what is answered anyway. */
function isText(format: unknown): boolean {
  return isRecord(format) && format.type === "text";
}

/** Which of the ways to say the same the client chose, with what only that way can say. */
function formsOf(body: JsonObject, streamOptions: JsonObject | undefined): JsonObject {
  const asked = streamOptions === undefined ? undefined : restOf(streamOptions, INCLUDE_USAGE);
  return {
    ...(Array.isArray(body.functions) ? { functions: [] } : {}),
    ...reasoningForms(body),
    ...(asked === undefined ? {} : { stream_options: asked }),
  };
}

const INCLUDE_USAGE = new Set(["include_usage"]);
