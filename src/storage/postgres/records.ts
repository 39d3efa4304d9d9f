import type { Cost, WrittenRecord } from "../../records/record.ts";
import type { RecordStore } from "../record-store.ts";
import { RecordReader } from "../records/reader.ts";
import type { PostgresConnection } from "./connection.ts";
import { setCosts } from "./record-changes.ts";
import { PostgresRecordDatabase } from "./record-database.ts";
import { IDS_OF_REQUESTS } from "./record-names.ts";
import { pruneBodies, pruneRecords } from "./record-retention.ts";
import { RecordWriter } from "./record-writer.ts";

const RUNS = `
  SELECT request_id AS "requestId", run_id AS "runId" FROM amsterdam.records WHERE id = ANY($1::text[]) ORDER BY id`;

/** Costs that are changed in one transaction. */
const COSTS_AT_ONCE = 500;

export class PostgresRecords extends RecordReader implements RecordStore {
  readonly #connection: PostgresConnection;
  readonly #writer: RecordWriter;

  constructor(connection: PostgresConnection) {
    super(new PostgresRecordDatabase(connection));
    this.#connection = connection;
    this.#writer = new RecordWriter(connection);
  }

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    if (batch.length > 0) await this.#writer.write(batch);
  }

  async runsOf(requestIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await this.#connection.query<{ id: string }>(IDS_OF_REQUESTS, [requestIds]);
    if (found.rows.length === 0) return new Map();
    // By the ids themselves, so that only the days are looked into in which they began.
    const { rows } = await this.#connection.query<{ requestId: string; runId: string }>(RUNS, [
      found.rows.map(({ id }) => id),
    ]);
    return new Map(rows.map(({ requestId, runId }) => [requestId, runId]));
  }

  async setCosts(costs: ReadonlyMap<string, Cost | null>): Promise<void> {
    const all = [...costs];
    for (let at = 0; at < all.length; at += COSTS_AT_ONCE) {
      const some = new Map(all.slice(at, at + COSTS_AT_ONCE));
      await this.#connection.write((query) => setCosts(query, some));
    }
  }

  async prune(bounds: {
    readonly before: number;
    readonly bodiesBefore: number;
    readonly maxBodyBytes: number;
    readonly limit: number;
  }): Promise<{ readonly records: number; readonly bodies: number }> {
    const { before, bodiesBefore, maxBodyBytes, limit } = bounds;
    return {
      records: await pruneRecords(this.#connection, before, limit),
      // No bodies outlive their records.
      bodies: await pruneBodies(this.#connection, Math.max(before, bodiesBefore), maxBodyBytes, limit),
    };
  }
}
