import { timingSafeEqual } from "node:crypto";
import { KEY_SCOPES, type KeyScope, type StoredKey } from "../storage/key-store.ts";
import { type EnvironmentKey, MAX_KEY_LENGTH } from "./environment-keys.ts";
import { hashKey } from "./keys.ts";

/** Who a request comes from, as records name it. */
export interface KeyIdentity {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
}

interface RingEntry {
  readonly identity: KeyIdentity;
  /** The hex digest's characters. */
  readonly digest: Buffer;
  /** Unix milliseconds from which on the key is refused. */
  readonly validUntil: number;
}

/**
 * Every usable gateway key, in memory: checking one asks no database. A key of the environment stays valid for as long
 * as it is set there, also when the same key is stored and revoked.
 */
export class KeyRing {
  readonly #environment: ReadonlyMap<string, RingEntry>;
  #entries: ReadonlyMap<string, RingEntry>;
  /** What a candidate is hashed into: 64 hex digits, overwritten by each call. */
  readonly #candidate = Buffer.alloc(64);

  /** Whoever sets the environment runs the gateway: its keys have every scope. */
  constructor(environmentKeys: readonly EnvironmentKey[]) {
    this.#environment = new Map(
      environmentKeys.map(({ id, name, key }) =>
        ringEntry(hashKey(key), { id, name, scopes: KEY_SCOPES }, Infinity),
      ),
    );
    this.#entries = this.#environment;
  }

  /** Takes the stored keys as they are now in place of those before. */
  replaceStored(keys: readonly StoredKey[]): void {
    const usable = keys.filter((key) => key.revokedAt === null);
    this.#entries = new Map([
      ...usable.map(({ id, name, scopes, hash, expiresAt }) =>
        ringEntry(hash, { id, name, scopes }, expiresAt ?? Infinity),
      ),
      ...this.#environment,
    ]);
  }

  /**
   * Whose key this is; null when it is unknown, revoked or expired. Keys are looked up by digest, of which an attacker
   * can steer no part, and the digests are compared in constant time.
   */
  authenticate(candidate: string, nowMs: number): KeyIdentity | null {
    if (candidate.length === 0 || candidate.length > MAX_KEY_LENGTH) return null;
    const digest = hashKey(candidate);
    const entry = this.#entries.get(digest);
    if (entry === undefined) return null;
    this.#candidate.write(digest, "latin1");
    if (!timingSafeEqual(this.#candidate, entry.digest)) return null;
    return nowMs < entry.validUntil ? entry.identity : null;
  }

  /** Whether a key that was admitted before still would be, by its id: what lasts long asks again. */
  isUsable(id: string, nowMs: number): boolean {
    for (const { identity, validUntil } of this.#entries.values())
      if (identity.id === id && nowMs < validUntil) return true;
    return false;
  }

  /** Whether any key would be admitted at this time. */
  hasUsable(nowMs: number): boolean {
    for (const entry of this.#entries.values()) if (nowMs < entry.validUntil) return true;
    return false;
  }
}

function ringEntry(hash: string, identity: KeyIdentity, validUntil: number): [string, RingEntry] {
  return [hash, { identity, digest: Buffer.from(hash, "latin1"), validUntil }];
}
