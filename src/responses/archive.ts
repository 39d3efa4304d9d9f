import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import type { ResponseKey, ResponseStore, StoredResponse } from "../storage/response-store.ts";
import { RecentResponses } from "./recent.ts";
import { ResponseWriter } from "./writer.ts";

export interface ArchiveOptions {
  readonly logger: Logger;
  /** Characters of the newest responses kept in memory, and again of those that wait to be stored. */
  maxCharacters(): number;
}

/** Another process may have changed what was stored longer ago than this; milliseconds. */
const TRUSTED_MS = 30_000;
/** Turns of one conversation that are read back. */
const MAX_CHAIN = 2_000;

/** The responses that the gateway keeps: the newest in memory, all of them in the storage. */
export class Archive {
  readonly #store: ResponseStore;
  readonly #recent: RecentResponses;
  readonly #writer: ResponseWriter;
  readonly #onSaved = new Map<string, () => void>();

  constructor(store: ResponseStore, options: ArchiveOptions) {
    this.#store = store;
    this.#recent = new RecentResponses(options.maxCharacters);
    this.#writer = new ResponseWriter(store, {
      logger: options.logger,
      maxCharacters: options.maxCharacters,
      onSaved: (stored) => {
        this.#recent.saved(stored);
        const onSaved = this.#onSaved.get(nameOf(stored));
        if (onSaved === undefined) return;
        this.#onSaved.delete(nameOf(stored));
        onSaved();
      },
    });
  }

  /** Keeps it from this moment on, in the storage a moment later. */
  put(stored: StoredResponse): void {
    this.#recent.put(stored);
    this.#writer.add(stored);
  }

  /** As `put`; `onSaved` is called once the storage has it. */
  putAnd(stored: StoredResponse, onSaved: () => void): void {
    this.#onSaved.set(nameOf(stored), onSaved);
    this.put(stored);
  }

  /** Null when there is none, or none any more. Throws server_overloaded when the storage cannot be asked. */
  async get(key: ResponseKey): Promise<StoredResponse | null> {
    const recent = this.#recent.get(key);
    if (recent !== null && (!recent.isSaved || recent.age < TRUSTED_MS)) return unexpired(recent.stored);
    try {
      const stored = await this.#store.get(key);
      if (stored === null) this.#recent.remove(key);
      else this.#recent.put(stored, true);
      return unexpired(stored);
    } catch (error) {
      if (recent !== null) return unexpired(recent.stored);
      throw unreadable(error);
    }
  }

  /**
   * The response and all that it continues, oldest first. Null when one of them is not kept. Throws invalid_request when
   * there are too many, server_overloaded when the storage cannot be asked.
   */
  async chain(key: ResponseKey): Promise<StoredResponse[] | null> {
    const chain: StoredResponse[] = [];
    let next: string | null = key.id;
    while (next !== null && chain.length < MAX_CHAIN) {
      const links = await this.#links({ id: next, keyId: key.keyId }, MAX_CHAIN - chain.length);
      if (links.length === 0) return null;
      for (const link of links) chain.push(link);
      next = links.at(-1)!.previousId;
    }
    if (next !== null) {
      const message = `The conversation has more than ${MAX_CHAIN} responses. Send its input in place of previous_response_id.`;
      throw new GatewayError("invalid_request", message, { param: "previous_response_id" });
    }
    return chain.reverse();
  }

  /** As many of a chain as one look gives, newest first: those in memory, or else those of the storage. */
  async #links(key: ResponseKey, limit: number): Promise<StoredResponse[]> {
    const found = await this.get(key);
    if (found === null) return [];
    if (found.previousId === null || this.#recent.get({ id: found.previousId, keyId: key.keyId }) !== null)
      return [found];
    try {
      const older = await this.#store.chain({ id: found.previousId, keyId: key.keyId }, limit);
      const gone = older.findIndex((link) => unexpired(link) === null);
      return [found, ...(gone < 0 ? older : older.slice(0, gone))];
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** The responses of this key that have one of these items. Throws server_overloaded when the storage cannot be asked. */
  async withItems(keyId: string, itemIds: readonly string[]): Promise<StoredResponse[]> {
    const found = new Map<string, StoredResponse>();
    const missing = itemIds.filter((itemId) => {
      const stored = this.#recent.withItem(keyId, itemId);
      if (stored !== null) found.set(stored.id, stored);
      return stored === null;
    });
    if (missing.length === 0) return [...found.values()];
    try {
      for (const stored of await this.#store.withItems(keyId, missing)) found.set(stored.id, stored);
    } catch (error) {
      throw unreadable(error);
    }
    return [...found.values()].filter((stored) => unexpired(stored) !== null);
  }

  /** False when there was none. Throws server_overloaded when the storage cannot be asked. */
  async delete(key: ResponseKey): Promise<boolean> {
    const wasRecent = this.#recent.get(key) !== null;
    this.#recent.remove(key);
    this.#onSaved.delete(nameOf(key));
    await this.#writer.forget(key);
    try {
      return (await this.#store.delete(key)) || wasRecent;
    } catch (error) {
      throw unreadable(error);
    }
  }

  /** Asks the storage for it from now on: another process has changed it. */
  forget(key: ResponseKey): void {
    this.#recent.remove(key);
  }

  /** Stores what waits; returns how many could not be stored in time. */
  flush(patienceMs?: number): Promise<number> {
    return this.#writer.flush(patienceMs);
  }
}

function unexpired(stored: StoredResponse | null): StoredResponse | null {
  return stored !== null && stored.expiresAt > Date.now() ? stored : null;
}

function nameOf({ id, keyId }: ResponseKey): string {
  return `${keyId}\n${id}`;
}

function unreadable(cause: unknown): GatewayError {
  return new GatewayError("server_overloaded", "Stored responses cannot be read at the moment.", {
    retryAfter: 2,
    cause,
  });
}
