import { randomBytes } from "node:crypto";
import type { StoredKey } from "../storage/key-store.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const SECRET_BYTES = 32;
/** Digits that 32 bytes take in base 62. */
const SECRET_LENGTH = 43;
const PREFIX_LENGTH = 8;

export interface NewKey {
  /** `key_` and 16 base62 characters. */
  readonly id: string;
  /** The key itself, `ams_` and 43 base62 characters: shown once, kept nowhere. */
  readonly key: string;
  /** SHA-256 of the key, 64 lower-case hex digits. */
  readonly hash: string;
  readonly prefix: string;
}

/** Makes a key with 256 random bits. Letters and digits only, so that a double click selects all of it. */
export function makeKey(): NewKey {
  const key = `ams_${base62(randomBytes(SECRET_BYTES)).padStart(SECRET_LENGTH, "0")}`;
  const id = `key_${base62(randomBytes(12)).padStart(17, "0").slice(-16)}`;
  return { id, key, hash: hashKey(key), prefix: keyPrefix(key) };
}

/**
 * SHA-256 of a key in hex. One round without salt is enough, and fast, because the keys are random: there is no
 * dictionary to try.
 */
export function hashKey(key: string): string {
  return Bun.SHA256.hash(key, "hex");
}

/** The characters by which people recognise a key: too few to be of use to anyone else. */
export function keyPrefix(key: string): string {
  return key.slice(0, PREFIX_LENGTH);
}

/** What has become of a key. */
export function keyState(
  { revokedAt, expiresAt }: Pick<StoredKey, "revokedAt" | "expiresAt">,
  nowMs: number,
): "active" | "expired" | "revoked" {
  if (revokedAt !== null) return "revoked";
  return expiresAt !== null && expiresAt <= nowMs ? "expired" : "active";
}

function base62(bytes: Buffer): string {
  let rest = BigInt(`0x${bytes.toString("hex")}`);
  let text = "";
  while (rest > 0n) {
    text = BASE62[Number(rest % 62n)] + text;
    rest /= 62n;
  }
  return text;
}
