import type { RecordsConfig } from "../config/schema.ts";
import type { Logger } from "../lib/logger.ts";
import type { ExperimentStore } from "../storage/experiment-store.ts";
import type { RecordStore } from "../storage/record-store.ts";

const INTERVAL_MS = 60_000;
const DAY_MS = 86_400_000;
/** Deleted in one step, some milliseconds in which nothing else runs. */
const STEP = 200;
/** Between two steps, so that the database is free for what waits to be recorded. */
const PAUSE_MS = 50;
/** Steps a minute: deleting may take longer than that, and then goes on in the next. */
const MAX_STEPS = 500;

/** What experiments were decided by is kept for thirteen months after their end, as sums of records are. */
const ENDED_MS = 396 * DAY_MS;

export interface PrunedStores {
  readonly records: Pick<RecordStore, "prune">;
  readonly experiments: Pick<ExperimentStore, "prune">;
}

/** Deletes records and bodies that are too old, and the oldest bodies while there are too many; until `signal` ends it. */
export function keepWithinRetention(
  stores: PrunedStores,
  options: { readonly config: () => RecordsConfig; readonly logger: Logger; readonly signal: AbortSignal },
): void {
  const { config, logger, signal } = options;
  let failing = false;
  let running = false;
  const prune = async () => {
    if (running) return;
    running = true;
    try {
      await pruneAll(stores, config(), signal);
      failing = false;
    } catch (error) {
      if (!failing)
        logger.warn("Old records cannot be deleted now; it is tried again every minute.", {
          error: String(error),
        });
      failing = true;
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void prune(), INTERVAL_MS);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Deletes what is beyond the bounds, in small steps. Rejects when the storage fails. */
export async function pruneAll(
  { records: store, experiments }: PrunedStores,
  config: Pick<RecordsConfig, "retention_days" | "bodies_retention_days" | "max_bodies_mb">,
  signal: AbortSignal,
  now = Date.now(),
): Promise<void> {
  const bounds = {
    before: now - config.retention_days * DAY_MS,
    bodiesBefore: now - config.bodies_retention_days * DAY_MS,
    maxBodyBytes: config.max_bodies_mb * 1024 * 1024,
    limit: STEP,
  };
  for (let step = 0; step < MAX_STEPS && !signal.aborted; step++) {
    const { records, bodies } = await store.prune(bounds);
    const routesBefore = bounds.before;
    const decisions = await experiments.prune({ routesBefore, endedBefore: now - ENDED_MS, limit: STEP });
    if (records < STEP && bodies < STEP && decisions < STEP) return;
    await Bun.sleep(PAUSE_MS);
  }
}
