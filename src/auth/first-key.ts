import type { Storage } from "../storage/interface.ts";
import type { KeyRing } from "./key-ring.ts";
import { loadKeys } from "./load-keys.ts";
import { newKey } from "./new-key.ts";

/**
 * Loads the stored keys into the ring and, when neither the environment nor the storage has a usable one, makes the
 * first, which may use the management API. Returns that key to be printed, which is the only time that it can be read, or null when none was made.
 */
export async function ensureFirstKey(
  ring: KeyRing,
  storage: Storage,
  nowMs = Date.now(),
): Promise<string | null> {
  await loadKeys(ring, storage);
  if (ring.hasUsable(nowMs)) return null;
  const { key, stored } = newKey({ name: "first key", expiresAt: null, scopes: ["admin"] }, nowMs);
  const made = await storage.keys.createIfNoneUsable(stored);
  await loadKeys(ring, storage);
  return made ? key : null;
}
