import type { Losses } from "../../exchange/losses.ts";
import {
  invalid,
  type JsonObject,
  optionalBoolean,
  optionalNumber,
  optionalString,
} from "../../exchange/read.ts";
import { budgetOfEffort, effortOfBudget } from "../../exchange/reasoning.ts";
import { EFFORTS, type Effort, type ReasoningOptions } from "../../exchange/request.ts";
import type { Traits } from "./model.ts";
import type { ThinkingConfig } from "./wire.ts";

/** Reads `thinkingConfig`. Thoughts are not shown unless they are asked for. */
export function readThinking(config: JsonObject, param: string): ReasoningOptions | undefined {
  const budget = optionalNumber(config.thinkingBudget, `${param}.thinkingBudget`);
  const level = optionalString(config.thinkingLevel, `${param}.thinkingLevel`)?.toLowerCase();
  const shown = optionalBoolean(config.includeThoughts, `${param}.includeThoughts`);
  const effort = EFFORTS.find((known) => known === level);
  if (effort === undefined && level !== undefined && level !== "thinking_level_unspecified")
    throw invalid(`${param}.thinkingLevel`, "must be MINIMAL, LOW, MEDIUM or HIGH");
  if (budget === undefined && effort === undefined && shown === undefined) return undefined;
  return {
    ...(effort === undefined ? {} : { effort }),
    ...(budget === undefined ? {} : budget < 0 ? { adaptive: true } : { budget }),
    summary: shown === true ? "auto" : "none",
  };
}

/**
 * Writes `thinkingConfig` as the model takes it; undefined where there is nothing to say. `asked` is the one that the
 * client sent, if it speaks this format: it stays, unless the model takes no levels.
 */
export function writeThinking(
  reasoning: ReasoningOptions | undefined,
  asked: JsonObject | undefined,
  traits: Traits,
  maxOutputTokens: number | undefined,
  losses: Losses,
): ThinkingConfig | undefined {
  const fits = asked !== undefined && (asked.thinkingLevel === undefined || traits.thinking === "level");
  if (fits || reasoning === undefined) return asked;
  if (traits.thinking === "none") {
    if (thinks(reasoning)) losses.add("reasoning: this model does not think");
    return undefined;
  }
  const amount =
    traits.thinking === "level"
      ? writeLevel(reasoning, traits, losses)
      : writeBudget(reasoning, traits, maxOutputTokens, losses);
  const config = { ...amount, ...(showsThoughts(reasoning, losses) ? { includeThoughts: true } : {}) };
  return Object.keys(config).length === 0 ? undefined : config;
}

function writeLevel(reasoning: ReasoningOptions, { levels }: Traits, losses: Losses): ThinkingConfig {
  const wanted = wantedEffort(reasoning);
  if (wanted === undefined) return {};
  if (wanted === "none") losses.add("reasoning: this model cannot be kept from thinking");
  const level = levels.find((known) => EFFORTS.indexOf(known) >= EFFORTS.indexOf(wanted)) ?? levels.at(-1);
  return level === undefined ? {} : { thinkingLevel: level.toUpperCase() };
}

function writeBudget(
  reasoning: ReasoningOptions,
  { budget: { least, most }, mayNotThink }: Traits,
  maxOutputTokens: number | undefined,
  losses: Losses,
): ThinkingConfig {
  const { effort, budget, adaptive } = reasoning;
  const wanted = budget ?? (effort === undefined ? undefined : budgetOfEffort(effort, maxOutputTokens));
  if (wanted === undefined) return adaptive ? { thinkingBudget: -1 } : {};
  if (wanted === 0 && mayNotThink) return { thinkingBudget: 0 };
  if (wanted === 0) losses.add("reasoning: this model cannot be kept from thinking");
  return { thinkingBudget: Math.min(Math.max(Math.floor(wanted), least), most) };
}

/** A budget is the effort that it would be read from again. */
function wantedEffort({ effort, budget }: ReasoningOptions): Effort | undefined {
  if (effort !== undefined || budget === undefined) return effort;
  return effortOfBudget(budget);
}

function thinks({ effort, budget, adaptive }: ReasoningOptions): boolean {
  return effort === undefined
    ? budget !== 0 && (budget !== undefined || adaptive === true)
    : effort !== "none";
}

/** Clients that give a budget or leave it to the model speak an API that shows thoughts unless told not to. */
function showsThoughts({ summary, effort, budget, adaptive }: ReasoningOptions, losses: Losses): boolean {
  if (summary === "concise" || summary === "detailed") losses.add(`reasoning.summary: ${summary}`);
  if (summary !== undefined) return summary !== "none";
  return effort !== "none" && (budget === undefined ? adaptive === true : budget > 0);
}
