import type { Losses } from "../../exchange/losses.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import { effortOfBudget } from "../../exchange/reasoning.ts";
import type { GenerateRequest, Message, OutputFormat, ReasoningOptions } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { safetyIdentifier } from "../openai-user.ts";
import { ownMembers } from "./own.ts";
import { LOGPROBS } from "./read-request.ts";
import { FORMAT } from "./wire.ts";
import { writeMessage } from "./write-input.ts";
import { writeToolSettings, writeTools } from "./write-tools.ts";

/** OpenAI takes no smaller limit. */
const MIN_OUTPUT_TOKENS = 16;
const SERVICE_TIERS: ReadonlySet<string> = new Set(["auto", "default", "flex", "scale", "priority", "fast"]);

/** The body of `POST /v1/responses`. Throws conversion_refused where the meaning would change. */
export function writeRequest(request: GenerateRequest, context: RequestContext): JsonObject {
  const { losses } = context;
  const isOwn = request.extensions?.[FORMAT] !== undefined;
  const { instructions, messages } = splitInstructions(request, losses, isOwn);
  const { tool_choice: _choice, reasoning: _reasoning, text: _text, ...own } = ownMembers(request);
  const tools = writeTools(request.tools, losses);
  return {
    ...(isOwn ? own : writeForeign(request, context)),
    model: context.model,
    ...(instructions === undefined ? {} : { instructions }),
    input: messages.flatMap(([message, at]) => writeMessage(message, at, losses)),
    ...(tools.length === 0 ? {} : { tools }),
    ...writeToolSettings(request),
    ...writeSampling(request),
    ...writeReasoning(request),
    ...writeText(request),
    ...(request.stream ? { stream: true } : {}),
    ...(request.metadata === undefined ? {} : { metadata: request.metadata }),
    ...(request.promptCacheKey === undefined ? {} : { prompt_cache_key: request.promptCacheKey }),
    ...(isOwn && request.store !== undefined ? { store: request.store } : {}),
    ...(isOwn && request.serviceTier !== undefined ? { service_tier: request.serviceTier } : {}),
    ...(isOwn && request.maxOutputTokens !== undefined ? { max_output_tokens: request.maxOutputTokens } : {}),
  };
}

/** Messages with their names in the request. */
type Named = readonly [Message, string];

/** A system message in front is `instructions` where it is one plain text, or stood there. */
function splitInstructions(
  request: GenerateRequest,
  losses: Losses,
  isOwn: boolean,
): { instructions: string | JsonObject[] | undefined; messages: readonly Named[] } {
  const all = request.messages.map((message, i) => [message, `messages[${i}]`] as const);
  const stands = ([message]: Named, i: number) =>
    isOwn ? ownMembers(message).instructions === true : i === 0 && isPlainSystem(message);
  const front = all.filter(stands);
  const messages = all.filter((each, i) => !stands(each, i));
  const [only] = front;
  if (only === undefined) return { instructions: undefined, messages };
  const [part] = only[0].parts;
  if (front.length === 1 && isPlainSystem(only[0]) && part?.kind === "text")
    return { instructions: part.text, messages };
  return { instructions: front.flatMap(([message, at]) => writeMessage(message, at, losses)), messages };
}

function isPlainSystem({ role, parts, name }: Message): boolean {
  return role === "system" && name === undefined && parts.length === 1 && parts[0]?.kind === "text";
}

function writeSampling(request: GenerateRequest): JsonObject {
  const { temperature, topP, logprobs } = request;
  const isOwn = request.extensions?.[FORMAT] !== undefined;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(logprobs?.top === undefined ? {} : { top_logprobs: logprobs.top }),
    ...(isOwn && request.presencePenalty !== undefined ? { presence_penalty: request.presencePenalty } : {}),
    ...(isOwn && request.frequencyPenalty !== undefined
      ? { frequency_penalty: request.frequencyPenalty }
      : {}),
  };
}

/** What is said otherwise for a request that came in another format. */
function writeForeign(request: GenerateRequest, context: RequestContext): JsonObject {
  nameLosses(request, context.losses);
  const include = [
    ...(returnsSeals(request.reasoning, context.model) ? ["reasoning.encrypted_content"] : []),
    ...(request.logprobs === undefined ? [] : [LOGPROBS]),
  ];
  return {
    // Nobody could ask for what the provider keeps; its seals come back with the client's next request.
    store: false,
    ...(include.length === 0 ? {} : { include }),
    ...writeLimit(request, context),
    ...writeUser(request, context),
    ...writeTier(request, context.losses),
  };
}

