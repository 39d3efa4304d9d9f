import type { ResponseKey, ResponseStore, StoredResponse } from "../response-store.ts";
import type { PostgresConnection } from "./connection.ts";

const COLUMNS = `
  r.key_id AS "keyId", r.id, r.created_at::float8 AS "createdAt", r.expires_at::float8 AS "expiresAt", r.status,
  r.background, r.previous_id AS "previousId", r.provider, r.model, r.response, r.input, r.item_ids AS "itemIds",
  r.lease_until::float8 AS "leaseUntil"`;

const GET = `SELECT ${COLUMNS} FROM amsterdam.responses AS r WHERE r.key_id = $1 AND r.id = $2`;

/** A lease says that it is being made; what has ended stays as it is. */
const UPSERT = `
  INSERT INTO amsterdam.responses (key_id, id, created_at, expires_at, status, background, previous_id, provider,
    model, response, input, item_ids, lease_until)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
  ON CONFLICT (key_id, id) DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at,
    status = excluded.status, background = excluded.background, previous_id = excluded.previous_id,
    provider = excluded.provider, model = excluded.model, response = excluded.response, input = excluded.input,
    item_ids = excluded.item_ids, lease_until = excluded.lease_until
  WHERE responses.lease_until IS NOT NULL`;

const CHAIN = `
  WITH RECURSIVE links (id, previous_id, depth) AS (
    SELECT id, previous_id, 1 FROM amsterdam.responses WHERE key_id = $1 AND id = $2
    UNION ALL
    SELECT older.id, older.previous_id, depth + 1 FROM links
      JOIN amsterdam.responses AS older ON older.key_id = $1 AND older.id = links.previous_id
      WHERE depth < $3
  )
  SELECT ${COLUMNS} FROM links JOIN amsterdam.responses AS r ON r.key_id = $1 AND r.id = links.id ORDER BY depth`;

const WITH_ITEMS = `
  SELECT ${COLUMNS} FROM amsterdam.responses AS r WHERE r.key_id = $1 AND r.item_ids && $2::text[] LIMIT 100`;

const RENEW = `
  UPDATE amsterdam.responses AS r SET lease_until = $1
  FROM unnest($2::text[], $3::text[]) AS asked (key_id, id)
  WHERE r.key_id = asked.key_id AND r.id = asked.id AND r.lease_until IS NOT NULL
  RETURNING r.key_id AS "keyId", r.id`;

const ABANDONED = `
  SELECT ${COLUMNS} FROM amsterdam.responses AS r WHERE r.lease_until < $1 ORDER BY r.lease_until LIMIT $2`;

const EXPIRE = `
  DELETE FROM amsterdam.responses WHERE (key_id, id) IN (
    SELECT key_id, id FROM amsterdam.responses WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`;

export class PostgresResponses implements ResponseStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async get({ id, keyId }: ResponseKey): Promise<StoredResponse | null> {
    return (await this.#connection.query<StoredResponse>(GET, [keyId, id])).rows[0] ?? null;
  }

  async chain({ id, keyId }: ResponseKey, limit: number): Promise<StoredResponse[]> {
    return (await this.#connection.query<StoredResponse>(CHAIN, [keyId, id, limit])).rows;
  }

  async withItems(keyId: string, itemIds: readonly string[]): Promise<StoredResponse[]> {
    return (await this.#connection.query<StoredResponse>(WITH_ITEMS, [keyId, itemIds])).rows;
  }

  async put(responses: readonly StoredResponse[]): Promise<void> {
    // One after the other on the server, without waiting for an answer in between.
    await this.#connection.write((query) =>
      Promise.all(responses.map((response) => query(UPSERT, valuesOf(response)))),
    );
  }

  delete({ id, keyId }: ResponseKey): Promise<boolean> {
    const statement = "DELETE FROM amsterdam.responses WHERE key_id = $1 AND id = $2";
    return this.#connection.write(async (query) => (await query(statement, [keyId, id])).count > 0);
  }

  async renew(keys: readonly ResponseKey[], leaseUntil: number): Promise<ResponseKey[]> {
    const { rows } = await this.#connection.query<ResponseKey>(RENEW, [
      leaseUntil,
      keys.map(({ keyId }) => keyId),
      keys.map(({ id }) => id),
    ]);
    return rows;
  }

  async abandoned(now: number, limit: number): Promise<StoredResponse[]> {
    return (await this.#connection.query<StoredResponse>(ABANDONED, [now, limit])).rows;
  }

  expire(now: number, limit: number): Promise<number> {
    return this.#connection.write(async (query) => (await query(EXPIRE, [now, limit])).count);
  }
}

function valuesOf(item: StoredResponse) {
  return [
    item.keyId,
    item.id,
    item.createdAt,
    item.expiresAt,
    item.status,
    item.background,
    item.previousId,
    item.provider,
    item.model,
    item.response,
    item.input,
    item.itemIds,
    item.leaseUntil,
  ];
}
