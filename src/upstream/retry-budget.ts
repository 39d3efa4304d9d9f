import type { Config } from "../config/schema.ts";
import { RollingWindow } from "./rolling-window.ts";

const SPAN_MS = 10_000;

/** Keeps retries to a share of first tries, so that an upstream in trouble does not get a multiple of its traffic. */
export class RetryBudget {
  readonly #settings: Config["retry_budget"];
  /** First tries are calls, retries are "failures" of the window. */
  readonly #tries = new RollingWindow(SPAN_MS);

  constructor(settings: Config["retry_budget"]) {
    this.#settings = settings;
  }

  firstTry(now = performance.now()): void {
    this.#tries.add(false, now);
  }

  /** Whether one more retry may be made; it is counted if so. */
  take(now = performance.now()): boolean {
    const { calls, failures: retries } = this.#tries.totals(now);
    const firstTries = calls - retries;
    if (retries >= this.#settings.minimum + firstTries * this.#settings.share) return false;
    this.#tries.add(true, now);
    return true;
  }
}
