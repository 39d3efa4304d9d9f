import type { Storage } from "../storage/interface.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { NOTHING_SERVED, readServed, type Served, type ServedState } from "./served.ts";
import { formatTemplateId } from "./template-id.ts";

/** Versions asked for by name: that many are remembered. One that is not there is asked for again after a while, since traffic may bring it. */
const MOST_NAMED = 2_000;
const MISSING_FOR_MS = 1_000;

interface Named {
  readonly version: KeptVersion | null;
  /** `performance.now()` at which it was read. */
  readonly at: number;
}

/**
 * What is to be served of the stored prompts, in memory: no request waits for the storage, but one that asks for a
 * version by name and gives no text of its own.
 */
export class PromptRegistry {
  readonly #storage: Pick<Storage, "prompts" | "experiments">;
  readonly #named = new Map<string, Named>();
  #state: ServedState = NOTHING_SERVED;

  constructor(storage: Pick<Storage, "prompts" | "experiments">) {
    this.#storage = storage;
  }

  /** Whether any experiment runs. */
  get hasRunning(): boolean {
    return this.#state.units.size > 0;
  }

  /** Null where nothing of the gateway's is served under this name. */
  served(template: string): Served | null {
    return this.#state.byName.get(template) ?? null;
  }

  /** A version that a client names; null where there is none, or it is archived. Rejects with a StorageError. */
  async named(template: string, version: string): Promise<KeptVersion | null> {
    const id = formatTemplateId({ name: template, version });
    const known = this.#named.get(id);
    const now = performance.now();
    if (known !== undefined && (known.version !== null || now - known.at < MISSING_FOR_MS))
      return known.version;
    const found = await this.#storage.prompts.version(template, version);
    const usable = found === null || found.archivedAt !== null ? null : found;
    if (this.#named.size >= MOST_NAMED) this.#named.clear();
    this.#named.set(id, { version: usable, at: now });
    return usable;
  }

  /** Takes over what the storage has. Rejects with a StorageError; what was served before then stays. */
  async load(): Promise<void> {
    this.#state = await readServed(this.#storage, this.#state);
    this.#named.clear();
  }
}
