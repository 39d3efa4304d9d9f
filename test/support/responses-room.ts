import type { Logger } from "../../src/lib/logger.ts";
import { Responses } from "../../src/responses/room.ts";
import type { Storage } from "../../src/storage/interface.ts";
import { openStorage } from "../../src/storage/open.ts";
import type { ResponseStore } from "../../src/storage/response-store.ts";

export interface ResponsesRoom {
  readonly responses: Responses;
  readonly storage: Storage;
  /** Messages of warnings and errors. */
  readonly logged: string[];
  close(): Promise<void>;
}

export interface RoomOptions {
  readonly storage?: Storage;
  /** Stands between the room and its storage. */
  readonly through?: (store: ResponseStore) => ResponseStore;
  readonly settings?: Partial<{ retention_days: number; memory_mb: number; max_background: number }>;
}

/** The state of the Responses API over a database in memory, or over the one given. */
export async function openResponsesRoom(options: RoomOptions = {}): Promise<ResponsesRoom> {
  const storage = options.storage ?? (await openStorage("sqlite::memory:", "/"));
  const stopping = new AbortController();
  const logged: string[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn: (message) => logged.push(message),
    error: (message) => logged.push(message),
  };
  const settings = { retention_days: 30, memory_mb: 64, max_background: 100, ...options.settings };
  const responses = new Responses({
    store: options.through?.(storage.responses) ?? storage.responses,
    logger,
    signal: stopping.signal,
    settings: () => settings,
    keepAlive: () => 15_000,
  });
  return {
    responses,
    storage,
    logged,
    async close() {
      stopping.abort();
      await responses.close();
      await storage.close();
    },
  };
}
