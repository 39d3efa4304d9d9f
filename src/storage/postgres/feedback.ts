import type {
  Feedback,
  FeedbackFilter,
  FeedbackPage,
  FeedbackStore,
  FeedbackTarget,
} from "../feedback-store.ts";
import { readListCursor, writeListCursor } from "../list-cursor.ts";
import type { PostgresConnection } from "./connection.ts";
import type { Value } from "./query.ts";

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

const COLUMNS = `
  id, target, target_id AS "targetId", name, value, comment, source, key_id AS "keyId",
  received_at::float8 AS "receivedAt"`;

const NEWEST = `
  SELECT ${COLUMNS} FROM amsterdam.feedback WHERE target = $1 AND target_id = ANY($2::text[])
  ORDER BY sequence DESC LIMIT $3`;

/** Pieces of feedback that one statement looks through, so that it ends in time. */
const SLICE = 50_000;

const SLICE_BEFORE = `
  SELECT min(sequence)::float8 AS low
  FROM (SELECT sequence FROM amsterdam.feedback WHERE sequence < $1 ORDER BY sequence DESC LIMIT ${SLICE}) AS slice`;

/** The slice is the narrowest: by any other index all that it finds would have to be sorted. */
const LISTED = `
  SELECT sequence::float8 AS sequence, ${COLUMNS} FROM amsterdam.feedback
  WHERE sequence >= $1 AND sequence < $2 AND ($3::text IS NULL OR target = $3) AND ($4::text IS NULL OR target_id = $4)
    AND ($5::text IS NULL OR name = $5) AND ($6::float8 IS NULL OR received_at >= $6)
    AND ($7::float8 IS NULL OR received_at < $7)
  ORDER BY sequence DESC LIMIT $8`;

type ListedRow = FeedbackRow & { sequence: number };

const END = Number.MAX_SAFE_INTEGER;

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

  forTarget(target: FeedbackTarget, targetId: string): Promise<Feedback[]> {
    return this.forTargets(target, [targetId], 1000);
  }

  async forTargets(target: FeedbackTarget, targetIds: readonly string[], limit: number): Promise<Feedback[]> {
    const { rows } = await this.#connection.query<FeedbackRow>(NEWEST, [target, targetIds, limit]);
    return rows.reverse().map(fromRow);
  }

  async list(
    filter: FeedbackFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<FeedbackPage> {
    let before = cursor === undefined ? END : readListCursor("feedback", cursor)[0];
    const { target = null, targetId = null, name = null, since = null, until = null } = filter;
    const narrowed: Value[] = [target, targetId, name, since, until];
    const found: ListedRow[] = [];
    while (found.length <= limit) {
      const [slice] = (await this.#connection.query<{ low: number | null }>(SLICE_BEFORE, [before])).rows;
      const low = slice?.low ?? null;
      if (low === null) break;
      const values = [low, before, ...narrowed, limit + 1 - found.length];
      found.push(...(await this.#connection.query<ListedRow>(LISTED, values)).rows);
      before = low;
    }
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      feedback: found.slice(0, limit).map(({ sequence: _, ...row }) => fromRow(row)),
      cursor: last === undefined ? null : writeListCursor("feedback", [last.sequence, ""]),
    };
  }
}

function fromRow(row: FeedbackRow): Feedback {
  return { ...row, value: JSON.parse(row.value), keyId: row.keyId === "" ? null : row.keyId };
}
