import type { ClientReportStore } from "./client-report-store.ts";
import type { ExperimentStore } from "./experiment-store.ts";
import type { FeedbackStore } from "./feedback-store.ts";
import type { KeyStore } from "./key-store.ts";
import type { PromptStore } from "./prompt-store.ts";
import type { RecordStore } from "./record-store.ts";
import type { ResponseStore } from "./response-store.ts";
import type { RouteStore } from "./route-store.ts";
import type { ThreadStore } from "./thread-store.ts";

export type StorageKind = "sqlite" | "postgres";

/** What the rest of the gateway sees of a database. No call to a provider waits for it. */
export interface Storage {
  readonly kind: StorageKind;

  readonly records: RecordStore;
  readonly keys: KeyStore;
  readonly feedback: FeedbackStore;
  readonly threads: ThreadStore;
  readonly clientReports: ClientReportStore;
  readonly responses: ResponseStore;
  readonly prompts: PromptStore;
  readonly experiments: ExperimentStore;
  readonly routes: RouteStore;
  /**
   * Changes whenever any process has changed what gateways hold in memory: keys, prompts, experiments, routes. Other writes leave it.
   * Cheap enough to ask several times a second.
   */
  revision(): Promise<number>;
  /** Null when it can be written and read, otherwise the cause. */
  check(): Promise<string | null>;
  close(): Promise<void>;
}

/**
 * A database that cannot be opened or used. The message is for the operator: it names the place, the cause and what
 * to do, and holds no password.
 */
export class StorageError extends Error {
  override readonly name = "StorageError";
  /** Whether what it was given is at fault and not the database: another try would end the same. */
  readonly refusesData: boolean;

  constructor(message: string, { refusesData = false, ...options }: StorageErrorOptions = {}) {
    super(message, options);
    this.refusesData = refusesData;
  }
}

interface StorageErrorOptions extends ErrorOptions {
  readonly refusesData?: boolean;
}

/** A page was asked for that begins nowhere: the cursor is not one that was given. */
export class CursorError extends Error {
  override readonly name = "CursorError";
}
