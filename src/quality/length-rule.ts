import type { Format } from "../exchange/formats.ts";
import { requestText } from "./request-text.ts";
import { checkShare } from "./score.ts";
import type { PromptScore, PromptScorer } from "./scorer.ts";

/** Half of the prompts that the model in the repository learned from have fewer characters, half have more. */
const MEDIAN = 166;
/** With this power the curve runs close to the shares of those prompts that are shorter. */
const POWER = 1.5;
const MIDDLE = 0.5;

/**
 * Longer prompts go to the strong model: what serves where no model can be read. A score is about the share of prompts that
 * are shorter.
 */
export class LengthRule implements PromptScorer {
  readonly name = "length";

  score(body: Buffer, format: Format): number {
    return this.judge(body, format).score;
  }

  judge(body: Buffer, format: Format): PromptScore {
    const found = requestText(body, format);
    if (found.text === null) return { score: MIDDLE, reason: found.reason };
    return { score: 1 / (1 + (MEDIAN / found.text.length) ** POWER), reason: null };
  }

  thresholdBefore(share: number): number {
    checkShare(share);
    return 1 - share;
  }
}
