import type {
  StoredThread,
  ThreadListOptions,
  ThreadScope,
  ThreadStore,
  ThreadSummary,
} from "../thread-store.ts";
import type { PostgresConnection } from "./connection.ts";
import type { Query } from "./query.ts";

const SUMMARY = `
  key_id AS "keyId", id, version::float8 AS version, title, message_count::float8 AS "messageCount",
  main_id AS "mainId", created_at::float8 AS "createdAt", updated_at::float8 AS "updatedAt", archived, meta, listing`;

const UPSERT = `
  INSERT INTO amsterdam.threads (key_id, id, version, title, message_count, main_id, created_at, updated_at, archived,
    meta, listing, data)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  ON CONFLICT (id, key_id) DO UPDATE SET version = excluded.version, title = excluded.title,
    message_count = excluded.message_count, main_id = excluded.main_id, created_at = excluded.created_at,
    updated_at = excluded.updated_at, listing = excluded.listing, data = excluded.data`;

/** Text that begins with a prefix sorts before the prefix with the last of all characters behind it. */
const LAST = "\u{10ffff}";

export class PostgresThreads implements ThreadStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async get(id: string, scope: ThreadScope): Promise<StoredThread | null> {
    const { where, values } = within(scope, 2);
    const newest = `SELECT ${SUMMARY}, data FROM amsterdam.threads WHERE id = $1 ${where}
      ORDER BY updated_at DESC LIMIT 1`;
    const { rows } = await this.#connection.query<StoredThread>(newest, [id, ...values]);
    return rows[0] ?? null;
  }

  async find(ids: readonly string[], scope: ThreadScope): Promise<ThreadSummary[]> {
    const { where, values } = within(scope, 2);
    const newest = `SELECT DISTINCT ON (id) ${SUMMARY} FROM amsterdam.threads WHERE id = ANY($1::text[]) ${where}
      ORDER BY id, updated_at DESC`;
    const { rows } = await this.#connection.query<ThreadSummary>(newest, [ids, ...values]);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => byId.get(id) ?? []);
  }

  put(thread: StoredThread, scope: ThreadScope): Promise<number | null> {
    return this.#connection.write(async (query) => {
      const kept = await newestOf(query, thread.id, scope);
      if (kept !== null && kept.version > thread.version) return kept.version;
      await insert(query, { ...thread, keyId: kept?.keyId ?? thread.keyId });
      return null;
    });
  }

  amend(
    id: string,
    scope: ThreadScope,
    change: { meta?: string; archived?: boolean; updatedAt: number },
  ): Promise<boolean> {
    return this.#connection.write(async (query) => {
      const kept = await newestOf(query, id, scope);
      if (kept === null) return false;
      await query(
        `UPDATE amsterdam.threads SET meta = coalesce($1, meta), archived = coalesce($2, archived), updated_at = $3
         WHERE id = $4 AND key_id = $5`,
        [change.meta ?? null, change.archived ?? null, change.updatedAt, id, kept.keyId],
      );
      return true;
    });
  }

  delete(id: string, scope: ThreadScope): Promise<number> {
    const { where, values } = within(scope, 2);
    const statement = `DELETE FROM amsterdam.threads WHERE (id = $1 OR main_id = $1) ${where}`;
    return this.#connection.write(async (query) => (await query(statement, [id, ...values])).count);
  }

  async list(
    scope: ThreadScope,
    { limit, prefix = "", archived = true }: ThreadListOptions,
  ): Promise<ThreadSummary[]> {
    const byId = prefix === "" ? "" : "AND id >= $3 AND id < $4";
    const ids = prefix === "" ? [] : [prefix, prefix + LAST];
    const { where, values } = within(scope, 3 + ids.length);
    const statement = `SELECT ${SUMMARY} FROM amsterdam.threads WHERE archived <= $1 ${byId} ${where}
      ORDER BY updated_at DESC, id LIMIT $2`;
    const { rows } = await this.#connection.query<ThreadSummary>(statement, [
      archived,
      limit,
      ...ids,
      ...values,
    ]);
    return rows;
  }
}

/** `place` is the number of the statement's next value. */
function within(scope: ThreadScope, place: number): { where: string; values: string[] } {
  return scope === "all"
    ? { where: "", values: [] }
    : { where: `AND key_id = $${place}`, values: [scope.keyId] };
}

/** Which thread a change is about. Others that would change one of this id wait until the transaction has ended. */
async function newestOf(
  query: Query,
  id: string,
  scope: ThreadScope,
): Promise<{ keyId: string; version: number } | null> {
  const { where, values } = within(scope, 2);
  const statement = `SELECT key_id AS "keyId", version::float8 AS version FROM amsterdam.threads
    WHERE id = $1 ${where} ORDER BY updated_at DESC LIMIT 1`;
  await query("SELECT pg_advisory_xact_lock(hashtextextended('thread ' || $1, 0))", [id]);
  const { rows } = await query<{ keyId: string; version: number }>(statement, [id, ...values]);
  return rows[0] ?? null;
}

async function insert(query: Query, thread: StoredThread): Promise<void> {
  await query(UPSERT, [
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
  ]);
}
