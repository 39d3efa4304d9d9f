import { EFFORTS, type Effort } from "./request.ts";

/**
 * How many tokens of thinking an effort stands for, and back. `low` to `high` are what Google publishes for its OpenAI
 * compatibility (ai.google.dev, "OpenAI compatibility", "Thinking": 1,024, 8,192 and 24,576); the rest goes on from there.
 */
const BUDGETS: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 512,
  low: 1024,
  medium: 8192,
  high: 24_576,
  xhigh: 32_768,
  max: 65_536,
};

/**
 * The most of an answer's tokens that thinking may take, so that some are left for the words (openrouter.ai/docs,
 * "Reasoning tokens").
 */
const SHARES: Readonly<Record<Effort, number>> = {
  none: 0,
  minimal: 0.1,
  low: 0.2,
  medium: 0.5,
  high: 0.8,
  xhigh: 0.95,
  max: 0.95,
};

/** Tokens for thinking; 0 for `none`. More effort never gives fewer. `maxOutputTokens` includes thinking. */
export function budgetOfEffort(effort: Effort, maxOutputTokens?: number): number {
  const budget = BUDGETS[effort];
  return maxOutputTokens === undefined
    ? budget
    : Math.min(budget, Math.floor(maxOutputTokens * SHARES[effort]));
}

/** The least effort that is given so many tokens: what `budgetOfEffort` undoes. */
export function effortOfBudget(budget: number): Effort {
  return EFFORTS.find((effort) => BUDGETS[effort] >= budget) ?? "max";
}
