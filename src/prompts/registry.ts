import type { Storage } from "../storage/interface.ts";
import type { KeptVersion } from "../storage/prompt-store.ts";
import { NOTHING_SERVED, readServed, type Served, type ServedState } from "./served.ts";
import { formatTemplateId } from "./template-id.ts";
import { TextMemory } from "./text-memory.ts";

/** Versions asked for by name that are remembered. One that is not there is asked for again after a while, since traffic may bring it. */
const MOST_NAMED = 2_000;
const MOST_NAMED_CHARS = 33_554_432;
const MISSING_FOR_MS = 1_000;

interface Named {
  /** Pending at first, so that many requests at once ask one time. */
  readonly version: KeptVersion | null | Promise<KeptVersion | null>;
  /** `performance.now()` at which it was asked for. */
  readonly at: number;
}

/**
 * What is to be served of the stored prompts, in memory: no request waits for the storage, but one that asks for a
 * version by name and gives no text of its own.
 */
export class PromptRegistry {
  readonly #storage: Pick<Storage, "prompts" | "experiments">;
  readonly #named = new TextMemory<Named>(MOST_NAMED, MOST_NAMED_CHARS);
  /** Templates that traffic brought since the last load. */
  readonly #captured = new Set<string>();
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

  /** Whether there is a template of this name, and it is in use. */
  knows(template: string): boolean {
    return this.#state.names.get(template) ?? this.#captured.has(template);
  }

  /** A template that was stored without the storage's revision moving on. */
  noteCaptured(template: string): void {
    this.#captured.add(template);
  }

  /** A version that a client names; null where there is none, or it or its template is archived. Rejects with a StorageError. */
  async named(template: string, version: string): Promise<KeptVersion | null> {
    if (this.#state.names.get(template) === false) return null;
    const id = formatTemplateId({ name: template, version });
    const known = this.#named.get(id);
    const now = performance.now();
    if (known !== undefined && (known.version !== null || now - known.at < MISSING_FOR_MS))
      return known.version;
    const asked = this.#usable(template, version);
    const state = this.#state;
    const note = (found: Named["version"], chars: number) => {
      // What was asked for before a load may be out of date after it.
      if (this.#state === state) this.#named.set(id, { version: found, at: now }, chars);
    };
    note(asked, 0);
    try {
      const found = await asked;
      note(found, found?.messages.reduce((sum, { text }) => sum + text.length, 0) ?? 0);
      return found;
    } catch (error) {
      note(null, 0);
      throw error;
    }
  }

  /** Takes over what the storage has. Rejects with a StorageError; what was served before then stays. */
  async load(): Promise<void> {
    this.#state = await readServed(this.#storage, this.#state);
    this.#named.clear();
    for (const name of this.#captured) if (this.#state.names.has(name)) this.#captured.delete(name);
  }

  async #usable(template: string, version: string): Promise<KeptVersion | null> {
    const found = await this.#storage.prompts.version(template, version);
    return found === null || found.archivedAt !== null ? null : found;
  }
}
