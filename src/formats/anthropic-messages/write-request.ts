import type { Losses } from "../../exchange/losses.ts";
import type { JsonObject } from "../../exchange/read.ts";
import type { GenerateRequest } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { ownMembers } from "./extensions.ts";
import { type WrittenHistory, writeHistory } from "./history.ts";
import { type ModelTraits, traitsOf } from "./models.ts";
import { outputConfig, writeOutput } from "./output.ts";
import { ownSampling, writeSampling } from "./sampling.ts";
import { possibleThinking, type WrittenThinking, writeThinking } from "./thinking.ts";
import { FORMAT, type MessagesRequest, type TextBlock, type Thinking } from "./wire.ts";
import { writeTools } from "./write-tools.ts";

/**
 * Writes a body of the Messages API. A request that came in this format goes out as it came, whatever the model; one of
 * another API is fitted to what the model takes.
 */
export function writeRequest(request: GenerateRequest, { model, losses }: RequestContext): MessagesRequest {
  const traits = traitsOf(model);
  const own = request.extensions?.[FORMAT] !== undefined;
  if (!own) noteLosses(request, losses);
  const history = writeHistory(request.messages, own || traits.systemTurns, losses);
  const { instruction, ...tools } = writeTools(request, traits, own, losses);
  const maxTokens = limitOf(request, traits, own, losses);
  const kept = ownMembers(request.extensions);
  const output = own ? {} : writeOutput(request, traits, losses);
  const asked = own ? ownThinking(kept) : writeThinking(request.reasoning, traits, maxTokens, losses);
  const choice = own ? undefined : tools.tool_choice;
  const thinking = possibleThinking(asked.thinking, history.messages, choice, traits, losses);
  const { stream: told, thinking: _thinking, ...members } = kept;
  const config = outputConfig(asked.effort, output.format);
  return {
    model,
    max_tokens: maxTokens,
    ...systemOf(history, [output.instruction, instruction]),
    messages: history.messages,
    ...tools,
    ...(own ? ownSampling(request) : writeSampling(request, traits, thinking, losses)),
    ...stopSequences(request.stop, own, losses),
    ...(thinking === undefined ? {} : { thinking }),
    ...(config === undefined ? {} : { output_config: config }),
    ...(request.userId === undefined ? {} : { metadata: { user_id: request.userId } }),
    ...serviceTier(request.serviceTier, own, losses),
    ...members,
    ...(request.stream ? { stream: true } : told === undefined ? {} : { stream: false }),
  };
}

/** Effort stays where it came, in `output_config`. */
function ownThinking(kept: JsonObject): WrittenThinking {
  return kept.thinking === undefined ? {} : { thinking: kept.thinking as Thinking };
}

function noteLosses(request: GenerateRequest, losses: Losses): void {
  if ((request.choices ?? 1) > 1) losses.refuse("choices", "it gives one answer a request");
  if (request.seed !== undefined) losses.add("seed");
  if ((request.frequencyPenalty ?? 0) !== 0) losses.add("frequencyPenalty");
  if ((request.presencePenalty ?? 0) !== 0) losses.add("presencePenalty");
  if (request.logprobs !== undefined) losses.add("logprobs");
  if (request.verbosity !== undefined && request.verbosity !== "medium") losses.add("verbosity");
  if (request.prediction !== undefined) losses.add("prediction");
  if (request.metadata !== undefined) losses.add("metadata");
}

function limitOf(request: GenerateRequest, traits: ModelTraits, own: boolean, losses: Losses): number {
  const wanted = request.maxOutputTokens ?? traits.defaultOutput;
  if (own || traits.maxOutput === null || wanted <= traits.maxOutput) return wanted;
  losses.add(`maxOutputTokens: the model's most is ${traits.maxOutput}`);
  return traits.maxOutput;
}

/** Instructions of ours come last, so that the client's stay what the provider's cache knows. */
function systemOf(
  { system, systemInBlocks }: WrittenHistory,
  instructions: readonly (string | undefined)[],
): { system?: string | readonly TextBlock[] } {
  const added = instructions
    .filter((text) => text !== undefined)
    .map((text) => ({ type: "text" as const, text }));
  const blocks = [...system, ...added];
  const [only] = blocks;
  if (only === undefined) return {};
  const asString = blocks.length === 1 && !systemInBlocks && Object.keys(only).length === 2;
  return { system: asString ? only.text : blocks };
}

function stopSequences(
  stop: readonly string[] | undefined,
  own: boolean,
  losses: Losses,
): { stop_sequences?: readonly string[] } {
  if (stop === undefined) return {};
  if (own) return { stop_sequences: stop };
  const sequences = stop.filter((text) => text.trim() !== "");
  if (sequences.length < stop.length) losses.add("stop: sequences of white space");
  return sequences.length === 0 ? {} : { stop_sequences: sequences };
}

/** OpenAI's tiers and the API's two: whether priority may be used, or only what everybody has. */
const TIERS: ReadonlyMap<string, string> = new Map([
  ["auto", "auto"],
  ["priority", "auto"],
  ["default", "standard_only"],
  ["standard_only", "standard_only"],
]);

function serviceTier(tier: string | undefined, own: boolean, losses: Losses): { service_tier?: string } {
  if (tier === undefined) return {};
  const known = own ? tier : TIERS.get(tier);
  if (known === undefined) losses.add(`serviceTier: ${tier.slice(0, 40)}`);
  return known === undefined ? {} : { service_tier: known };
}
