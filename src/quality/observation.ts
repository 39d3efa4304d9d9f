import { hashOfText } from "./words.ts";

export type Tier = "strong" | "weak";

/** What came of one request at one of the two models. */
export interface Observation {
  readonly prompt: string;
  readonly tier: Tier;
  /** 0 (bad) to 1 (good). */
  readonly outcome: number;
  /** With which probability it went to this model, above 0 and at most 1; null where that is not known. */
  readonly probability: number | null;
  /** How much it counts: less than 1 where one judgement is about several requests. */
  readonly share: number;
}

/** What is known of one prompt at one model. */
export interface Seen {
  readonly outcome: number;
  /** The inverse of the probability, the mean of its requests: how many prompts it stands for. */
  readonly weight: number;
}

/** A prompt with what was seen at either model; at least one is there. */
export interface Case {
  readonly prompt: string;
  readonly strong: Seen | null;
  readonly weak: Seen | null;
}

/** Smaller probabilities count as this one, so that a few rare requests do not outweigh all others. */
const LEAST_PROBABILITY = 0.05;
/** One prompt of so many is kept apart. */
const KEPT_APART = 5;

/**
 * Observations by prompt, in the order in which the prompts came first. Where no probability is known, a model counts as chosen
 * by chance, as often as it is among all such observations.
 */
export function casesOf(observations: readonly Observation[]): Case[] {
  const usual = usualProbabilities(observations);
  const prompts = new Map<string, Record<Tier, Sums>>();
  for (const { prompt, tier, outcome, probability, share } of observations) {
    let sums = prompts.get(prompt);
    if (sums === undefined) {
      sums = { strong: { sum: 0, weight: 0, requests: 0 }, weak: { sum: 0, weight: 0, requests: 0 } };
      prompts.set(prompt, sums);
    }
    const weight = share / Math.max(LEAST_PROBABILITY, probability ?? usual[tier]);
    sums[tier].sum += weight * outcome;
    sums[tier].weight += weight;
    sums[tier].requests += share;
  }
  return [...prompts].map(([prompt, { strong, weak }]) => ({
    prompt,
    strong: seen(strong),
    weak: seen(weak),
  }));
}

interface Sums {
  sum: number;
  weight: number;
  requests: number;
}

function seen({ sum, weight, requests }: Sums): Seen | null {
  return weight === 0 ? null : { outcome: sum / weight, weight: weight / requests };
}

function usualProbabilities(observations: readonly Observation[]): Record<Tier, number> {
  const unknown = observations.filter(({ probability }) => probability === null);
  const strong = unknown.filter(({ tier }) => tier === "strong").length;
  const share = unknown.length === 0 ? 0.5 : strong / unknown.length;
  return { strong: share, weak: 1 - share };
}

/**
 * Whether a prompt is kept apart from learning. It always is or never is, so that a model made later is not judged by what an
 * earlier one learned from. Other bits of the hash than those that split what is learned from.
 */
export function isKeptApart(prompt: string): boolean {
  return (hashOfText(prompt) >>> 12) % KEPT_APART === 0;
}
