import type { BreakerConfig } from "../config/schema.ts";
import { RollingWindow } from "./rolling-window.ts";

export type BreakerState = "closed" | "open" | "half-open";

/** Leave to make one call, to be given back exactly once with how it went. `now` is on the monotonic clock. */
export class Permit {
  readonly #breaker: Breaker;
  readonly #generation: number;

  constructor(breaker: Breaker, generation: number) {
    this.#breaker = breaker;
    this.#generation = generation;
  }

  succeeded(now = performance.now()): void {
    this.#breaker.decide(this.#generation, false, now);
  }

  failed(now = performance.now()): void {
    this.#breaker.decide(this.#generation, true, now);
  }

  /** It ended in a way that says nothing about the upstream, e.g. the client left. */
  undecided(now = performance.now()): void {
    this.#breaker.decide(this.#generation, null, now);
  }
}

/**
 * A circuit breaker for one upstream. Closed it counts; when the share of failures over the window passes the limit it
 * opens and refuses; after its time it lets one call through (half-open), and that call's outcome closes or reopens it.
 *
 * Calls are never queued behind the one that tries: a model's first byte can take minutes, and another target is waiting
 * (docs/decisions/0003 has why no library is used).
 */
export class Breaker {
  readonly #settings: BreakerConfig;
  readonly #window: RollingWindow;
  readonly #onChange: (state: BreakerState) => void;
  #state: BreakerState = "closed";
  #openUntil = 0;
  #trying = false;
  /** Permits of an earlier state no longer count. */
  #generation = 0;

  constructor(settings: BreakerConfig, onChange: (state: BreakerState) => void = () => undefined) {
    this.#settings = settings;
    this.#window = new RollingWindow(settings.window * 1000);
    this.#onChange = onChange;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Calls and failures in the window, for health. */
  recent(now = performance.now()): { calls: number; failures: number } {
    return this.#window.totals(now);
  }

  /** Leave for one call, or null while the upstream is to be spared. */
  admit(now = performance.now()): Permit | null {
    if (this.#state === "open" && now >= this.#openUntil) this.#change("half-open");
    if (this.#state === "open") return null;
    if (this.#state === "half-open") {
      // A trial may be a long answer: when it has not decided in the time of another pause, the next call may try.
      if (this.#trying && now < this.#openUntil) return null;
      this.#trying = true;
      this.#openUntil = now + this.#settings.open * 1000;
    }
    return new Permit(this, this.#generation);
  }

  /** Whether calls are refused now, but for the one that tries. */
  isOpen(now = performance.now()): boolean {
    return this.#state === "open" && now < this.#openUntil;
  }

  /** Whole seconds until a call may be let through, at least 1. */
  retryAfter(now = performance.now()): number {
    return Math.max(1, Math.ceil((this.#openUntil - now) / 1000));
  }

  /** A failure that came after its call's permit was given back: a stream that broke. The call is not counted twice. */
  failedLate(now = performance.now()): void {
    this.#window.turnBad(now);
    this.#openIfFailing(now);
  }

  /** How a call went that was permitted in `generation`; `failed` null where it says nothing. */
  decide(generation: number, failed: boolean | null, now: number): void {
    if (generation !== this.#generation) return;
    if (this.#state === "half-open") this.#decideTrial(failed, now);
    else if (failed !== null) this.#count(failed, now);
  }

  #decideTrial(failed: boolean | null, now: number): void {
    this.#trying = false;
    if (failed === null) return;
    this.#window.clear();
    this.#window.add(failed, now);
    if (failed) this.#open(now);
    else this.#change("closed");
  }

  #count(failed: boolean, now: number): void {
    this.#window.add(failed, now);
    if (failed) this.#openIfFailing(now);
  }

  #openIfFailing(now: number): void {
    if (this.#state !== "closed" || !this.#settings.enabled) return;
    const { calls, failures } = this.#window.totals(now);
    if (calls >= this.#settings.minimum_calls && failures / calls >= this.#settings.failure_share)
      this.#open(now);
  }

  #open(now: number): void {
    this.#openUntil = now + this.#settings.open * 1000;
    this.#change("open");
  }

  #change(state: BreakerState): void {
    this.#state = state;
    this.#trying = false;
    this.#generation++;
    this.#onChange(state);
  }
}
