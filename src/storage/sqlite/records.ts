import type { Cost, WrittenRecord } from "../../records/record.ts";
import type { RecordStore } from "../record-store.ts";
import { packBodies } from "../records/bodies.ts";
import { RecordReader } from "../records/reader.ts";
import { pause } from "../records/slices.ts";
import type { SqliteConnection } from "./connection.ts";
import { pruneBodies, pruneRecords, setCosts } from "./record-changes.ts";
import { SqliteRecordDatabase } from "./record-database.ts";
import { RecordWriter } from "./record-writer.ts";

const SELECT_RUNS = `
  SELECT r.request_id AS requestId, r.run_id AS runId
  FROM json_each(?) AS j CROSS JOIN records AS r INDEXED BY records_by_request ON r.request_id = j.value
  ORDER BY r.id`;

/** Costs that are changed in one transaction. */
const COSTS_AT_ONCE = 500;

export class SqliteRecords extends RecordReader implements RecordStore {
  readonly #connection: SqliteConnection;
  readonly #writer = new RecordWriter();

  constructor(connection: SqliteConnection) {
    super(new SqliteRecordDatabase(connection));
    this.#connection = connection;
  }

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    if (batch.length === 0) return;
    const packed = await packBodies(batch);
    try {
      await this.#connection.writeMuch((db) => this.#writer.write(db, batch, packed));
    } catch (error) {
      this.#writer.forget();
      throw error;
    }
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
