import { STATISTICS, type Statistic } from "./features.ts";
import type { LinearForm, Spread } from "./linear.ts";
import { BUCKETS } from "./words.ts";

/**
 * What makes a prompt hard for a small model, by hand: length, names that come up again, mathematics, code, reasoning, conditions; and what does not:
 * free writing, questions for a fact. It knows nothing of any data set, so it holds where the learned part is at a loss.
 */
const WEIGHTS: Partial<Record<Statistic, number>> = {
  "log-words": 1.2,
  "distinct-share": -0.8,
  "words-a-sentence": 0.2,
  "number-share": 0.15,
  "math-share": 0.2,
  "some-math": 0.4,
  "code-share": 0.2,
  "some-code": 0.4,
  "some-reasoning": 0.3,
  "some-negation": 0.2,
  "creative-share": -0.4,
  "fact-share": -0.4,
};

/** The fixed heuristic, on statistics with the given means and deviations. */
export function heuristicForm(spread: Spread): LinearForm {
  return {
    spread,
    statistics: Float64Array.from(STATISTICS, (name) => WEIGHTS[name] ?? 0),
    buckets: new Float64Array(BUCKETS),
    intercept: 0,
  };
}
