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
  list(): Promise<StoredKey[]>;
  create(key: StoredKey): Promise<void>;
  /** Marks the key as revoked at `at` (Unix milliseconds). False when no unrevoked key has this id. */
  revoke(id: string, at: number): Promise<boolean>;
}

/** What the rest of the gateway sees of a database. Never called while a client waits for an answer. */
export interface Storage {
  readonly keys: KeyStore;
  /** Changes whenever any process has written; cheap enough to ask several times a second. */
  version(): Promise<number>;
  /** Null when it can be written and read, otherwise the cause. */
  check(): Promise<string | null>;
  close(): Promise<void>;
}