function nameLosses(request: GenerateRequest, losses: Losses): void {
  if ((request.choices ?? 1) > 1) losses.refuse("choices", "it gives one answer to a request");
  for (const name of LOST) if (request[name] !== undefined) losses.add(name);
  // Penalties of 0 are none.
  for (const name of PENALTIES) if (request[name]) losses.add(name);
  if (request.stop !== undefined && request.stop.length > 0) losses.add("stop");
}

const LOST = ["topK", "seed", "prediction"] as const;
const PENALTIES = ["frequencyPenalty", "presencePenalty"] as const;

/** Whether to ask for encrypted reasoning: OpenAI refuses that for models that do not reason. */
function returnsSeals(options: ReasoningOptions | undefined, model: string): boolean {
  if (options !== undefined) return options.effort !== "none" && options.budget !== 0;
  return reasonsUnasked(model);
}

/** OpenAI's models that reason without being asked: o1 and its followers, and from gpt-5 on all but the chat ones. */
function reasonsUnasked(model: string): boolean {
  if (model.startsWith("o") && Number(model[1]) >= 1) return true;
  return model.startsWith("gpt-") && Number.parseInt(model.slice(4), 10) >= 5 && !model.includes("-chat");
}

function writeLimit({ maxOutputTokens }: GenerateRequest, { provider, losses }: RequestContext): JsonObject {
  if (maxOutputTokens === undefined) return {};
  if (provider !== "openai" || maxOutputTokens >= MIN_OUTPUT_TOKENS)
    return { max_output_tokens: maxOutputTokens };
  losses.add(`maxOutputTokens: ${MIN_OUTPUT_TOKENS} is the least`);
  return { max_output_tokens: MIN_OUTPUT_TOKENS };
}

function writeUser({ userId }: GenerateRequest, { provider }: RequestContext): JsonObject {
  if (userId === undefined) return {};
  return provider === "openai" ? { safety_identifier: safetyIdentifier(userId) } : { user: userId };
}

function writeTier({ serviceTier }: GenerateRequest, losses: Losses): JsonObject {
  if (serviceTier === undefined) return {};
  if (SERVICE_TIERS.has(serviceTier)) return { service_tier: serviceTier };
  losses.add(`serviceTier: ${serviceTier}`);
  return {};
}

function writeReasoning(request: GenerateRequest): JsonObject {
  const { reasoning: options } = request;
  const { reasoning: own } = ownMembers(request);
  if (options === undefined) return {};
  const effort =
    options.effort ?? (options.budget === undefined ? undefined : effortOfBudget(options.budget));
  const members = isRecord(own) ? own : {};
  const summary = members.generate_summary === undefined ? options.summary : undefined;
  const reasoning = {
    ...members,
    ...(effort === undefined ? {} : { effort }),
    ...(summary === undefined || summary === "none" ? {} : { summary }),
  };
  return Object.keys(reasoning).length === 0 && !isRecord(own) ? {} : { reasoning };
}

function writeText(request: GenerateRequest): JsonObject {
  const { output, verbosity } = request;
  const { text: own } = ownMembers(request);
  if (output === undefined && verbosity === undefined && !isRecord(own)) return {};
  const { format, ...members } = isRecord(own) ? own : {};
  const written = output === undefined ? format : writeFormat(output, isRecord(format) ? format : {});
  return {
    text: {
      ...members,
      ...(written === undefined ? {} : { format: written }),
      ...(verbosity === undefined ? {} : { verbosity }),
    },
  };
}

/** `text.format`; a schema without a name gets one, for it must have one. */
export function writeFormat(output: OutputFormat, own: JsonObject): JsonObject {
  if (output.kind === "json-object") return { ...own, type: "json_object" };
  return {
    ...own,
    type: "json_schema",
    name: output.name ?? "answer",
    ...(output.description === undefined ? {} : { description: output.description }),
    schema: output.schema,
    ...(output.strict === undefined ? {} : { strict: output.strict }),
  };
}
