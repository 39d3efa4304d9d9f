import type { Storage, StorageKind } from "./interface.ts";

export interface StorageStatus {
  readonly kind: StorageKind;
  readonly status: "ok" | "failing";
  /** Why it fails. */
  readonly cause: string | null;
}

const INTERVAL_MS = 5000;

/** Looks at an opened storage now and then, so that health can tell its state without asking it. */
export function watchStorage(storage: Storage, signal: AbortSignal): { current(): StorageStatus } {
  const { kind } = storage;
  let current: StorageStatus = { kind, status: "ok", cause: null };
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The next look begins when this one has ended: a database that hangs is not asked more and more.
  const look = async () => {
    const cause = await storage.check();
    current = { kind, status: cause === null ? "ok" : "failing", cause };
    schedule();
  };
  const schedule = () => {
    if (signal.aborted) return;
    timer = setTimeout(look, INTERVAL_MS);
    timer.unref();
  };
  schedule();
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  return { current: () => current };
}
