import type { Feedback, FeedbackStore, FeedbackTarget } from "../interface.ts";
import type { SqliteConnection } from "./connection.ts";

/** `value` is JSON text; no key is the empty string, because NULLs are never equal in a UNIQUE constraint. */
type FeedbackRow = Omit<Feedback, "value" | "keyId"> & { value: string; keyId: string };

const INSERT = `
  INSERT INTO feedback (key_id, id, target, target_id, name, value, comment, source, received_at)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (key_id, id) DO NOTHING`;

const COLUMNS =
  "id, target, target_id AS targetId, name, value, comment, source, key_id AS keyId, received_at AS receivedAt";

const NEWEST = `
  SELECT ${COLUMNS} FROM feedback WHERE target = ? AND target_id = ? ORDER BY sequence DESC LIMIT 1000`;

const NEWEST_OF_ALL = `
  SELECT ${COLUMNS} FROM feedback WHERE target = ? AND target_id IN (SELECT value FROM json_each(?))
  ORDER BY sequence DESC LIMIT ?`;

export class SqliteFeedback implements FeedbackStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  add(items: readonly Feedback[]): Promise<{ stored: number; repeated: number }> {
    return this.#connection.write((db) => {
      const insert = db.query(INSERT);
      let stored = 0;
      for (const item of items) {
        stored += insert.run(
          item.keyId ?? "",
          item.id,
          item.target,
          item.targetId,
          item.name,
          JSON.stringify(item.value),
          item.comment,
          item.source,
          item.receivedAt,
        ).changes;
      }
      return { stored, repeated: items.length - stored };
    });
  }

  forTarget(target: FeedbackTarget, targetId: string): Promise<Feedback[]> {
    return this.#connection.read((db) =>
      db.query<FeedbackRow, [string, string]>(NEWEST).all(target, targetId).reverse().map(fromRow),
    );
  }

  forTargets(target: FeedbackTarget, targetIds: readonly string[], limit: number): Promise<Feedback[]> {
    const ids = JSON.stringify(targetIds);
    return this.#connection.read((db) =>
      db
        .query<FeedbackRow, [string, string, number]>(NEWEST_OF_ALL)
        .all(target, ids, limit)
        .reverse()
        .map(fromRow),
    );
  }
}

function fromRow(row: FeedbackRow): Feedback {
  return { ...row, value: JSON.parse(row.value), keyId: row.keyId === "" ? null : row.keyId };
}
