import type { JsonObject } from "../../exchange/read.ts";
import type { GenerateRequest, OutputFormat } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { safetyIdentifier } from "../openai-user.ts";
import { ownMembers } from "./own.ts";
import { type Dialect, dialectOf } from "./providers.ts";
import { tierOf } from "./tiers.ts";
import { writeMessages } from "./write-messages.ts";
import { writeReasoning } from "./write-reasoning.ts";
import { writeFunctions, writeTools } from "./write-tools.ts";

/** The body of a request. Throws a GatewayError conversion_refused. */
export function writeRequest(request: GenerateRequest, context: RequestContext): object {
  const dialect = dialectOf(context.provider);
  const own = ownMembers(request) ?? {};
  const legacy = Array.isArray(own.functions);
  return {
    model: context.model,
    messages: writeMessages(request.messages, context, dialect, legacy),
    ...(legacy ? writeFunctions(request) : writeTools(request, context, dialect)),
    ...writeNumbers(request, context, dialect),
    ...writeReasoning(request, context, dialect),
    ...writeOutput(request.output),
    ...writeHints(request, context, dialect),
    ...unknownMembers(own),
    ...writeStream(request, own, dialect),
  };
}

/** What the client wrote for this API, less what tells in which of several ways it said something. */
function unknownMembers(own: JsonObject): JsonObject {
  const { functions: _f, reasoning: _r, thinking: _t, stream_options: _s, ...rest } = own;
  return rest;
}

function writeStream(request: GenerateRequest, own: JsonObject, dialect: Dialect): object {
  if (!request.stream) return {};
  // Also where the client did not ask: it is recorded, and not told to that client.
  const asked = dialect.asksForUsage ? { include_usage: true } : {};
  const options = { ...(own.stream_options as object | undefined), ...asked };
  return { stream: true, ...(Object.keys(options).length === 0 ? {} : { stream_options: options }) };
}

function writeNumbers(request: GenerateRequest, { losses }: RequestContext, dialect: Dialect): object {
  const { maxOutputTokens, temperature, topP, topK, frequencyPenalty, presencePenalty } = request;
  const { seed, choices, stop, logprobs } = request;
  const limit = dialect.openai ? "max_completion_tokens" : "max_tokens";
  const knowsTopK = dialect.topK || ownMembers(request) !== undefined;
  if (topK !== undefined && !knowsTopK) losses.add("topK");
  return {
    ...(maxOutputTokens === undefined ? {} : { [limit]: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined || !knowsTopK ? {} : { top_k: topK }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(choices === undefined ? {} : { n: choices }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
    ...(logprobs === undefined ? {} : { logprobs: true }),
    ...(logprobs?.top === undefined ? {} : { top_logprobs: logprobs.top }),
  };
}

function writeOutput(output: OutputFormat | undefined): object {
  if (output === undefined) return {};
  if (output.kind === "json-object") return { response_format: { type: "json_object" } };
  const { name = "answer", description, schema, strict } = output;
  return {
    response_format: {
      type: "json_schema",
      json_schema: {
        name,
        ...(description === undefined ? {} : { description }),
        schema,
        ...(strict === undefined ? {} : { strict }),
      },
    },
  };
}

/** What only OpenAI's own API knows; another may refuse it, unless the client wrote it for this API's format itself. */
function writeHints(request: GenerateRequest, { losses }: RequestContext, dialect: Dialect): object {
  const asWritten = ownMembers(request) !== undefined;
  const { userId, serviceTier, prediction } = request;
  const tier = asWritten ? serviceTier : tierOf(serviceTier);
  if (serviceTier !== undefined && tier === undefined) losses.add(`serviceTier: ${serviceTier}`);
  const hints: [neutral: string, member: string, value: unknown][] = [
    ["verbosity", "verbosity", request.verbosity],
    [
      "prediction",
      "prediction",
      prediction === undefined ? undefined : { type: "content", content: prediction },
    ],
    ["serviceTier", "service_tier", tier],
    ["store", "store", request.store],
    ["metadata", "metadata", request.metadata],
  ];
  const written: Record<string, unknown> = {};
  const { promptCacheKey } = request;
  // Where it is not known it changes nothing of the answer, and is no loss.
  if (promptCacheKey !== undefined && (dialect.openai || asWritten))
    written.prompt_cache_key = promptCacheKey;
  for (const [neutral, member, value] of hints) {
    if (value === undefined) continue;
    if (dialect.openai || asWritten) written[member] = value;
    else if (!IDLE.has(value)) losses.add(neutral);
  }
  if (userId !== undefined) {
    if (dialect.openai) written.safety_identifier = safetyIdentifier(userId);
    else written.user = userId;
  }
  return written;
}

/** Values that ask for what is done anyway: nothing is kept, and the tier is the usual one. */
const IDLE: ReadonlySet<unknown> = new Set([false, "auto", "default"]);
