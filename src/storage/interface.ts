/** A gateway key as it is kept: never the key itself. */
export interface StoredKey {
  /** Stable id, shown by `amsterdam keys list` and in records. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
  /** The key's first characters, to recognise it by. */
  readonly prefix: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

export interface KeyStore {
  /** Every key, revoked and expired ones too, oldest first. */
  list(): Promise<StoredKey[]>;
  /** Refused with a StorageError when the id or the hash is already kept. */
  create(key: StoredKey): Promise<void>;
  /**
   * Creates the key unless a key usable at `key.createdAt` is kept, in one step, so that of several gateways
   * started at once on an empty database only one makes the first key. False when there was one.
   */
  createIfNoneUsable(key: StoredKey): Promise<boolean>;
  /** Marks the key as revoked at `at` (Unix milliseconds). False when no unrevoked key has this id. */
  revoke(id: string, at: number): Promise<boolean>;
}

/** What feedback is about. */
export const FEEDBACK_TARGETS = ["request", "run", "thread"] as const;
export type FeedbackTarget = (typeof FEEDBACK_TARGETS)[number];

/** A judgement on a request, a run or a thread; `{correction}` holds the answer that would have been right. */
export interface Feedback {
  /** Chosen by the client to make repeats harmless, otherwise made. Unique among the feedback of one key. */
  readonly id: string;
  readonly target: FeedbackTarget;
  /** The request's, run's or thread's id. It need not be recorded yet. */
  readonly targetId: string;
  readonly name: string;
  readonly value: boolean | number | string | { readonly correction: string };
  readonly comment: string | null;
  /** Who or what judged, in the client's words. */
  readonly source: string | null;
  /** The gateway key it was sent with. */
  readonly keyId: string | null;
  /** Unix milliseconds. */
  readonly receivedAt: number;
}

export interface FeedbackStore {
  /** Stores all or none. An item whose key and id are kept already is counted as repeated and changes nothing. */
  add(items: readonly Feedback[]): Promise<{ stored: number; repeated: number }>;
  /** The newest 1,000 about one target, oldest first. */
  forTarget(target: FeedbackTarget, targetId: string): Promise<Feedback[]>;
}

/** What the rest of the gateway sees of a database. Never called while a client waits for an answer. */
export interface Storage {
  readonly keys: KeyStore;
  readonly feedback: FeedbackStore;
  /** Changes whenever any process has written; cheap enough to ask several times a second. */
  version(): Promise<number>;
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
}
