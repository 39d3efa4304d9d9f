import type { KeyIdentity } from "../auth/key-ring.ts";
import type { AmpConfig } from "../config/schema.ts";

/** Crockford's base 32, as ULIDs are written. */
const BASE32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const TIME_DIGITS = 10;
const RANDOM_DIGITS = 16;
/** The moment in every ULID that is made from a key: nothing is known of when its user came. */
const SINCE = Date.UTC(2025, 0);

/**
 * The user that the client takes itself to be, as `/api/user` tells it. The same key is the same user at every start
 * and on every machine: nothing of it is kept.
 */
export function userOf(identity: KeyIdentity, user: AmpConfig["user"]) {
  const username = user.username ?? identity.name;
  const names = [user.first_name, user.last_name].filter(Boolean).join(" ");
  const since = new Date(SINCE).toISOString();
  return {
    id: user.id ?? ulidOf(identity.id),
    username,
    email: user.email ?? `${mailbox(username)}@localhost`,
    firstName: user.first_name ?? "",
    lastName: user.last_name ?? "",
    displayName: user.display_name ?? (names === "" ? username : names),
    emailVerified: true,
    profilePictureUrl: user.profile_picture_url ?? null,
    lastSignInAt: since,
    createdAt: since,
    updatedAt: since,
    siteAdmin: user.site_admin,
    subscriptions: [],
    plan: { type: "free", name: "Self-hosted", limits: { monthlyUsage: 0, monthlyLimit: 0 } },
  };
}

/** What `/api/connections` tells. */
export function connectionsOf(config: AmpConfig) {
  return config.connections.map(({ connected_at, username, ...connection }) => ({
    ...connection,
    connectedAt: connected_at ?? null,
    username: username ?? null,
  }));
}

/** A ULID whose random part is a digest of the key's id. */
function ulidOf(keyId: string): string {
  const digest = Bun.SHA256.hash(`amp user of ${keyId}`) as Uint8Array;
  const random = BigInt(`0x${Buffer.from(digest).toString("hex", 0, 10)}`);
  return base32(BigInt(SINCE), TIME_DIGITS) + base32(random, RANDOM_DIGITS);
}

function base32(value: bigint, digits: number): string {
  let text = "";
  for (let rest = value; text.length < digits; rest /= 32n) text = BASE32[Number(rest % 32n)] + text;
  return text;
}

/** What of a name can stand before the @ of an address. */
function mailbox(username: string): string {
  return (
    username
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, "-")
      .replace(/^[.-]+|[.-]+$/g, "") || "user"
  );
}
