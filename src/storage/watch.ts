import type { Storage } from "./interface.ts";

export interface StorageStatus {
  readonly status: "ok" | "failing";
  /** Why it fails. */
  readonly cause: string | null;
}

const INTERVAL_MS = 5000;

/** Looks at an opened storage now and then, so that health can tell its state without asking it. */
export function watchStorage(storage: Storage, signal: AbortSignal): { current(): StorageStatus } {
  let current: StorageStatus = { status: "ok", cause: null };
  const timer = setInterval(async () => {
    const cause = await storage.check();
    current = { status: cause === null ? "ok" : "failing", cause };
  }, INTERVAL_MS);
  timer.unref();
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  return { current: () => current };
}
