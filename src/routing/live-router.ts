import type { Config } from "../config/schema.ts";
import type { SealStash } from "../conversion/seals.ts";
import { PriceBook } from "../costs/price-book.ts";
import type { Logger } from "../lib/logger.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Storage } from "../storage/interface.ts";
import type { KeptRoute } from "../storage/route-store.ts";
import type { Upstreams } from "../upstream/upstream.ts";
import { CurrentScorer } from "./current-scorer.ts";
import { readProviders } from "./providers.ts";
import { RouteLearner } from "./route-learner.ts";
import { RouteStates } from "./route-states.ts";
import { Router } from "./router.ts";
import { settleRecord } from "./sent-request.ts";
import { type RefusedRoute, withStoredRoutes } from "./stored-routes.ts";

export interface LiveRouterParts {
  readonly storage: Pick<Storage, "routes" | "experiments">;
  readonly env: Record<string, string | undefined>;
  /** Where relative paths begin. */
  readonly cwd: string;
  readonly demoUrl: string;
  readonly upstreams: Upstreams;
  readonly stash: SealStash;
  readonly logger: Logger;
}

/** The router of the moment: made anew of the configuration and the stored routes whenever one of them changes. */
export class LiveRouter {
  readonly states: RouteStates;
  readonly #parts: LiveRouterParts;
  readonly #scorer: CurrentScorer;
  readonly #learner: RouteLearner;
  #config: Config;
  #prices: PriceBook;
  #stored: readonly KeptRoute[] = [];
  #refused: readonly RefusedRoute[] = [];
  #current: Router;

  constructor(config: Config, parts: LiveRouterParts) {
    this.#parts = parts;
    this.#config = config;
    this.#prices = new PriceBook(config.prices);
    this.#scorer = new CurrentScorer(parts.cwd, parts.logger);
    this.#scorer.configure(config.router.file);
    this.states = new RouteStates((share) => this.#scorer.thresholdBefore(share));
    this.#current = this.#make([]);
    this.#learner = new RouteLearner(
      parts.storage.experiments,
      () => this.#current.routes.logs,
      parts.logger,
    );
  }

  get current(): Router {
    return this.#current;
  }

  get prices(): PriceBook {
    return this.#prices;
  }

  /** Stored routes that do not act beside the configuration as it is. */
  get refused(): readonly RefusedRoute[] {
    return this.#refused;
  }

  /** Takes another configuration over; requests that run go on as they began. */
  configure(config: Config): void {
    this.#config = config;
    this.#prices = new PriceBook(config.prices);
    this.#scorer.configure(config.router.file);
    this.#current = this.#make(this.#stored);
    this.#parts.upstreams.keep(this.#current.upstreamNames());
  }

  /** Takes the stored routes over, where they have changed. Rejects with a StorageError. */
  async load(): Promise<void> {
    const stored = await this.#parts.storage.routes.list();
    if (Bun.deepEquals(stored, this.#stored)) return;
    this.#current = this.#make(stored);
    this.#stored = stored;
  }

  /** Has routes that learn follow what is recorded of them, until the signal aborts. */
  start(signal: AbortSignal): void {
    this.#learner.start(signal);
  }

  /** A request was recorded. */
  settle(record: RequestRecord): void {
    settleRecord(record, this.states);
  }

  #make(stored: readonly KeptRoute[]): Router {
    const { env, demoUrl, upstreams, stash, logger } = this.#parts;
    const { config, refused } = withStoredRoutes(this.#config, stored);
    for (const { name, reason } of refused)
      if (!this.#refused.some((known) => known.name === name && known.reason === reason))
        logger.warn("A stored route does not act", { route: name, reason });
    this.#refused = refused;
    const router = new Router(config, readProviders(config, env, demoUrl), {
      upstreams,
      stash,
      states: this.states,
      score: (body, format) => this.#scorer.score(body, format),
      pricesOf: (provider, model) => this.#prices.pricesOf(provider, model),
      until: (target) => upstreams.cooldowns.until(target),
    });
    this.states.keep(router.routes.names);
    return router;
  }
}
