import type { Logger } from "../lib/logger.ts";
import type { Storage } from "../storage/interface.ts";
import type { KeyRing } from "./key-ring.ts";

/** A revocation by any process has to act within a second, so the storage is asked three times as often. */
const INTERVAL_MS = 300;

/** Fills the ring from the storage. Throws a StorageError when that fails; the ring then stays as it was. */
export async function loadKeys(ring: KeyRing, storage: Pick<Storage, "keys">): Promise<void> {
  ring.replaceStored(await storage.keys.list());
}

/**
 * Keeps the ring up to date until the signal aborts, asking the storage beside the requests and never within one.
 * While the storage fails the ring stays as it was; that is logged once, and once more when it works again.
 */
export function startKeyRefresh(
  ring: KeyRing,
  storage: Pick<Storage, "keys" | "revision">,
  options: { logger: Logger; signal: AbortSignal; intervalMs?: number },
): void {
  const { logger, signal, intervalMs = INTERVAL_MS } = options;
  let loadedRevision: number | null = null;
  let failing = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function refresh(): Promise<void> {
    try {
      // The revision is read first: a write between the two calls is then seen by the next turn, not missed.
      const revision = await storage.revision();
      if (revision !== loadedRevision) {
        await loadKeys(ring, storage);
        loadedRevision = revision;
      }
      if (failing) logger.info("The gateway keys are up to date again.");
      failing = false;
    } catch (error) {
      if (!failing && !signal.aborted)
        logger.error("The gateway keys cannot be refreshed; those known stay.", { error: String(error) });
      failing = true;
      // A storage that comes back may be another: one restored from a backup can have the revision that was seen last.
      loadedRevision = null;
    }
    schedule();
  }

  function schedule(): void {
    if (signal.aborted) return;
    timer = setTimeout(refresh, intervalMs);
    timer.unref();
  }

  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  schedule();
}
