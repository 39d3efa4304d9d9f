import type { Database } from "bun:sqlite";
import { KEY_SCOPES, type KeyStore, type StoredKey } from "../key-store.ts";
import type { SqliteConnection } from "./connection.ts";

/** `scopes` are their names with a space between any two. */
type KeyRow = Omit<StoredKey, "scopes"> & { readonly scopes: string };

const COLUMNS = `id, name, hash, prefix, scopes, created_at AS createdAt, expires_at AS expiresAt, revoked_at AS revokedAt`;

export class SqliteKeys implements KeyStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  list(): Promise<StoredKey[]> {
    return this.#connection.read((db) =>
      db.query<KeyRow, []>(`SELECT ${COLUMNS} FROM gateway_keys ORDER BY created_at, id`).all().map(fromRow),
    );
  }

  create(key: StoredKey): Promise<void> {
    return this.#connection.writeDurably((db) => insert(db, key));
  }

  createIfNoneUsable(key: StoredKey): Promise<boolean> {
    return this.#connection.writeDurably((db) => {
      const usable = db
        .query(
          "SELECT 1 FROM gateway_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)",
        )
        .get(key.createdAt);
      if (usable !== null) return false;
      insert(db, key);
      return true;
    });
  }

  revoke(id: string, at: number): Promise<boolean> {
    return this.#connection.writeDurably((db) => {
      const update = db.query("UPDATE gateway_keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL");
      return update.run(at, id).changes === 1;
    });
  }
}

function insert(db: Database, key: StoredKey): void {
  db.query(
    `INSERT INTO gateway_keys (id, name, hash, prefix, scopes, created_at, expires_at, revoked_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    key.id,
    key.name,
    key.hash,
    key.prefix,
    key.scopes.join(" "),
    key.createdAt,
    key.expiresAt,
    key.revokedAt,
  );
}

/** A scope that this version does not know grants nothing. */
function fromRow(row: KeyRow): StoredKey {
  const names = new Set(row.scopes.split(" "));
  return { ...row, scopes: KEY_SCOPES.filter((scope) => names.has(scope)) };
}
