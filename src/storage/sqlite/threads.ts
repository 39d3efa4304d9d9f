import type { Database } from "bun:sqlite";
import type { StoredThread, ThreadScope, ThreadStore, ThreadSummary } from "../interface.ts";
import type { SqliteConnection } from "./connection.ts";

type Row<T> = Omit<T, "archived"> & { archived: 0 | 1 };

const SUMMARY = `
  key_id AS keyId, id, version, title, message_count AS messageCount, archived, created_at AS createdAt,
  updated_at AS updatedAt`;

const UPSERT = `
  INSERT INTO threads (key_id, id, version, title, message_count, archived, created_at, updated_at, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id, key_id) DO UPDATE SET version = excluded.version, title = excluded.title,
    message_count = excluded.message_count, archived = excluded.archived, created_at = excluded.created_at,
    updated_at = excluded.updated_at, data = excluded.data`;

/** No id of a thread has a character above this one, so that ids with a prefix lie between it and it with this added. */
const LAST = "\u{10ffff}";

export class SqliteThreads implements ThreadStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get(id: string, scope: ThreadScope): Promise<StoredThread | null> {
    return this.#connection.read((db) => find(db, id, scope));
  }

  put(thread: StoredThread, scope: ThreadScope): Promise<"stored" | "older"> {
    return this.#connection.write((db) => {
      const { where, values } = within(scope);
      const kept = db
        .query<{ keyId: string; version: number }, string[]>(
          `SELECT key_id AS keyId, version FROM threads WHERE id = ? ${where} ORDER BY updated_at DESC LIMIT 1`,
        )
        .get(thread.id, ...values);
      if (kept !== null && kept.version > thread.version) return "older";
      upsert(db, { ...thread, keyId: kept?.keyId ?? thread.keyId });
      return "stored";
    });
  }

  update(id: string, scope: ThreadScope, change: (kept: StoredThread) => StoredThread): Promise<boolean> {
    return this.#connection.write((db) => {
      const kept = find(db, id, scope);
      if (kept === null) return false;
      upsert(db, { ...change(kept), id, keyId: kept.keyId });
      return true;
    });
  }

  delete(id: string, scope: ThreadScope): Promise<boolean> {
    return this.#connection.write((db) => {
      const { where, values } = within(scope);
      return db.query(`DELETE FROM threads WHERE id = ? ${where}`).run(id, ...values).changes > 0;
    });
  }

  list(scope: ThreadScope, options: { limit: number; prefix?: string }): Promise<ThreadSummary[]> {
    const { prefix = "", limit } = options;
    return this.#connection.read((db) => {
      const { where, values } = within(scope);
      const byId = prefix === "" ? "" : "AND id >= ? AND id < ?";
      const rows = db
        .query<Row<ThreadSummary>, (string | number)[]>(
          `SELECT ${SUMMARY} FROM threads WHERE 1 ${byId} ${where} ORDER BY updated_at DESC, id LIMIT ?`,
        )
        .all(...(prefix === "" ? [] : [prefix, prefix + LAST]), ...values, limit);
      return rows.map(fromRow);
    });
  }
}

function within(scope: ThreadScope): { where: string; values: string[] } {
  return scope === "all" ? { where: "", values: [] } : { where: "AND key_id = ?", values: [scope.keyId] };
}

function find(db: Database, id: string, scope: ThreadScope): StoredThread | null {
  const { where, values } = within(scope);
  const row = db
    .query<Row<StoredThread>, string[]>(
      `SELECT ${SUMMARY}, data FROM threads WHERE id = ? ${where} ORDER BY updated_at DESC LIMIT 1`,
    )
    .get(id, ...values);
  return row === null ? null : fromRow(row);
}

function upsert(db: Database, thread: StoredThread): void {
  db.query(UPSERT).run(
    thread.keyId,
    thread.id,
    thread.version,
    thread.title,
    thread.messageCount,
    thread.archived,
    thread.createdAt,
    thread.updatedAt,
    thread.data,
  );
}

function fromRow<T extends { archived: 0 | 1 }>(row: T): Omit<T, "archived"> & { archived: boolean } {
  return { ...row, archived: row.archived === 1 };
}
