import type { Losses } from "../../exchange/losses.ts";
import { isRecord, type JsonObject, numberOf } from "../../exchange/read.ts";
import { budgetOfEffort, effortOfBudget } from "../../exchange/reasoning.ts";
import { EFFORTS, type Effort, type ReasoningOptions } from "../../exchange/request.ts";
import type { ModelTraits } from "./models.ts";
import { isThinking } from "./reasoning-blocks.ts";
import type { Thinking, WireMessage, WireToolChoice } from "./wire.ts";

/** The least `budget_tokens`. */
const LEAST_BUDGET = 1024;

/** Reads `thinking` and `output_config.effort`; both also stay as they came in the request's extensions. */
export function readReasoning(body: JsonObject): { reasoning?: ReasoningOptions } {
  const thinking = isRecord(body.thinking) ? body.thinking : undefined;
  const config = isRecord(body.output_config) ? body.output_config : undefined;
  const effort = EFFORTS.find((name) => name === config?.effort);
  const summary = thinking?.display === "omitted" ? "none" : "auto";
  switch (thinking?.type) {
    case "enabled":
      return { reasoning: { budget: numberOf(thinking.budget_tokens) ?? LEAST_BUDGET, summary } };
    case "adaptive":
      return { reasoning: { adaptive: true, ...(effort === undefined ? {} : { effort }), summary } };
    case "disabled":
      return { reasoning: { effort: "none" } };
    case "between_tools":
      return { reasoning: { effort: "minimal" } };
    default:
      return effort === undefined ? {} : { reasoning: { effort } };
  }
}

/** How a model is told to think. */
export interface WrittenThinking {
  readonly thinking?: Thinking;
  readonly effort?: string;
}

/** Writes what another API's client asked for, in the way that the model knows. `maxTokens` includes thinking. */
export function writeThinking(
  reasoning: ReasoningOptions | undefined,
  traits: ModelTraits,
  maxTokens: number,
  losses: Losses,
): WrittenThinking {
  if (reasoning === undefined) return {};
  const { effort, budget, adaptive, summary } = reasoning;
  if (effort === "none" || budget === 0) return writeQuiet(traits, losses);
  if (effort === undefined && budget === undefined && adaptive !== true) {
    return traits.thinksUnasked && summary !== undefined ? { thinking: displayed(traits, summary) } : {};
  }
  if (traits.thinking === "none") {
    losses.add("reasoning");
    return {};
  }
  if (traits.thinking === "budget" || (traits.thinking === "either" && budget !== undefined))
    return writeBudget(reasoning, maxTokens, losses);
  return {
    thinking: displayed(traits, summary),
    ...writeEffort(effort ?? (budget === undefined ? undefined : effortOfBudget(budget)), traits, losses),
  };
}

function writeQuiet(traits: ModelTraits, losses: Losses): WrittenThinking {
  switch (traits.quiet) {
    case "omit":
      return {};
    case "disabled":
      return { thinking: { type: "disabled" } };
    case "between_tools":
      losses.add("reasoning.effort: the model thinks between tool calls");
      return { thinking: { type: "between_tools" } };
    case "effort":
      losses.add("reasoning.effort: the model always thinks");
      return { effort: "low" };
  }
}

function displayed(traits: ModelTraits, summary: ReasoningOptions["summary"]): Thinking {
  if (summary === "none") return { type: "adaptive", display: "omitted" };
  return traits.hidesThoughts ? { type: "adaptive", display: "summarized" } : { type: "adaptive" };
}

function writeBudget(
  { effort, budget }: ReasoningOptions,
  maxTokens: number,
  losses: Losses,
): WrittenThinking {
  const wanted = budget ?? budgetOfEffort(effort ?? "high", maxTokens);
  const tokens = Math.max(LEAST_BUDGET, Math.min(wanted, maxTokens - 1));
  if (tokens >= maxTokens) {
    losses.add("reasoning: the limit of tokens leaves no room for it");
    return {};
  }
  if (budget !== undefined && tokens !== budget) losses.add("reasoning.budget");
  return { thinking: { type: "enabled", budget_tokens: tokens } };
}

function writeEffort(effort: Effort | undefined, traits: ModelTraits, losses: Losses): WrittenThinking {
  switch (effort) {
    case undefined:
    case "none":
      return {};
    case "minimal":
      return { effort: "low" };
    case "xhigh":
      if (!traits.xhigh) losses.add("reasoning.effort: xhigh");
      return { effort: traits.xhigh ? "xhigh" : "high" };
    default:
      return { effort };
  }
}

/**
 * Takes a budget of thinking away where the API takes none: where a tool is forced, nor where the turn to go on with began
 * without thoughts, as those of another provider have none that Anthropic knows ("Extended thinking", "Tool use").
 */
export function possibleThinking(
  thinking: Thinking | undefined,
  messages: readonly WireMessage[],
  toolChoice: WireToolChoice | undefined,
  traits: ModelTraits,
  losses: Losses,
): Thinking | undefined {
  if (thinking?.type !== "enabled" || !traits.claude) return thinking;
  if (toolChoice?.type === "any" || toolChoice?.type === "tool") {
    losses.add("reasoning: not with a forced tool");
    return undefined;
  }
  if (!goesOnWithoutThoughts(messages)) return thinking;
  losses.add("reasoning: the turn to go on with has no thoughts of Anthropic's");
  return undefined;
}

function goesOnWithoutThoughts(messages: readonly WireMessage[]): boolean {
  const last = messages.findLastIndex(({ role }) => role === "assistant");
  const after = messages.slice(last + 1);
  if (last < 0 || (after.length > 0 && !after.some(beginsWithResult))) return false;
  // Neighbouring messages of the assistant are one turn to the API.
  const before = messages.findLastIndex(({ role }, index) => index < last && role !== "assistant");
  const first = messages[before + 1]?.content[0];
  return first === undefined || typeof first === "string" || !isThinking(first);
}

function beginsWithResult({ content }: WireMessage): boolean {
  return typeof content !== "string" && content[0]?.type === "tool_result";
}
