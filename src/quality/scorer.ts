import type { Format } from "../exchange/formats.ts";

/** How likely the strong model's answer is better by a margin that is worth its price. */
export interface PromptScore {
  /** 0 to 1; a request goes to the strong model where it is at or above the threshold. */
  readonly score: number;
  /** Why it is the middle one; null where the prompt was scored. */
  readonly reason: string | null;
}

/** What scores requests. It keeps nothing of them. */
export interface PromptScorer {
  /** For people and records: names the model. */
  readonly name: string;
  /** Of a body in a format, whatever it holds; never throws. */
  score(body: Buffer, format: Format): number;
  /** The same with its reason. */
  judge(body: Buffer, format: Format): PromptScore;
  /**
   * The threshold for a share of strong calls as long as a route has too little traffic of its own.
   *
   * @throws RangeError for a share that is not between 0 and 1.
   */
  thresholdBefore(share: number): number;
}
