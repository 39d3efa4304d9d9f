/** What a key may do beside calling models: `admin` is the management API. */
export const KEY_SCOPES = ["admin"] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

/** A gateway key as it is kept: never the key itself. */
export interface StoredKey {
  /** Stable id, shown by `amsterdam keys list` and in records. */
  readonly id: string;
  readonly name: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
  /** The key's first characters, to recognise it by. */
  readonly prefix: string;
  readonly scopes: readonly KeyScope[];
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
