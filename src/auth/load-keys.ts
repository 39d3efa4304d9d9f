import type { Storage } from "../storage/interface.ts";
import type { KeyRing } from "./key-ring.ts";

/** Fills the ring from the storage. Throws a StorageError when that fails; the ring then stays as it was. */
export async function loadKeys(ring: KeyRing, storage: Pick<Storage, "keys">): Promise<void> {
  ring.replaceStored(await storage.keys.list());
}
