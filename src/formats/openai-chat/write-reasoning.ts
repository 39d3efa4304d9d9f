import type { Losses } from "../../exchange/losses.ts";
import { isRecord, type JsonObject } from "../../exchange/read.ts";
import { effortOfBudget } from "../../exchange/reasoning.ts";
import type { Effort, GenerateRequest, ReasoningOptions } from "../../exchange/request.ts";
import type { RequestContext } from "../codec.ts";
import { ownMembers } from "./own.ts";
import type { Dialect } from "./providers.ts";

/**
 * How much to think, in the words that the provider knows: the client's own where it wrote them for this API, else an
 * object or a switch where the provider has one, else OpenAI's `reasoning_effort`.
 */
export function writeReasoning(
  request: GenerateRequest,
  { losses }: RequestContext,
  dialect: Dialect,
): object {
  const own = ownMembers(request);
  if (request.reasoning === undefined) return {};
  const reasoning = own === undefined ? knownEffort(request.reasoning, losses, dialect) : request.reasoning;
  const objects = !dialect.openai && isRecord(own?.reasoning) ? own.reasoning : {};
  if (dialect.reasoningObjects || (!dialect.openai && own?.reasoning !== undefined))
    return { reasoning: { ...reasoningObject(reasoning), ...objects } };
  if (!dialect.openai && isRecord(own?.thinking)) return writeThinking(reasoning, own.thinking);
  const { effort, budget, adaptive, summary } = reasoning;
  if (dialect.thinkingSwitch && (effort === "none" || adaptive === true || budget === 0))
    return writeThinking(reasoning, {});
  // Elsewhere thoughts are told without asking, and at OpenAI not at all.
  if (dialect.openai && summary !== undefined && summary !== "none") losses.add("reasoning.summary");
  if (budget === undefined) return effort === undefined ? {} : { reasoning_effort: effort };
  const exact = effortOfBudget(budget);
  const near = dialect.openai ? exact : (COMMON_EFFORTS[exact] ?? exact);
  losses.add(`reasoning.budget: asked for as effort ${near}`);
  return { reasoning_effort: near };
}

/** The least and the most that every provider knows, where it is not OpenAI. Asking for none is often known too. */
const COMMON_EFFORTS: Partial<Record<Effort, Effort>> = { minimal: "low", xhigh: "high", max: "high" };

function knownEffort(reasoning: ReasoningOptions, losses: Losses, dialect: Dialect): ReasoningOptions {
  const { effort } = reasoning;
  const known = effort === undefined || dialect.openai ? undefined : COMMON_EFFORTS[effort];
  if (known === undefined) return reasoning;
  losses.add(`reasoning.effort: ${effort} asked for as ${known}`);
  return { ...reasoning, effort: known };
}

function reasoningObject({ effort, budget, summary }: ReasoningOptions): object {
  const amount =
    budget === undefined ? (effort === undefined ? { enabled: true } : { effort }) : { max_tokens: budget };
  return { ...amount, ...(summary === "none" ? { exclude: true } : {}) };
}

function writeThinking({ effort, budget }: ReasoningOptions, own: JsonObject): object {
  const isOff = effort === "none" || budget === 0;
  return {
    thinking: {
      type: isOff ? "disabled" : "enabled",
      ...(budget === undefined || isOff ? {} : { budget_tokens: budget }),
      ...own,
    },
    ...(effort === undefined || isOff ? {} : { reasoning_effort: effort }),
  };
}
