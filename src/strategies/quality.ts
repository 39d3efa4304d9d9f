import { RecentScores } from "./recent-scores.ts";
import type { Asked, Option, Ranking, Strategy } from "./strategy.ts";

/** How a score becomes a place in the route's list: by thresholds, or by a share. */
export interface QualitySettings {
  /**
   * One fewer than the options, falling: at or above the first one the first option is chosen, at or above the second one
   * the second, and so on.
   */
  readonly thresholds?: readonly number[];
  /** The share of requests for the first option; all others go to the second. */
  readonly strongShare?: number;
  /** The threshold for a share before the route has scores of its own. */
  readonly before: (share: number) => number;
}

/**
 * The option that the prompt is worth. The route's list goes from the strongest model to the weakest. Where the chosen one is
 * out, the nearest one serves, the stronger of two as near.
 */
export class Quality implements Strategy {
  readonly name = "quality";
  readonly #thresholds: readonly number[];
  readonly #strongShare: number | null;
  readonly #recent: RecentScores;

  constructor({ thresholds, strongShare, before }: QualitySettings) {
    this.#thresholds = thresholds ?? [];
    this.#strongShare = strongShare ?? null;
    this.#recent = new RecentScores(before);
  }

  order(options: readonly Option[], asked: Asked): Ranking {
    const score = asked.score();
    const share = asked.strongShare ?? this.#strongShare;
    const thresholds = share === null ? this.#thresholds : [this.#recent.thresholdFor(share)];
    const passed = thresholds.findIndex((threshold) => score >= threshold);
    const tier = passed < 0 ? thresholds.length : passed;
    const order = [...options].sort(
      (a, b) => Math.abs(a.place - tier) - Math.abs(b.place - tier) || a.place - b.place,
    );
    const threshold = thresholds[Math.min(tier, thresholds.length - 1)] ?? 0;
    const why = `scored ${score.toFixed(3)}, ${passed < 0 ? "below" : "at or above"} ${threshold.toFixed(3)}`;
    return {
      order,
      score,
      threshold,
      reason: ({ place }, at) =>
        at === 0 && place === tier ? why : at === 0 ? `${why}; the nearest one` : "near",
    };
  }

  took({ score }: Ranking): void {
    if (score !== undefined) this.#recent.add(score);
  }
}
