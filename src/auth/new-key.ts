import type { KeyScope, StoredKey } from "../storage/key-store.ts";
import { makeKey } from "./keys.ts";

export const MAX_KEY_NAME = 100;

/** Whether a key may be called so: control characters would let a name rewrite the terminal that lists it. */
export function isKeyName(name: string): boolean {
  return name !== "" && name.length <= MAX_KEY_NAME && name === name.trim() && !/\p{C}/u.test(name);
}

/** A new key, to be shown once, and what is to be kept of it. `expiresAt` is Unix milliseconds or null for never. */
export function newKey(
  wish: { readonly name: string; readonly expiresAt: number | null; readonly scopes: readonly KeyScope[] },
  nowMs: number,
): { readonly key: string; readonly stored: StoredKey } {
  const { key, ...made } = makeKey();
  return { key, stored: { ...made, ...wish, createdAt: nowMs, revokedAt: null } };
}
