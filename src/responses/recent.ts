import type { ResponseKey, StoredResponse } from "../storage/response-store.ts";

interface Entry {
  readonly stored: StoredResponse;
  /** `clock` milliseconds at which it was put here. */
  readonly since: number;
  /** Whether the storage has it. */
  isSaved: boolean;
}

/** The newest responses, in bounded memory, so that a turn which follows at once waits for no storage. */
export class RecentResponses {
  readonly #maxCharacters: () => number;
  readonly #clock: () => number;
  /** In the order of their use, oldest first. */
  readonly #entries = new Map<string, Entry>();
  readonly #byItem = new Map<string, string>();
  #characters = 0;

  /** `clock` gives milliseconds that never go back. */
  constructor(maxCharacters: () => number, clock: () => number = () => performance.now()) {
    this.#maxCharacters = maxCharacters;
    this.#clock = clock;
  }

  put(stored: StoredResponse, isSaved = false): void {
    this.remove(stored);
    const key = nameOf(stored.keyId, stored.id);
    this.#entries.set(key, { stored, since: this.#clock(), isSaved });
    for (const itemId of stored.itemIds) this.#byItem.set(nameOf(stored.keyId, itemId), key);
    this.#characters += sizeOf(stored);
    for (const entry of this.#entries.values()) {
      if (this.#characters <= this.#maxCharacters()) break;
      this.remove(entry.stored);
    }
  }

  /** `age` is in milliseconds. */
  get({ id, keyId }: ResponseKey): { stored: StoredResponse; age: number; isSaved: boolean } | null {
    return this.#found(nameOf(keyId, id));
  }

  withItem(keyId: string, itemId: string): StoredResponse | null {
    const name = this.#byItem.get(nameOf(keyId, itemId));
    return name === undefined ? null : (this.#found(name)?.stored ?? null);
  }

  /** The storage has it now, as it was put here. */
  saved(stored: StoredResponse): void {
    const entry = this.#entries.get(nameOf(stored.keyId, stored.id));
    if (entry?.stored === stored) entry.isSaved = true;
  }

  remove({ id, keyId }: ResponseKey): void {
    const name = nameOf(keyId, id);
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    this.#characters -= sizeOf(entry.stored);
    for (const itemId of entry.stored.itemIds) {
      const item = nameOf(keyId, itemId);
      if (this.#byItem.get(item) === name) this.#byItem.delete(item);
    }
  }

  #found(name: string): { stored: StoredResponse; age: number; isSaved: boolean } | null {
    const entry = this.#entries.get(name);
    if (entry === undefined) return null;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return { stored: entry.stored, age: this.#clock() - entry.since, isSaved: entry.isSaved };
  }
}

/** Characters that a response takes, roughly: its texts and what it costs to know it. */
export function sizeOf(stored: StoredResponse): number {
  return (stored.response?.length ?? 0) + stored.input.length + stored.itemIds.length * 100 + 500;
}

/** One name for two ids: a line feed stands in no key's id. */
function nameOf(keyId: string, id: string): string {
  return `${keyId}\n${id}`;
}
