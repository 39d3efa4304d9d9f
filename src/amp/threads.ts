import { fromStorage } from "../answers/storage-call.ts";
import type { AmpConfig } from "../config/schema.ts";
import type { StoredThread, ThreadScope, ThreadStore, ThreadSummary } from "../storage/thread-store.ts";
import type { JsonObject } from "./input.ts";
import { readThread } from "./thread-input.ts";

/** The threads that one key may see and change. Everything here throws storage_unavailable when the storage fails. */
export class ThreadAccess {
  readonly #store: ThreadStore;
  readonly #keyId: string;
  readonly #config: AmpConfig;
  readonly #scope: ThreadScope;

  constructor(store: ThreadStore, keyId: string, config: AmpConfig) {
    this.#store = store;
    this.#keyId = keyId;
    this.#config = config;
    this.#scope = config.threads === "shared" ? "all" : { keyId };
  }

  /** The thread as its client wrote it, with what was set since, and its length. Null when there is none. */
  async get(id: string): Promise<{ thread: JsonObject; characters: number } | null> {
    const kept = await fromStorage(this.#store.get(id, this.#scope));
    return kept === null ? null : { thread: threadOf(kept), characters: kept.data.length };
  }

  /** What is known of these threads beside what was said in them, by id. */
  async find(ids: readonly string[]): Promise<Map<string, ThreadSummary>> {
    const found = await fromStorage(this.#store.find(ids, this.#scope));
    return new Map(found.map((thread) => [thread.id, thread]));
  }

  /** Null once it is kept; otherwise the higher version that is kept. Throws as `readThread`. */
  put(thread: unknown): Promise<number | null> {
    const { max_thread_mb: maxThreadMb } = this.#config;
    const read = readThread(thread, { keyId: this.#keyId, maxThreadMb, now: Date.now() });
    return fromStorage(this.#store.put(read, this.#scope));
  }

  /** False when there is no such thread. */
  amend(id: string, change: { meta?: JsonObject; archived?: boolean }): Promise<boolean> {
    const { meta, archived } = change;
    return fromStorage(
      this.#store.amend(id, this.#scope, {
        ...(meta === undefined ? {} : { meta: JSON.stringify(meta) }),
        ...(archived === undefined ? {} : { archived }),
        updatedAt: Date.now(),
      }),
    );
  }

  /** False when there was none. */
  async delete(id: string): Promise<boolean> {
    return (await fromStorage(this.#store.delete(id, this.#scope))) > 0;
  }

  list(options: { limit: number; archived: boolean; prefix?: string }): Promise<ThreadSummary[]> {
    return fromStorage(this.#store.list(this.#scope, options));
  }
}

/** The thread as a client reads it: its own text, with what was set apart from it. */
function threadOf({ data, meta, archived }: StoredThread): JsonObject {
  const thread = JSON.parse(data) as JsonObject;
  const set = meta === null ? {} : { meta: JSON.parse(meta) as JsonObject };
  return archived || "archived" in thread ? { ...thread, ...set, archived } : { ...thread, ...set };
}

/** An entry of a list of threads as a client reads it. */
export function listEntry(thread: ThreadSummary): JsonObject {
  const { messageCount, userLastInteractedAt, ...shown } = JSON.parse(thread.listing) as JsonObject;
  return {
    id: thread.id,
    v: thread.version,
    created: thread.createdAt,
    title: thread.title,
    userLastInteractedAt: Math.max(thread.createdAt, Number(userLastInteractedAt)),
    messageCount,
    summaryStats: { messageCount },
    archived: thread.archived,
    ...(thread.meta === null ? {} : { meta: JSON.parse(thread.meta) }),
    ...shown,
  };
}
