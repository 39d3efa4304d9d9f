import { distance } from "fastest-levenshtein";

/** The candidate that `word` is probably a slip of: a few letters off, or the end of a longer name. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  if (lower.length > 64) return undefined;
  const { length } = lower;
  const allowed = length < 3 ? 0 : length < 4 ? 1 : Math.max(2, Math.floor(length * 0.4));
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of candidates) {
    const steps = distance(lower, candidate.toLowerCase());
    if (steps < bestDistance) [best, bestDistance] = [candidate, steps];
  }
  return best ?? candidates.find((candidate) => candidate.endsWith(`_${lower}`));
}
