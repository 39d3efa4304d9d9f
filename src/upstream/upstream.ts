import type { BreakerConfig, Config } from "../config/schema.ts";
import type { ErrorCode } from "../exchange/errors.ts";
import { Breaker, type BreakerState } from "./breaker.ts";
import { Cooldowns } from "./cooldowns.ts";
import { KeyTurns } from "./key-turns.ts";
import { RetryBudget } from "./retry-budget.ts";

/** What is known of one upstream's health, from its traffic alone. */
export interface Upstream {
  readonly name: string;
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
  /** Those of all upstreams, by the names of targets: a limit of one model says little about another. */
  readonly cooldowns: Cooldowns;
  readonly keyTurns: KeyTurns;
  lastError: { readonly code: ErrorCode; readonly at: number } | null;
  /** Unix milliseconds. */
  lastSuccessAt: number | null;
}

/** Every upstream that was called and not forgotten since, by name. A changed breaker configuration begins anew; others stay as they are. */
export class Upstreams {
  /** Which targets have had enough for now, by `Target.name`. */
  readonly cooldowns = new Cooldowns();
  /** Whose turn it is among the keys of a provider. */
  readonly keyTurns = new KeyTurns();
  readonly #byName = new Map<string, { upstream: Upstream; settings: string }>();
  readonly #onBreaker: (name: string, state: BreakerState) => void;

  constructor(onBreaker: (name: string, state: BreakerState) => void = () => undefined) {
    this.#onBreaker = onBreaker;
  }

  get(name: string, breaker: BreakerConfig, budget: Config["retry_budget"]): Upstream {
    const settings = JSON.stringify([breaker, budget]);
    const known = this.#byName.get(name);
    if (known?.settings === settings) return known.upstream;
    const upstream: Upstream = {
      name,
      breaker: new Breaker(breaker, (state) => this.#onBreaker(name, state)),
      budget: new RetryBudget(budget),
      cooldowns: this.cooldowns,
      keyTurns: this.keyTurns,
      lastError: null,
      lastSuccessAt: null,
    };
    this.#byName.set(name, { upstream, settings });
    return upstream;
  }

  /** Forgets those of other names, and what is limited, after a reload. Calls that run to one end with the one they have. */
  keep(names: ReadonlySet<string>): void {
    this.cooldowns.reset();
    this.keyTurns.reset();
    for (const name of this.#byName.keys()) if (!names.has(name)) this.#byName.delete(name);
  }

  all(): Upstream[] {
    return [...this.#byName.values()].map((entry) => entry.upstream);
  }
}
