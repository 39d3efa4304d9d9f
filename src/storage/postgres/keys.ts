import { KEY_SCOPES, type KeyStore, type StoredKey } from "../key-store.ts";
import type { PostgresConnection } from "./connection.ts";
import type { Query } from "./query.ts";

/** `scopes` are their names with a space between any two. */
type KeyRow = Omit<StoredKey, "scopes"> & { readonly scopes: string };

const LIST = `
  SELECT id, name, hash, prefix, scopes, created_at::float8 AS "createdAt", expires_at::float8 AS "expiresAt",
    revoked_at::float8 AS "revokedAt"
  FROM amsterdam.gateway_keys ORDER BY created_at, id`;

const USABLE = `
  SELECT FROM amsterdam.gateway_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $1) LIMIT 1`;

export class PostgresKeys implements KeyStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async list(): Promise<StoredKey[]> {
    return (await this.#connection.query<KeyRow>(LIST)).rows.map(fromRow);
  }

  create(key: StoredKey): Promise<void> {
    return this.#connection.write((query) => insert(query, key));
  }

  createIfNoneUsable(key: StoredKey): Promise<boolean> {
    return this.#connection.write(async (query) => {
      // Others may read meanwhile, and not add.
      await query("LOCK TABLE amsterdam.gateway_keys IN SHARE ROW EXCLUSIVE MODE");
      if ((await query(USABLE, [key.createdAt])).count > 0) return false;
      await insert(query, key);
      return true;
    });
  }

  revoke(id: string, at: number): Promise<boolean> {
    return this.#connection.write(async (query) => {
      const update = "UPDATE amsterdam.gateway_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
      return (await query(update, [at, id])).count === 1;
    });
  }
}

async function insert(query: Query, key: StoredKey): Promise<void> {
  const scopes = key.scopes.join(" ");
  await query(
    `INSERT INTO amsterdam.gateway_keys (id, name, hash, prefix, scopes, created_at, expires_at, revoked_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [key.id, key.name, key.hash, key.prefix, scopes, key.createdAt, key.expiresAt, key.revokedAt],
  );
}

/** A scope that this version does not know grants nothing. */
function fromRow(row: KeyRow): StoredKey {
  const names = new Set(row.scopes.split(" "));
  return { ...row, scopes: KEY_SCOPES.filter((scope) => names.has(scope)) };
}
