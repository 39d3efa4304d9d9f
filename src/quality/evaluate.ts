import { seededRandom } from "./seeded.ts";

/** How well the two models did on one prompt, on any scale that is the same for both; more is better. */
export interface Outcome {
  readonly strong: number;
  readonly weak: number;
}

/** A share of calls that go to the strong model, 0 to 1, and the mean outcome of the mixture. */
export interface CurvePoint {
  readonly share: number;
  readonly quality: number;
}

/** RouteLLM's figures of one router on one set of prompts (Ong et al. 2024). */
export interface Metrics {
  /**
   * Least share of strong calls that recovers half of the gap between the weak and the strong model's mean outcome, between
   * points of the curve in a straight line; `null` where the strong model is no better.
   */
  readonly cpt50: number | null;
  /** The same for four fifths of the gap. */
  readonly cpt80: number | null;
  /** The area under the curve, as a part of the way from always weak (0) to always strong (1). */
  readonly apgr: number | null;
  readonly weak: number;
  readonly strong: number;
  /** From no strong call to nothing else: eleven points, for the edges of the scores' deciles. */
  readonly curve: readonly CurvePoint[];
}

const DECILES = 10;
/** Random routers whose mean is the one to beat. */
const RANDOM_RUNS = 10;

/**
 * Metrics of scores, one for each outcome; a higher score means rather strong. At each decile's edge the prompts at or above
 * it go to the strong model, at the last edge those above it, so nobody. Where scores are equal, each order of them is
 * as likely and the curve is the mean over all orders: edges would fall together otherwise.
 *
 * @throws RangeError without outcomes, where the numbers of scores and outcomes differ, and for what is not finite.
 */
export function evaluate(scores: ArrayLike<number>, outcomes: readonly Outcome[]): Metrics {
  return metricsOf(curveOf(scores, outcomes), outcomes);
}

/** Metrics of choosing at random: of the mean curve of ten seeded runs. */
export function evaluateRandom(outcomes: readonly Outcome[], seed: number): Metrics {
  const random = seededRandom(seed);
  const runs = Array.from({ length: RANDOM_RUNS }, () => curveOf(outcomes.map(random), outcomes));
  const mean = runs[0]!.map(({ share }, at) => ({
    share,
    quality: runs.reduce((sum, curve) => sum + curve[at]!.quality, 0) / RANDOM_RUNS,
  }));
  return metricsOf(mean, outcomes);
}

function curveOf(scores: ArrayLike<number>, outcomes: readonly Outcome[]): CurvePoint[] {
  const count = outcomes.length;
  check(scores, outcomes);
  const gains = gainsFromTheTop(scores, outcomes);
  const weak = outcomes.reduce((sum, outcome) => sum + outcome.weak, 0);
  return Array.from({ length: DECILES + 1 }, (_, at) => {
    // The edge at quantile q lies at position (count - 1) q from below; whole numbers keep it exact.
    const edge = DECILES - at;
    const chosen = at === 0 ? 0 : count - Math.ceil(((count - 1) * edge) / DECILES);
    return { share: chosen / count, quality: (weak + gains[chosen]!) / count };
  });
}

/** Sums of what is won when the 0, 1, 2, … highest scores go to the strong model. */
function gainsFromTheTop(scores: ArrayLike<number>, outcomes: readonly Outcome[]): Float64Array {
  const order = outcomes.map((_, at) => at).sort((a, b) => scores[b]! - scores[a]!);
  const sums = new Float64Array(order.length + 1);
  for (let start = 0; start < order.length; ) {
    let end = start;
    let won = 0;
    while (end < order.length && scores[order[end]!] === scores[order[start]!]) {
      const { strong, weak } = outcomes[order[end++]!]!;
      won += strong - weak;
    }
    for (let at = start; at < end; at++) {
      sums[at + 1] = sums[start]! + (won * (at + 1 - start)) / (end - start);
    }
    start = end;
  }
  return sums;
}

function metricsOf(curve: readonly CurvePoint[], outcomes: readonly Outcome[]): Metrics {
  const weak = outcomes.reduce((sum, outcome) => sum + outcome.weak, 0) / outcomes.length;
  const strong = outcomes.reduce((sum, outcome) => sum + outcome.strong, 0) / outcomes.length;
  const gap = strong - weak;
  if (gap <= 0) return { cpt50: null, cpt80: null, apgr: null, weak, strong, curve };
  const area = areaUnder(curve);
  const needed = (part: number) => shareNeeded(curve, weak + part * gap);
  return { cpt50: needed(0.5), cpt80: needed(0.8), apgr: (area - weak) / gap, weak, strong, curve };
}

/** The mean quality over all shares of strong calls: what a router is worth where the share is not known yet. */
export function areaUnder(curve: readonly CurvePoint[]): number {
  let area = 0;
  for (let at = 1; at < curve.length; at++) {
    const [left, right] = [curve[at - 1]!, curve[at]!];
    area += ((right.share - left.share) * (left.quality + right.quality)) / 2;
  }
  return area;
}

/** The smallest share at which the curve reaches a quality. The curve ends at the strong model's, above any part of the gap. */
function shareNeeded(curve: readonly CurvePoint[], quality: number): number {
  const at = curve.findIndex((point) => point.quality >= quality);
  if (at <= 0) return at === 0 ? 0 : 1;
  const [left, right] = [curve[at - 1]!, curve[at]!];
  return (
    left.share + ((quality - left.quality) / (right.quality - left.quality)) * (right.share - left.share)
  );
}

function check(scores: ArrayLike<number>, outcomes: readonly Outcome[]): void {
  if (outcomes.length === 0) throw new RangeError("There are no outcomes to evaluate on.");
  if (scores.length !== outcomes.length) {
    throw new RangeError(`There are ${scores.length} scores for ${outcomes.length} outcomes.`);
  }
  for (let at = 0; at < outcomes.length; at++) {
    const { strong, weak } = outcomes[at]!;
    if (!Number.isFinite(scores[at]) || !Number.isFinite(strong) || !Number.isFinite(weak)) {
      throw new RangeError(`Score and outcomes of prompt ${at} are not all numbers.`);
    }
  }
}
