import type { Feedback, FeedbackStore, FeedbackTarget } from "../interface.ts";
import type { PostgresConnection } from "./connection.ts";

/** `value` is JSON text; no key is the empty string, because NULLs are never equal in a UNIQUE constraint. */
type FeedbackRow = Omit<Feedback, "value" | "keyId"> & { value: string; keyId: string };

/** The order of the lists is the order of the sequence. */
const INSERT = `
  INSERT INTO amsterdam.feedback (key_id, id, target, target_id, name, value, comment, source, received_at)
  SELECT key_id, id, target, target_id, name, value, comment, source, received_at
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::bigint[]) WITH ORDINALITY
    AS item (key_id, id, target, target_id, name, value, comment, source, received_at, place)
  ORDER BY place
  ON CONFLICT (key_id, id) DO NOTHING`;

const NEWEST = `
  SELECT id, target, target_id AS "targetId", name, value, comment, source, key_id AS "keyId",
    received_at::float8 AS "receivedAt"
  FROM amsterdam.feedback WHERE target = $1 AND target_id = $2 ORDER BY sequence DESC LIMIT 1000`;

export class PostgresFeedback implements FeedbackStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  async add(items: readonly Feedback[]): Promise<{ stored: number; repeated: number }> {
    const { count: stored } = await this.#connection.query(INSERT, [
      items.map((item) => item.keyId ?? ""),
      items.map((item) => item.id),
      items.map((item) => item.target),
      items.map((item) => item.targetId),
      items.map((item) => item.name),
      items.map((item) => JSON.stringify(item.value)),
      items.map((item) => item.comment),
      items.map((item) => item.source),
      items.map((item) => item.receivedAt),
    ]);
    return { stored, repeated: items.length - stored };
  }

  async forTarget(target: FeedbackTarget, targetId: string): Promise<Feedback[]> {
    const { rows } = await this.#connection.query<FeedbackRow>(NEWEST, [target, targetId]);
    return rows.reverse().map(fromRow);
  }
}

function fromRow(row: FeedbackRow): Feedback {
  return { ...row, value: JSON.parse(row.value), keyId: row.keyId === "" ? null : row.keyId };
}
