import { thresholdOn } from "../quality/score.ts";

/** With fewer of its own, a route's threshold is the one from before. */
const ENOUGH = 100;
/** A threshold is taken anew after so many scores. */
const EVERY = 25;
/** Clients choose shares too; they are taken in steps of a thousandth. */
const STEP = 1_000;

/** The last scores of a route, and the thresholds that send a share of such requests to the strong model. */
export class RecentScores {
  readonly #scores: Float64Array;
  readonly #before: (share: number) => number;
  /** By the share in thousandths: the threshold, and how many scores there had been. */
  readonly #thresholds = new Map<number, { threshold: number; at: number }>();
  #added = 0;

  /** `before` tells the threshold of a share as long as there are too few scores. */
  constructor(before: (share: number) => number, most = 1_000) {
    this.#scores = new Float64Array(most);
    this.#before = before;
  }

  add(score: number): void {
    if (!(score >= 0 && score <= 1)) return;
    this.#scores[this.#added % this.#scores.length] = score;
    this.#added++;
  }

  /** The threshold at or above which about that share of requests is. A share that is no such is taken for the nearest. */
  thresholdFor(share: number): number {
    const wanted = Math.round(Math.max(0, Math.min(1, share)) * STEP);
    const known = this.#thresholds.get(wanted);
    if (known !== undefined && this.#added - known.at < EVERY) return known.threshold;
    const threshold = this.#threshold(wanted / STEP);
    this.#thresholds.set(wanted, { threshold, at: this.#added });
    return threshold;
  }

  #threshold(share: number): number {
    if (this.#added < Math.min(ENOUGH, this.#scores.length)) return this.#before(share);
    return thresholdOn(this.#scores.subarray(0, Math.min(this.#added, this.#scores.length)), share);
  }
}
