import type { Logger } from "../lib/logger.ts";
import type { ResponseKey, ResponseStore, StoredResponse } from "../storage/response-store.ts";
import { isObject } from "./json.ts";
import { failedResponse } from "./response-object.ts";

export interface HousekeepingOptions {
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Milliseconds from one time to the next. */
  readonly interval?: number;
  /** Whether this process is making the response. */
  isRunning(key: ResponseKey): boolean;
}

const INTERVAL_MS = 15_000;
/** Rows at a time, so that requests go on in between. */
const STEP = 100;

/**
 * Deletes expired responses, and ends as failed those whose process is gone: now, and again and again until the signal.
 * The promise is of the first time.
 */
export function startHousekeeping(store: ResponseStore, options: HousekeepingOptions): Promise<void> {
  let failing = false;
  const once = async (): Promise<void> => {
    try {
      await failAbandoned(store, options.isRunning);
      while ((await store.expire(Date.now(), STEP)) === STEP) await Bun.sleep(10);
      failing = false;
    } catch (error) {
      if (!failing && !options.signal.aborted)
        options.logger.warn("Stored responses could not be looked through", { error: String(error) });
      failing = true;
    }
  };
  let running = once().finally(() => {
    const timer = setInterval(() => {
      running = running.then(once);
    }, options.interval ?? INTERVAL_MS).unref();
    options.signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  });
  return running;
}

async function failAbandoned(
  store: ResponseStore,
  isRunning: HousekeepingOptions["isRunning"],
): Promise<void> {
  const abandoned = (await store.abandoned(Date.now(), STEP)).filter((stored) => !isRunning(stored));
  if (abandoned.length > 0) await store.put(abandoned.map(asFailed));
}

/** How a response stands whose process is gone. */
export function asFailed(stored: StoredResponse): StoredResponse {
  const response: unknown = JSON.parse(stored.response ?? "{}");
  const message = "The gateway stopped while this response was being made.";
  const failed = failedResponse(isObject(response) ? response : {}, "server_error", message);
  return { ...stored, status: "failed", response: JSON.stringify(failed), leaseUntil: null };
}
