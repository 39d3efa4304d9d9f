import { evaluate, evaluateRandom, type Metrics } from "./evaluate.ts";
import type { Features } from "./features.ts";
import { heuristicForm } from "./heuristic.ts";
import { linearValue, type Spread } from "./linear.ts";
import type { OutcomeRow } from "./outcomes.ts";

/** Ways to choose that are laid side by side. */
export const COMPARED = ["learned", "heuristic", "length", "random"] as const;
export type Compared = (typeof COMPARED)[number];

/** One way to choose on one data set. */
export interface ComparedLine {
  /** A data set's name, or `all` where there are several. */
  readonly set: string;
  readonly router: Compared;
  readonly prompts: number;
  readonly metrics: Metrics;
}

/** A prompt with its outcomes and how the learned router scores it. */
export interface ScoredRow {
  readonly row: OutcomeRow;
  readonly features: Features;
  readonly score: number;
}

const SEED = 1;

/** Metrics of the learned router and of what it must beat, for each set and for all together. */
export function compare(data: readonly ScoredRow[], spread: Spread): ComparedLine[] {
  const heuristic = heuristicForm(spread);
  const sets = new Map<string, ScoredRow[]>();
  for (const each of data) {
    const part = sets.get(each.row.set);
    if (part === undefined) sets.set(each.row.set, [each]);
    else part.push(each);
  }
  const parts: [string, readonly ScoredRow[]][] = [...sets];
  if (parts.length !== 1) parts.push(["all", data]);
  return parts.flatMap(([set, part]) => {
    const outcomes = part.map(({ row }) => row);
    const by = (score: (each: ScoredRow) => number) => evaluate(part.map(score), outcomes);
    const metrics: Record<Compared, Metrics> = {
      learned: by(({ score }) => score),
      heuristic: by(({ features }) => linearValue(heuristic, features)),
      length: by(({ row }) => row.prompt.length),
      random: evaluateRandom(outcomes, SEED),
    };
    return COMPARED.map((router) => ({ set, router, prompts: part.length, metrics: metrics[router] }));
  });
}
