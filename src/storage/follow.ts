import type { Logger } from "../lib/logger.ts";
import type { Storage } from "./interface.ts";

/** What any process changes has to act within a second, so the storage is asked three times as often. */
const INTERVAL_MS = 300;

/** Something that is held in memory as it stands in the storage. */
export interface Followed {
  /** In the plural, for the log. */
  readonly name: string;
  /** Takes over what the storage has. Rejects with a StorageError; what was held before then stays. */
  load(): Promise<void>;
}

interface Part {
  readonly followed: Followed;
  loadedRevision: number | null;
  failing: boolean;
}

/**
 * Keeps what is held in memory up to date until the signal aborts, asking the storage beside the requests and never
 * within one. While the storage fails everything stays as it was; that is logged once, and once more when it works again.
 */
export class StorageFollower {
  readonly #storage: Pick<Storage, "revision">;
  readonly #parts: readonly Part[];
  readonly #logger: Logger;
  readonly #signal: AbortSignal;
  readonly #intervalMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** One turn after the other: an earlier one that ended later would bring back what was there before. */
  #turn: Promise<void> = Promise.resolve();

  constructor(
    storage: Pick<Storage, "revision">,
    followed: readonly Followed[],
    options: { readonly logger: Logger; readonly signal: AbortSignal; readonly intervalMs?: number },
  ) {
    this.#storage = storage;
    this.#parts = followed.map((one) => ({ followed: one, loadedRevision: null, failing: false }));
    this.#logger = options.logger;
    this.#signal = options.signal;
    this.#intervalMs = options.intervalMs ?? INTERVAL_MS;
  }

  /** Begins to ask. */
  start(): void {
    this.#signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    this.#schedule();
  }

  /** Takes over at once what was changed: this process need not wait for its next turn. Failures are told as in a turn. */
  now(): Promise<void> {
    this.#turn = this.#turn.then(() => this.#look());
    return this.#turn;
  }

  async #look(): Promise<void> {
    const revision = await this.#storage.revision().catch((error: unknown) => error as Error);
    // The revision is read first: a write between the two calls is then seen by the next turn, not missed.
    await Promise.all(this.#parts.map((part) => this.#refresh(part, revision)));
  }

  async #refresh(part: Part, revision: number | Error): Promise<void> {
    try {
      if (typeof revision !== "number") throw revision;
      if (revision !== part.loadedRevision) {
        await part.followed.load();
        part.loadedRevision = revision;
      }
      if (part.failing) this.#logger.info(`The ${part.followed.name} are up to date again.`);
      part.failing = false;
    } catch (error) {
      if (!part.failing && !this.#signal.aborted)
        this.#logger.error(`The ${part.followed.name} cannot be refreshed; those known stay.`, {
          error: String(error),
        });
      part.failing = true;
      // A storage that comes back may be another: one restored from a backup can have the revision that was seen last.
      part.loadedRevision = null;
    }
  }

  #schedule(): void {
    if (this.#signal.aborted) return;
    this.#timer = setTimeout(() => void this.now().then(() => this.#schedule()), this.#intervalMs);
    this.#timer.unref();
  }
}
