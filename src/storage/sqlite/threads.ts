import type { Database } from "bun:sqlite";
import type {
  StoredThread,
  ThreadListOptions,
  ThreadScope,
  ThreadStore,
  ThreadSummary,
} from "../thread-store.ts";
import type { SqliteConnection } from "./connection.ts";

type Row<T> = Omit<T, "archived"> & { archived: 0 | 1 };

const SUMMARY = `
  key_id AS keyId, id, version, title, message_count AS messageCount, main_id AS mainId, created_at AS createdAt,
  updated_at AS updatedAt, archived, meta, listing`;

const UPSERT = `
  INSERT INTO threads (key_id, id, version, title, message_count, main_id, created_at, updated_at, archived, meta,
    listing, data)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (id, key_id) DO UPDATE SET version = excluded.version, title = excluded.title,
    message_count = excluded.message_count, main_id = excluded.main_id, created_at = excluded.created_at,
    updated_at = excluded.updated_at, listing = excluded.listing, data = excluded.data`;

/** Text that begins with a prefix sorts before the prefix with the last of all characters behind it. */
const LAST = "\u{10ffff}";

export class SqliteThreads implements ThreadStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  get(id: string, scope: ThreadScope): Promise<StoredThread | null> {
    const { where, values } = within(scope);
    const newest = `SELECT ${SUMMARY}, data FROM threads WHERE id = ? ${where} ORDER BY updated_at DESC LIMIT 1`;
    return this.#connection.read((db) => {
      const row = db.query<Row<StoredThread>, string[]>(newest).get(id, ...values);
      return row === null ? null : fromRow(row);
    });
  }

  find(ids: readonly string[], scope: ThreadScope): Promise<ThreadSummary[]> {
    const { where, values } = within(scope);
    const newest = `SELECT ${SUMMARY} FROM threads WHERE id = ? ${where} ORDER BY updated_at DESC LIMIT 1`;
    return this.#connection.read((db) => {
      const query = db.query<Row<ThreadSummary>, string[]>(newest);
      return ids.flatMap((id) => query.get(id, ...values) ?? []).map(fromRow);
    });
  }

  put(thread: StoredThread, scope: ThreadScope): Promise<number | null> {
    return this.#connection.write((db) => {
      const kept = newestOf(db, thread.id, scope);
      if (kept !== null && kept.version > thread.version) return kept.version;
      insert(db, { ...thread, keyId: kept?.keyId ?? thread.keyId });
      return null;
    });
  }

  amend(
    id: string,
    scope: ThreadScope,
    change: { meta?: string; archived?: boolean; updatedAt: number },
  ): Promise<boolean> {
    return this.#connection.write((db) => {
      const kept = newestOf(db, id, scope);
      if (kept === null) return false;
      db.query(
        `UPDATE threads SET meta = coalesce(?, meta), archived = coalesce(?, archived), updated_at = ?
         WHERE id = ? AND key_id = ?`,
      ).run(change.meta ?? null, change.archived ?? null, change.updatedAt, id, kept.keyId);
      return true;
    });
  }

  delete(id: string, scope: ThreadScope): Promise<number> {
    const { where, values } = within(scope);
    return this.#connection.write(
      (db) =>
        db.query(`DELETE FROM threads WHERE (id = ? OR main_id = ?) ${where}`).run(id, id, ...values).changes,
    );
  }

  list(
    scope: ThreadScope,
    { limit, prefix = "", archived = true }: ThreadListOptions,
  ): Promise<ThreadSummary[]> {
    const { where, values } = within(scope);
    const byId = prefix === "" ? "" : "AND id >= ? AND id < ?";
    const ids = prefix === "" ? [] : [prefix, prefix + LAST];
    const sql = `SELECT ${SUMMARY} FROM threads WHERE archived <= ? ${byId} ${where}
      ORDER BY updated_at DESC, id LIMIT ?`;
    return this.#connection.read((db) =>
      db
        .query<Row<ThreadSummary>, (string | number | boolean)[]>(sql)
        .all(archived, ...ids, ...values, limit)
        .map(fromRow),
    );
  }
}

function within(scope: ThreadScope): { where: string; values: string[] } {
  return scope === "all" ? { where: "", values: [] } : { where: "AND key_id = ?", values: [scope.keyId] };
}

function newestOf(db: Database, id: string, scope: ThreadScope): { keyId: string; version: number } | null {
  const { where, values } = within(scope);
  const sql = `SELECT key_id AS keyId, version FROM threads WHERE id = ? ${where} ORDER BY updated_at DESC LIMIT 1`;
  return db.query<{ keyId: string; version: number }, string[]>(sql).get(id, ...values);
}

function insert(db: Database, thread: StoredThread): void {
  db.query(UPSERT).run(
    thread.keyId,
    thread.id,
    thread.version,
    thread.title,
    thread.messageCount,
    thread.mainId,
    thread.createdAt,
    thread.updatedAt,
    thread.archived,
    thread.meta,
    thread.listing,
    thread.data,
  );
}

function fromRow<T extends { archived: 0 | 1 }>(row: T): Omit<T, "archived"> & { archived: boolean } {
  return { ...row, archived: row.archived === 1 };
}
