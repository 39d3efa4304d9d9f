import { resolve } from "node:path";
import type { Format } from "../exchange/formats.ts";
import type { Logger } from "../lib/logger.ts";
import { scorerFor } from "../quality/quality-model.ts";
import type { PromptScorer } from "../quality/scorer.ts";

/** The learned router that serves: of the configured file, or the one that comes with the gateway, read when it is first needed. */
export class CurrentScorer {
  readonly #cwd: string;
  readonly #logger: Logger;
  #file: string | null = null;
  #scorer: PromptScorer | null = null;

  /** `cwd` is where relative paths begin. */
  constructor(cwd: string, logger: Logger) {
    this.#cwd = cwd;
    this.#logger = logger;
  }

  /** Reads a configured file at once: one that is refused is told of, and what served before goes on, or the length of prompts does. */
  configure(file: string | undefined): void {
    const path = file === undefined ? null : resolve(this.#cwd, file);
    if (path === null && this.#file !== null) this.#scorer = null;
    this.#file = path;
    if (path !== null) this.#load(path, this.#scorer);
  }

  /** How likely a strong model's answer is better by a margin that is worth its price. */
  score(body: Buffer, format: Format): number {
    return this.#current().score(body, format);
  }

  thresholdBefore(share: number): number {
    return this.#current().thresholdBefore(share);
  }

  #current(): PromptScorer {
    return this.#scorer ?? this.#load(this.#file, null);
  }

  #load(path: string | null, previous: PromptScorer | null): PromptScorer {
    const { scorer, refused } = scorerFor(path, previous);
    if (refused !== null)
      this.#logger.error("The learned router's file is refused; what is told serves in its place", {
        file: refused.path,
        reason: refused.reason,
        serves: scorer.name,
      });
    this.#scorer = scorer;
    return scorer;
  }
}
