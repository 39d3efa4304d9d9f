import type { JsonObject } from "../../exchange/read.ts";
import { effortOfBudget } from "../../exchange/reasoning.ts";
import type { GenerateRequest, OutputFormat } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { ownMembers } from "./own.ts";
import { type Dialect, dialectOf } from "./providers.ts";
import { tierOf } from "./tiers.ts";
import { writeMessages } from "./write-messages.ts";
import { writeTools } from "./write-tools.ts";

/** The body of a request. Throws a GatewayError conversion_refused. */
export function writeRequest(request: GenerateRequest, context: RequestContext): object {
  const dialect = dialectOf(context.provider);
  const own = ownMembers(request) ?? {};
  const legacy = Array.isArray(own.functions);
  return {
    model: context.model,
    messages: writeMessages(request.messages, context, dialect, legacy),
    ...(legacy ? {} : writeTools(request, context, dialect)),
    ...writeNumbers(request, context, dialect),
    ...writeReasoning(request, context, dialect),
    ...writeOutput(request.output),
    ...writeHints(request, context, dialect),
    // As the client wrote it for this API, which it knows.
    ...ownFor(own, dialect),
    ...writeStream(request, own, dialect),
  };
}

/** OpenAI refuses what others have for thinking; it gets the effort. */
function ownFor(own: JsonObject, dialect: Dialect): JsonObject {
  if (!dialect.openai) return own;
  const { reasoning: _reasoning, thinking: _thinking, ...rest } = own;
  return rest;
}

function writeStream(request: GenerateRequest, own: JsonObject, dialect: Dialect): object {
  if (!request.stream) return {};
  const asked = request.streamUsage && dialect.asksForUsage ? { include_usage: true } : {};
  const options = { ...(own.stream_options as object | undefined), ...asked };
  return { stream: true, ...(Object.keys(options).length === 0 ? {} : { stream_options: options }) };
}

function writeNumbers(request: GenerateRequest, { losses }: RequestContext, dialect: Dialect): object {
  const { maxOutputTokens, temperature, topP, topK, frequencyPenalty, presencePenalty } = request;
  const { seed, choices, stop, logprobs } = request;
  const limit = dialect.openai ? "max_completion_tokens" : "max_tokens";
  if (topK !== undefined && !dialect.topK && ownMembers(request)?.top_k === undefined) losses.add("topK");
  return {
    ...(maxOutputTokens === undefined ? {} : { [limit]: maxOutputTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined || !dialect.topK ? {} : { top_k: topK }),
    ...(frequencyPenalty === undefined ? {} : { frequency_penalty: frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presence_penalty: presencePenalty }),
    ...(seed === undefined ? {} : { seed }),
    ...(choices === undefined ? {} : { n: choices }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
    ...(logprobs === undefined ? {} : { logprobs: true }),
    ...(logprobs?.top === undefined ? {} : { top_logprobs: logprobs.top }),
  };
}

function writeReasoning(request: GenerateRequest, { losses }: RequestContext, dialect: Dialect): object {
  const { reasoning } = request;
  const own = ownMembers(request);
  if (reasoning === undefined) return {};
  const asWritten = own?.reasoning !== undefined || own?.thinking !== undefined;
  if (asWritten && !dialect.openai) return {};
  const { effort, budget, summary } = reasoning;
  if (dialect.reasoningObjects) {
    const object = {
      ...(budget === undefined
        ? effort === undefined
          ? { enabled: true }
          : { effort }
        : { max_tokens: budget }),
      ...(summary === "none" ? { exclude: true } : {}),
    };
    return { reasoning: object };
  }
  // Elsewhere thoughts are told without asking, and at OpenAI not at all.
  if (dialect.openai && summary !== undefined && summary !== "none") losses.add("reasoning.summary");
  if (budget === undefined) return effort === undefined ? {} : { reasoning_effort: effort };
  const near = effortOfBudget(budget);
  losses.add(`reasoning.budget: asked for as effort ${near}`);
  return { reasoning_effort: near };
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

/**
 * What only OpenAI's own API knows; others may refuse it. What the client wrote for this API itself is among its own
 * members and goes out in any case.
 */
function writeHints(request: GenerateRequest, { losses }: RequestContext, dialect: Dialect): object {
  const own = ownMembers(request) ?? {};
  const { userId, serviceTier } = request;
  const tier = tierOf(serviceTier);
  const told: Record<string, [neutral: string, value: unknown]> = {
    verbosity: ["verbosity", request.verbosity],
    prediction: [
      "prediction",
      request.prediction === undefined ? undefined : { type: "content", content: request.prediction },
    ],
    service_tier: ["serviceTier", tier],
    store: ["store", request.store],
    metadata: ["metadata", request.metadata],
    prompt_cache_key: ["promptCacheKey", request.promptCacheKey],
  };
  const written: Record<string, unknown> = {};
  for (const [member, [neutral, value]] of Object.entries(told)) {
    if (value === undefined || own[member] !== undefined) continue;
    if (dialect.openai) written[member] = value;
    else if (!IDLE.has(value)) losses.add(neutral);
  }
  if (serviceTier !== undefined && tier === undefined && own.service_tier === undefined)
    losses.add(`serviceTier: ${serviceTier}`);
  if (userId !== undefined && own.user === undefined && own.safety_identifier === undefined)
    written[dialect.openai ? "safety_identifier" : "user"] = userId;
  return written;
}

/** Values that ask for what is done anyway: nothing is kept, and the tier is the usual one. */
const IDLE: ReadonlySet<unknown> = new Set([false, "auto", "default"]);
