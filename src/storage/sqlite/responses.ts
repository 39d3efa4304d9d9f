import type { Database } from "bun:sqlite";
import type { ResponseKey, ResponseStore, StoredResponse } from "../response-store.ts";
import type { SqliteConnection } from "./connection.ts";
import { type PackedText, pack, unpack } from "./packed-text.ts";

/** A response as its row has it; `itemIds` is JSON text. */
type Row = Omit<StoredResponse, "background" | "response" | "input" | "itemIds"> & {
  background: 0 | 1;
  response: PackedText | null;
  input: PackedText;
  itemIds: string;
};

const COLUMNS = `
  r.key_id AS keyId, r.id, r.created_at AS createdAt, r.expires_at AS expiresAt, r.status, r.background,
  r.previous_id AS previousId, r.provider, r.model, r.response, r.input, r.item_ids AS itemIds,
  r.lease_until AS leaseUntil`;

/** A lease says that it is being made; what has ended stays as it is. */
const UPSERT = `
  INSERT INTO responses (key_id, id, created_at, expires_at, status, background, previous_id, provider, model,
    response, input, item_ids, lease_until)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key_id, id) DO UPDATE SET created_at = excluded.created_at, expires_at = excluded.expires_at,
    status = excluded.status, background = excluded.background, previous_id = excluded.previous_id,
    provider = excluded.provider, model = excluded.model, response = excluded.response, input = excluded.input,
    item_ids = excluded.item_ids, lease_until = excluded.lease_until
  WHERE responses.lease_until IS NOT NULL`;

const CHAIN = `
  WITH RECURSIVE links (id, previous_id, depth) AS (
    SELECT id, previous_id, 1 FROM responses WHERE key_id = ?1 AND id = ?2
    UNION ALL
    SELECT older.id, older.previous_id, depth + 1 FROM links
      JOIN responses AS older ON older.key_id = ?1 AND older.id = links.previous_id
      WHERE depth < ?3
  )
  SELECT ${COLUMNS} FROM links JOIN responses AS r ON r.key_id = ?1 AND r.id = links.id ORDER BY depth`;

const WITH_ITEMS = `
  SELECT ${COLUMNS} FROM responses AS r WHERE r.key_id = ?1 AND r.id IN (
    SELECT response_id FROM response_items
    WHERE key_id = ?1 AND item_id IN (SELECT value FROM json_each(?2)))
  LIMIT 100`;

export class SqliteResponses implements ResponseStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async get({ id, keyId }: ResponseKey): Promise<StoredResponse | null> {
    const row = await this.#connection.read((db) =>
      db
        .query<Row, [string, string]>(`SELECT ${COLUMNS} FROM responses AS r WHERE r.key_id = ? AND r.id = ?`)
        .get(keyId, id),
    );
    return row === null ? null : fromRow(row);
  }

  chain({ id, keyId }: ResponseKey, limit: number): Promise<StoredResponse[]> {
    return this.#all((db) => db.query<Row, [string, string, number]>(CHAIN).all(keyId, id, limit));
  }

  withItems(keyId: string, itemIds: readonly string[]): Promise<StoredResponse[]> {
    return this.#all((db) => db.query<Row, [string, string]>(WITH_ITEMS).all(keyId, JSON.stringify(itemIds)));
  }

  async put(responses: readonly StoredResponse[]): Promise<void> {
    const packed = await Promise.all(
      responses.map(async (item) => ({
        item,
        response: item.response === null ? null : await pack(item.response),
        input: await pack(item.input),
      })),
    );
    await this.#connection.write((db) => {
      for (const { item, response, input } of packed) upsert(db, item, response, input);
    });
  }

  delete(key: ResponseKey): Promise<boolean> {
    return this.#connection.write((db) => remove(db, key));
  }

  renew(keys: readonly ResponseKey[], leaseUntil: number): Promise<ResponseKey[]> {
    return this.#connection.write((db) => {
      const renewal = db.query(
        "UPDATE responses SET lease_until = ? WHERE key_id = ? AND id = ? AND lease_until IS NOT NULL",
      );
      return keys.filter(({ id, keyId }) => renewal.run(leaseUntil, keyId, id).changes === 1);
    });
  }

  abandoned(now: number, limit: number): Promise<StoredResponse[]> {
    return this.#all((db) =>
      db
        .query<Row, [number, number]>(
          `SELECT ${COLUMNS} FROM responses AS r WHERE r.lease_until < ? ORDER BY r.lease_until LIMIT ?`,
        )
        .all(now, limit),
    );
  }

  expire(now: number, limit: number): Promise<number> {
    return this.#connection.write((db) => {
      const expired = db
        .query<ResponseKey, [number, number]>(
          "SELECT key_id AS keyId, id FROM responses WHERE expires_at < ? ORDER BY expires_at LIMIT ?",
        )
        .all(now, limit);
      for (const key of expired) remove(db, key);
      return expired.length;
    });
  }

  async #all(query: (db: Database) => Row[]): Promise<StoredResponse[]> {
    return Promise.all((await this.#connection.read(query)).map(fromRow));
  }
}

function upsert(db: Database, item: StoredResponse, response: PackedText | null, input: PackedText): void {
  const { changes } = db
    .query(UPSERT)
    .run(
      item.keyId,
      item.id,
      item.createdAt,
      item.expiresAt,
      item.status,
      item.background,
      item.previousId,
      item.provider,
      item.model,
      response,
      input,
      JSON.stringify(item.itemIds),
      item.leaseUntil,
    );
  if (changes === 0) return;
  removeItems(db, item);
  const insert = db.query(
    "INSERT OR IGNORE INTO response_items (key_id, item_id, response_id) VALUES (?, ?, ?)",
  );
  for (const itemId of item.itemIds) insert.run(item.keyId, itemId, item.id);
}

function remove(db: Database, key: ResponseKey): boolean {
  removeItems(db, key);
  return db.query("DELETE FROM responses WHERE key_id = ? AND id = ?").run(key.keyId, key.id).changes > 0;
}

function removeItems(db: Database, { id, keyId }: ResponseKey): void {
  db.query("DELETE FROM response_items WHERE key_id = ? AND response_id = ?").run(keyId, id);
}

async function fromRow(row: Row): Promise<StoredResponse> {
  return {
    ...row,
    background: row.background === 1,
    response: row.response === null ? null : await unpack(row.response),
    input: await unpack(row.input),
    itemIds: JSON.parse(row.itemIds),
  };
}
