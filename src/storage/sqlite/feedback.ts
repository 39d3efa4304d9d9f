import type {
  Feedback,
  FeedbackFilter,
  FeedbackPage,
  FeedbackStore,
  FeedbackTarget,
} from "../feedback-store.ts";
import { readListCursor, writeListCursor } from "../list-cursor.ts";
import { all, type Condition, type Value } from "../records/condition.ts";
import { pause } from "../records/slices.ts";
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

/** Pieces of feedback looked at in one go: some milliseconds, after which requests have their turn. */
const SLICE = 5000;

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

  async list(
    filter: FeedbackFilter,
    { limit, cursor }: { readonly limit: number; readonly cursor?: string },
  ): Promise<FeedbackPage> {
    let before = cursor === undefined ? END : Number(readListCursor("feedback", cursor)[0]);
    const found: ListedRow[] = [];
    while (found.length <= limit) {
      const low = await this.#sliceBefore(before);
      if (low === null) break;
      const { sql, values } = conditionOf(filter, low, before);
      const query = `SELECT sequence, ${COLUMNS} FROM feedback WHERE ${sql} ORDER BY sequence DESC LIMIT ?`;
      const rest = limit + 1 - found.length;
      found.push(
        ...(await this.#connection.read((db) => db.query<ListedRow, Value[]>(query).all(...values, rest))),
      );
      before = low;
      await pause();
    }
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      feedback: found.slice(0, limit).map(({ sequence: _, ...row }) => fromRow(row)),
      cursor: last === undefined ? null : writeListCursor("feedback", [last.sequence, ""]),
    };
  }

  /** The number with which the slice begins that ends before `before`; null where nothing is before it. */
  #sliceBefore(before: number): Promise<number | null> {
    return this.#connection.read((db) => {
      const { low } = db.query<{ low: number | null }, [number, number]>(SLICE_BEFORE).get(before, SLICE)!;
      return low;
    });
  }
}

const END = Number.MAX_SAFE_INTEGER;

const SLICE_BEFORE = `
  SELECT min(sequence) AS low FROM (SELECT sequence FROM feedback WHERE sequence < ? ORDER BY sequence DESC LIMIT ?)`;

type ListedRow = FeedbackRow & { sequence: number };

/** From a number on, before another: the order in which feedback came. */
function conditionOf(filter: FeedbackFilter, low: number, high: number): Condition {
  const { target, targetId, name, since, until } = filter;
  // The plus sign keeps the database from choosing an index by it: the slice is the narrowest.
  const given: [string, Value | undefined][] = [
    ["sequence >= ?", low],
    ["sequence < ?", high],
    ["+target = ?", target],
    ["+target_id = ?", targetId],
    ["+name = ?", name],
    ["+received_at >= ?", since],
    ["+received_at < ?", until],
  ];
  return all(given.flatMap(([sql, value]) => (value === undefined ? [] : [{ sql, values: [value] }])));
}

function fromRow(row: FeedbackRow): Feedback {
  return { ...row, value: JSON.parse(row.value), keyId: row.keyId === "" ? null : row.keyId };
}
