import {
  isRecord,
  type JsonObject,
  numberOf,
  optionalRecord,
  restOf,
  stringOf,
} from "../../exchange/read.ts";
import { EFFORTS, type Effort, type ReasoningOptions } from "../../exchange/request.ts";

/**
 * How much to think: OpenAI's `reasoning_effort`, OpenRouter's `reasoning` {effort, max_tokens, enabled, exclude}, or
 * `thinking` {type, budget_tokens} as DeepSeek, Z.ai and Anthropic's compatible API have it. A word that is no known
 * effort says nothing here. Throws invalid_request.
 */
export function readReasoning(body: JsonObject): ReasoningOptions | undefined {
  const object = optionalRecord(body.reasoning, "reasoning");
  const options: ReasoningOptions = {
    ...readThinking(body.thinking),
    ...readObject(object),
    ...effortOf(body.reasoning_effort),
  };
  // A number of tokens says more than a word for it, unless the word is that there is to be none.
  const { budget, effort, ...rest } = options;
  const amount =
    budget !== undefined && effort !== "none" ? { budget } : effort === undefined ? {} : { effort };
  const merged = { ...rest, ...amount };
  return Object.keys(merged).length === 0 ? undefined : merged;
}

const REASONING = new Set(["effort", "max_tokens", "enabled", "exclude"]);
const THINKING = new Set(["type", "budget_tokens"]);
const BUDGET = new Set(["budget_tokens"]);

/** The objects that the client told it with, less what the neutral form has of them. */
export function reasoningForms({ reasoning, thinking }: JsonObject): JsonObject {
  const isSwitch = isRecord(thinking) && (thinking.type === "enabled" || thinking.type === "disabled");
  return {
    ...(isRecord(reasoning) ? { reasoning: restOf(reasoning, REASONING) ?? {} } : {}),
    ...(isRecord(thinking) ? { thinking: restOf(thinking, isSwitch ? THINKING : BUDGET) ?? {} } : {}),
  };
}

function effortOf(value: unknown): ReasoningOptions {
  return isEffort(value) ? { effort: value } : {};
}

export function isEffort(value: unknown): value is Effort {
  return (EFFORTS as readonly unknown[]).includes(value);
}

function readObject(object: JsonObject | undefined): ReasoningOptions {
  if (object === undefined) return {};
  const budget = numberOf(object.max_tokens);
  const effort = stringOf(object.effort);
  return {
    ...(object.enabled === false ? { effort: "none" as const } : {}),
    ...(object.enabled === true && budget === undefined && effort === undefined ? { adaptive: true } : {}),
    ...(budget === undefined ? effortOf(effort) : { budget }),
    ...(object.exclude === true ? { summary: "none" as const } : {}),
  };
}

function readThinking(thinking: unknown): ReasoningOptions {
  if (!isRecord(thinking)) return {};
  if (thinking.type === "disabled") return { effort: "none" };
  const budget = numberOf(thinking.budget_tokens);
  return budget === undefined ? { adaptive: true } : { budget };
}
