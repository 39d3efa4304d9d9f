import type { Cost, RecordedBodies, RequestRecord, WrittenRecord } from "../../records/record.ts";
import type {
  FeedbackRow,
  GatheredBy,
  GatheredPage,
  RecordFilter,
  RecordOrder,
  RecordPage,
  RecordStore,
  StatisticsQuery,
  StatisticsRow,
} from "../interface.ts";
import { type Position, readCursor, writeCursor } from "../record-cursor.ts";
import type { SqliteConnection } from "./connection.ts";
import { feedbackStatistics } from "./feedback-statistics.ts";
import { type BodyPlace, bodiesIn, packBodies, packedBlock, readBlock } from "./record-bodies.ts";
import { pruneBodies, pruneRecords, setCosts } from "./record-changes.ts";
import { gathered } from "./record-gathering.ts";
import { fromRow, RECORD_COLUMNS, type RecordRow } from "./record-rows.ts";
import { type Found, search } from "./record-search.ts";
import { pause } from "./record-slices.ts";
import { recordStatistics } from "./record-statistics.ts";
import { searchText } from "./record-text.ts";
import { RecordWriter } from "./record-writer.ts";

const SELECT = `SELECT ${RECORD_COLUMNS} FROM records AS r CROSS JOIN record_kinds AS k ON k.id = r.kind`;

const SELECT_LISTED = `
  SELECT ${RECORD_COLUMNS} FROM json_each(?) AS j CROSS JOIN records AS r ON r.id = j.value
    CROSS JOIN record_kinds AS k ON k.id = r.kind
  ORDER BY j.key`;

const SELECT_RUN = `
  SELECT ${RECORD_COLUMNS} FROM (
    SELECT id FROM records INDEXED BY records_by_run WHERE run_id = ?1 AND run_id <> request_id
    UNION ALL
    SELECT id FROM records INDEXED BY records_by_request WHERE request_id = ?1 AND run_id = request_id
    ORDER BY id LIMIT ?2) AS i
  CROSS JOIN records AS r ON r.id = i.id CROSS JOIN record_kinds AS k ON k.id = r.kind
  ORDER BY i.id`;

const SELECT_RUNS = `
  SELECT r.request_id AS requestId, r.run_id AS runId
  FROM json_each(?) AS j CROSS JOIN records AS r INDEXED BY records_by_request ON r.request_id = j.value
  ORDER BY r.id`;

const SELECT_PLACE = `
  SELECT body_block AS block, body_offset AS offset, body_request AS request, body_response AS response,
    body_cut AS cut
  FROM records WHERE id = ?`;

/** Costs that are changed in one transaction. */
const COSTS_AT_ONCE = 500;

export class SqliteRecords implements RecordStore {
  readonly #connection: SqliteConnection;
  readonly #writer = new RecordWriter();

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    if (batch.length === 0) return;
    const packed = await packBodies(batch);
    try {
      await this.#connection.write((db) => this.#writer.write(db, batch, packed));
    } catch (error) {
      this.#writer.forget();
      throw error;
    }
  }

  async list(
    filter: RecordFilter,
    { order, limit, cursor }: { order: RecordOrder; limit: number; cursor?: string },
  ): Promise<RecordPage> {
    const after = cursor === undefined ? null : readCursor(order, cursor);
    if (limit < 1) return { records: [], cursor: cursor ?? null };
    const { found, next } = await this.#find(filter, order, after, limit);
    const records = await this.#connection.read((db) =>
      db
        .query<RecordRow, [string]>(SELECT_LISTED)
        .all(JSON.stringify(found.map(({ id }) => id)))
        .map(fromRow),
    );
    return { records, cursor: next === null ? null : writeCursor(order, next) };
  }

  async #find(
    filter: RecordFilter,
    order: RecordOrder,
    after: Position | null,
    limit: number,
  ): Promise<{ readonly found: readonly Found[]; readonly next: Position | null }> {
    const { text } = filter;
    if (text !== undefined) return searchText(this.#connection, { ...filter, text }, { order, after, limit });
    const found = await search(this.#connection, filter, { order, after, limit: limit + 1 });
    if (found.length <= limit) return { found, next: null };
    return { found: found.slice(0, limit), next: found[limit - 1] ?? null };
  }

  get(id: string): Promise<RequestRecord | null> {
    return this.#connection.read((db) => {
      const row =
        db.query<RecordRow, [string]>(`${SELECT} WHERE r.id = ?`).get(id) ??
        db.query<RecordRow, [string]>(`${SELECT} WHERE r.request_id = ? ORDER BY r.id DESC LIMIT 1`).get(id);
      return row === null ? null : fromRow(row);
    });
  }

  async bodies(id: string): Promise<RecordedBodies | null> {
    const place = await this.#connection.read((db) =>
      db.query<{ [name in keyof BodyPlace]: number | null }, [string]>(SELECT_PLACE).get(id),
    );
    if (place === null || place.block === null || place.offset === null) return null;
    const { block: number, offset, request, response, cut } = place;
    const block = await readBlock(await this.#connection.read((db) => packedBlock(db, number)));
    if (block === null) return null;
    const bodies = bodiesIn(block, { block: number, offset, request, response, cut: cut === 1 });
    // Copies, so that the block's memory is not kept for one of its bodies.
    return {
      request: bodies.request?.slice() ?? null,
      response: bodies.response?.slice() ?? null,
      cut: bodies.cut,
    };
  }

  run(runId: string, limit: number): Promise<RequestRecord[]> {
    return this.#connection.read((db) =>
      db.query<RecordRow, [string, number]>(SELECT_RUN).all(runId, limit).map(fromRow),
    );
  }

  statistics(query: StatisticsQuery): Promise<StatisticsRow[]> {
    return recordStatistics(this.#connection, query);
  }

  gathered(
    by: GatheredBy,
    filter: Omit<RecordFilter, "text">,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<GatheredPage> {
    return gathered(this.#connection, by, filter, page);
  }

  feedbackStatistics(query: StatisticsQuery): Promise<FeedbackRow[]> {
    return feedbackStatistics(this.#connection, query);
  }

  runsOf(requestIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#connection.read((db) => {
      const rows = db
        .query<{ requestId: string; runId: string }, [string]>(SELECT_RUNS)
        .all(JSON.stringify(requestIds));
      return new Map(rows.map(({ requestId, runId }) => [requestId, runId]));
    });
  }

  async setCosts(costs: ReadonlyMap<string, Cost | null>): Promise<void> {
    const all = [...costs];
    for (let at = 0; at < all.length; at += COSTS_AT_ONCE) {
      await this.#connection.write((db) => setCosts(db, all.slice(at, at + COSTS_AT_ONCE)));
      await pause();
    }
  }

  prune(bounds: {
    readonly before: number;
    readonly bodiesBefore: number;
    readonly maxBodyBytes: number;
    readonly limit: number;
  }): Promise<{ readonly records: number; readonly bodies: number }> {
    const { before, bodiesBefore, maxBodyBytes, limit } = bounds;
    return this.#connection.write((db) => ({
      records: pruneRecords(db, before, limit),
      // No bodies outlive their records.
      bodies: pruneBodies(db, Math.max(before, bodiesBefore), maxBodyBytes, limit),
    }));
  }
}
