import type { EnvironmentKey } from "../auth/environment-keys.ts";
import { keyState } from "../auth/keys.ts";
import { KEY_SCOPES, type StoredKey } from "../storage/key-store.ts";
import { renderDate, table } from "./table.ts";

/** A new key as JSON, with the key itself. */
export function createdAsJson(key: string, stored: StoredKey): string {
  const { id, name, prefix, scopes, createdAt, expiresAt } = stored;
  const iso = (time: number) => new Date(time).toISOString();
  const expires = expiresAt === null ? null : iso(expiresAt);
  const shown = { id, name, key, prefix, scopes, created_at: iso(createdAt), expires_at: expires };
  return `${JSON.stringify(shown, null, 2)}\n`;
}

/** A new key for people, with the key itself. */
export function createdAsText(key: string, { id, name, expiresAt }: StoredKey): string {
  const expiry = expiresAt === null ? "It does not expire." : `It expires on ${renderDate(expiresAt)}.`;
  return `Key "${name}" (${id}):\n\n  ${key}\n\nKeep it now, it cannot be shown again. ${expiry}\n`;
}

/** The keys as a table for people, or as JSON: an array of objects with ISO timestamps. Never the keys themselves. */
export function listKeys(
  stored: readonly StoredKey[],
  environment: readonly EnvironmentKey[],
  options: { json: boolean; storageUrl: string; nowMs?: number },
): string {
  const now = options.nowMs ?? Date.now();
  if (options.json)
    return `${JSON.stringify([...environment.map(environmentJson), ...stored.map((key) => storedJson(key, now))], null, 2)}\n`;
  if (stored.length + environment.length === 0) {
    return `There is no key in ${options.storageUrl} or the environment. Make one: amsterdam keys create\n`;
  }
  return table([
    ["ID", "NAME", "PREFIX", "SCOPES", "CREATED", "EXPIRES", "STATE"],
    ...environment.map(({ id, name }) => [id, name, "-", KEY_SCOPES.join(" "), "-", "never", "active"]),
    ...stored.map((key) => [
      key.id,
      key.name,
      `${key.prefix}…`,
      key.scopes.length === 0 ? "-" : key.scopes.join(" "),
      renderDate(key.createdAt),
      key.expiresAt === null ? "never" : renderDate(key.expiresAt),
      keyState(key, now),
    ]),
  ]);
}

function environmentJson({ id, name }: EnvironmentKey): Record<string, unknown> {
  const unknown = { prefix: null, created_at: null, expires_at: null, revoked_at: null };
  return { id, name, scopes: KEY_SCOPES, ...unknown, state: "active", source: "environment" };
}

function storedJson(key: StoredKey, now: number): Record<string, unknown> {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    prefix: key.prefix,
    created_at: iso(key.createdAt),
    expires_at: iso(key.expiresAt),
    revoked_at: iso(key.revokedAt),
    state: keyState(key, now),
    source: "storage",
  };
}
