import { GatewayError } from "../exchange/errors.ts";
import type { Logger } from "../lib/logger.ts";
import { NO_CONNECTION } from "../server/connection.ts";
import type { Handler } from "../server/http-server.ts";
import type { ResponseKey, ResponseStore, StoredResponse } from "../storage/response-store.ts";
import type { Archive } from "./archive.ts";
import { BackgroundRun, type BackgroundWork } from "./background-run.ts";
import type { EventLog } from "./event-log.ts";
import { type Asker, innerRequest, selfContained } from "./inner-request.ts";
import { newId } from "./items.ts";
import type { JsonObject } from "./json.ts";
import { LEASE_MS, toStored } from "./kept.ts";
import type { Prepared } from "./request.ts";
import { emptyResponse } from "./response-object.ts";

export interface BackgroundOptions {
  readonly archive: Archive;
  readonly store: ResponseStore;
  readonly logger: Logger;
  /** How many may be made at once. */
  maxRuns(): number;
  /** Milliseconds for which a response is kept. */
  retention(): number;
}

interface Kept {
  readonly key: ResponseKey;
  readonly run: BackgroundRun;
  /** Whether the storage knows of it, so that its absence there means something. */
  isSaved: boolean;
  /** Another process has deleted or cancelled it; what becomes of it here is nobody's business. */
  isDisowned: boolean;
}

const RENEW_MS = LEASE_MS / 3;
/** Milliseconds for which the events of a finished response can be followed again. */
const REPLAY_MS = 300_000;
/** Finished responses whose events are kept. */
const MAX_FINISHED = 200;

/**
 * The work of making a response, put to the gateway's own handler as a request of the client that asked for it: with all
 * of its input, and without a state of its own, since the background keeps it.
 */
export function backgroundWork(prepared: Prepared, asker: Asker, handle: Handler): BackgroundWork {
  return async (signal) => handle(innerRequest(asker, selfContained(prepared.body), signal), NO_CONNECTION);
}

/** Makes responses while no client waits: a number at once, each until it ends, is cancelled or the process stops. */
export class BackgroundRunner {
  readonly #options: BackgroundOptions;
  readonly #running = new Map<string, Kept>();
  readonly #finished = new Map<string, EventLog>();
  #renewal: ReturnType<typeof setInterval> | null = null;

  constructor(options: BackgroundOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Begins, and returns the response as it is queued. Throws server_overloaded when as many run as may. */
  start(prepared: Prepared, keyId: string, work: BackgroundWork): { response: JsonObject; log: EventLog } {
    if (this.#running.size >= this.#options.maxRuns()) {
      const message =
        "As many responses are made in the background as may be at once (responses.max_background).";
      throw new GatewayError("server_overloaded", message, { retryAfter: 5 });
    }
    const { logger } = this.#options;
    const id = newId("resp");
    const now = Date.now();
    const birth = { id, createdAt: Math.floor(now / 1000), status: "queued" };
    const queued = emptyResponse(prepared.original, birth);
    const times = { now, retention: this.#options.retention() };
    const keep = (response: JsonObject, served: { provider: string | null; model: string | null }) => {
      const stored = toStored(response, prepared, { keyId, ...served }, times);
      return stored === null ? null : withLease(stored);
    };
    const kept: Kept = {
      key: { id, keyId },
      run: new BackgroundRun({
        queued,
        onChange: (response, served) => this.#put(keep(response, served), kept),
        onDefect: (error) => logger.error("A background response could not be made", { error }),
      }),
      isSaved: false,
      isDisowned: false,
    };
    this.#put(keep(queued, { provider: null, model: null }), kept);
    this.#running.set(nameOf(kept.key), kept);
    this.#renewal ??= setInterval(() => void this.#renew(), RENEW_MS).unref();
    void kept.run.run(work).finally(() => this.#end(kept));
    return { response: queued, log: kept.run.log };
  }

  /** The events of a response that is being made here, or was until lately. */
  log(key: ResponseKey): EventLog | null {
    return this.#running.get(nameOf(key))?.run.log ?? this.#finished.get(nameOf(key)) ?? null;
  }

  /** Whether it is being made here. */
  isRunning(key: ResponseKey): boolean {
    return this.#running.has(nameOf(key));
  }

  /** Ends a response that is being made here; null when it is not. */
  cancel(key: ResponseKey): JsonObject | null {
    const kept = this.#running.get(nameOf(key));
    if (kept === undefined) return null;
    kept.run.cancel();
    this.#end(kept);
    return kept.run.response;
  }

  /** Ends what is being made as failed: the process is about to stop. */
  stop(): void {
    for (const kept of this.#running.values()) {
      kept.run.fail("server_error", "The gateway was stopped before this response was complete.");
      this.#end(kept);
    }
    if (this.#renewal !== null) clearInterval(this.#renewal);
  }

  #disown(kept: Kept): void {
    kept.isDisowned = true;
    this.#options.archive.forget(kept.key);
    this.cancel(kept.key);
  }

  #put(stored: StoredResponse | null, kept: Kept): void {
    if (stored === null || kept.isDisowned) return;
    this.#options.archive.putAnd(stored, () => {
      kept.isSaved = true;
    });
  }

  #end(kept: Kept): void {
    const name = nameOf(kept.key);
    if (!this.#running.delete(name)) return;
    this.#finished.set(name, kept.run.log);
    setTimeout(() => this.#finished.delete(name), REPLAY_MS).unref();
    const [oldest] = this.#finished.keys();
    if (this.#finished.size > MAX_FINISHED && oldest !== undefined) this.#finished.delete(oldest);
  }

  /** Says that this process lives, and learns what another one has cancelled or deleted. */
  async #renew(): Promise<void> {
    const saved = [...this.#running.values()].filter((kept) => kept.isSaved);
    if (saved.length === 0) return;
    try {
      const keys = saved.map((kept) => kept.key);
      const renewed = await this.#options.store.renew(keys, Date.now() + LEASE_MS);
      const alive = new Set(renewed.map(nameOf));
      for (const kept of saved) if (!alive.has(nameOf(kept.key))) this.#disown(kept);
    } catch (error) {
      this.#options.logger.warn("The leases of background responses could not be renewed", { error });
    }
  }
}

/** `now` of a stored response is when it was created; its lease runs from when it is put. */
function withLease(stored: StoredResponse): StoredResponse {
  return stored.leaseUntil === null ? stored : { ...stored, leaseUntil: Date.now() + LEASE_MS };
}

function nameOf({ id, keyId }: ResponseKey): string {
  return `${keyId}\n${id}`;
}
