import type { Logger } from "../lib/logger.ts";
import type { Provider } from "../routing/providers.ts";
import type { ListedModel } from "./listed-model.ts";
import { readModelList } from "./read-list.ts";

export interface ProviderListsOptions {
  /** Asks a provider for its list and parses what it answers; rejects with the cause. */
  readonly ask: (provider: Provider) => Promise<unknown>;
  readonly logger: Logger;
}

interface Known {
  readonly models: readonly ListedModel[];
  /** `performance.now()` until which it is not asked for again. */
  readonly freshUntil: number;
}

const FRESH_MS = 10 * 60_000;
/** A provider that could not be asked is left alone for a minute. */
const FAILED_MS = 60_000;
/** Providers remembered; a reload may bring others. */
const MAX_KNOWN = 200;

/**
 * The models that the providers themselves list, asked for when somebody wants to know and kept for ten minutes. A list
 * that is older is given all the same while a new one is fetched, so that only the first caller waits.
 */
export class ProviderLists {
  readonly #options: ProviderListsOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<readonly ListedModel[]>>();

  constructor(options: ProviderListsOptions) {
    this.#options = options;
  }

  /** Empty for one that has no list or cannot be reached. */
  async modelsOf(provider: Provider): Promise<readonly ListedModel[]> {
    const key = `${provider.name} ${provider.baseUrl.href}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.freshUntil > performance.now()) return known.models;
    const asking = this.#asking.get(key) ?? this.#ask(key, provider);
    return known === undefined ? await asking : known.models;
  }

  #ask(key: string, provider: Provider): Promise<readonly ListedModel[]> {
    const asking = this.#options
      .ask(provider)
      .then((body) => this.#keep(key, readModelList(body, provider.name), FRESH_MS))
      .catch((error: unknown) => {
        this.#options.logger.debug("A provider's models could not be listed", {
          provider: provider.name,
          error,
        });
        return this.#keep(key, this.#known.get(key)?.models ?? [], FAILED_MS);
      })
      .finally(() => this.#asking.delete(key));
    this.#asking.set(key, asking);
    return asking;
  }

  #keep(key: string, models: readonly ListedModel[], milliseconds: number): readonly ListedModel[] {
    this.#known.delete(key);
    this.#known.set(key, { models, freshUntil: performance.now() + milliseconds });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    return models;
  }
}
