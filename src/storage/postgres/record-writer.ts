import { UlidMaker } from "../../lib/ulid.ts";
import type { RequestRecord, WrittenRecord } from "../../records/record.ts";
import { type Block, type PackedBodies, packBodies } from "../records/bodies.ts";
import { timeOfId } from "../records/ids.ts";
import { figuresOf, RECORD_NAMES, recordValues } from "../records/rows.ts";
import type { PostgresConnection } from "./connection.ts";
import { isMissingPartition } from "./errors.ts";
import { itemsOf, named } from "./json-items.ts";
import type { Query } from "./query.ts";
import { insertDecisions } from "./record-decisions.ts";
import { RecordKinds } from "./record-kinds.ts";
import { IS_DUPLICATE, namesOf } from "./record-names.ts";
import { RecordPartitions } from "./record-partitions.ts";
import { addToSums, HourSums } from "./record-sums.ts";
import { toDatabaseJson } from "./text.ts";

const HOUR = 3_600_000;

/** Times that partitions are made again which another gateway drops while they are written to. */
const ATTEMPTS = 3;

/** Columns whose types their names do not tell. */
const TYPES = {
  kind: "integer",
  body_offset: "integer",
  body_request: "integer",
  body_response: "integer",
  body_cut: "boolean",
  duplicate: "boolean",
  stream: "boolean",
  has_usage: "boolean",
} as const;

/** In order, so that those who write the same records wait for each other and not in a circle. */
const INSERT_RECORDS = `
  INSERT INTO amsterdam.records (${RECORD_NAMES.join(", ")})
  SELECT ${RECORD_NAMES.map((column) =>
    column === "duplicate" ? `item.duplicate OR ${IS_DUPLICATE}` : `item.${column}`,
  ).join(", ")}
  FROM ${itemsOf(RECORD_NAMES, TYPES)}
  ORDER BY item.id
  ON CONFLICT (id) DO NOTHING RETURNING id, duplicate`;

const INSERT_NAMES = `
  INSERT INTO amsterdam.record_names (field, name, record_id)
  SELECT field, name, id FROM json_to_recordset($1::text::json) AS item (field smallint, name text, id text)`;

const INSERT_BLOCKS = `
  INSERT INTO amsterdam.record_bodies (id, bodies, bytes, data)
  SELECT * FROM unnest($1::text[], $2::integer[], $3::integer[], $4::bytea[])`;

/**
 * Writes batches, each within a transaction: records, bodies, what they are found by, what experiments decided, and the
 * sums of their hours.
 */
export class RecordWriter {
  readonly #connection: PostgresConnection;
  readonly #kinds: RecordKinds;
  readonly #partitions: RecordPartitions;
  readonly #ulids = new UlidMaker();
  /** The first hour that is not in its day, as it was last told. */
  #folded = 0;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
    this.#kinds = new RecordKinds(connection);
    this.#partitions = new RecordPartitions(connection);
  }

  async write(batch: readonly WrittenRecord[]): Promise<void> {
    const kinds = await this.#kinds.idsOf(batch.map(({ record }) => record));
    const packed = await packBodies(batch);
    const ids = packed.blocks.map((block) => this.#blockId(block));
    for (let attempt = 1; ; attempt++) {
      await this.#partitions.provide([...batch.map(({ record }) => record.id), ...ids]);
      try {
        this.#folded = await this.#connection.write((query) =>
          insert(query, { batch, kinds, packed, ids }, this.#folded),
        );
        return;
      } catch (error) {
        if (!isMissingPartition(error) || attempt === ATTEMPTS) throw error;
        this.#partitions.forget();
      }
    }
  }

  /** It sorts with the newest of its records, and is kept with those of its day. */
  #blockId({ records }: Block): string {
    const newest = records.reduce((one, other) => (one > other ? one : other));
    return this.#ulids.next(timeOfId(newest) ?? 0);
  }
}

interface Batch {
  readonly batch: readonly WrittenRecord[];
  /** Numbers of the records' kinds. */
  readonly kinds: readonly number[];
  readonly packed: PackedBodies;
  /** Of the blocks. */
  readonly ids: readonly string[];
}

interface Written {
  readonly id: string;
  readonly duplicate: boolean;
}

async function insert(query: Query, batch: Batch, folded: number): Promise<number> {
  const { rows } = await query<Written>(INSERT_RECORDS, [toDatabaseJson(rowsOf(batch))]);
  const written = new Set(rows.map(({ id }) => id));
  if (written.size === 0) return folded;
  const sums = new HourSums();
  const records: RequestRecord[] = [];
  const uncounted = new Set(written);
  batch.batch.forEach(({ record }, index) => {
    // A record that is twice in a batch is written once.
    if (!uncounted.delete(record.id)) return;
    records.push(record);
    sums.totals(Math.floor(record.startedAt / HOUR), batch.kinds[index]!).count(figuresOf(record));
  });
  const [, , , progress] = await Promise.all([
    insertNames(query, records),
    insertDecisions(query, records, rows),
    insertBlocks(query, batch, written),
    addToSums(query, sums.all(), folded),
  ]);
  return progress;
}

function rowsOf({ batch, kinds, packed, ids }: Batch): object[] {
  const seen = new Set<string>();
  return batch.map(({ record }, index) => {
    const place = packed.places[index] ?? null;
    const body = place === null ? null : { ...place, block: ids[place.block]! };
    const duplicate = seen.has(record.requestId);
    seen.add(record.requestId);
    return named(RECORD_NAMES, recordValues(record, { kind: kinds[index]!, body, duplicate }));
  });
}

async function insertNames(query: Query, records: readonly RequestRecord[]): Promise<void> {
  const names = records.flatMap((record) => namesOf(record).map((name) => ({ ...name, id: record.id })));
  await query(INSERT_NAMES, [toDatabaseJson(names)]);
}

async function insertBlocks(
  query: Query,
  { packed, ids }: Batch,
  written: ReadonlySet<string>,
): Promise<void> {
  const blocks = packed.blocks
    .map(({ data, records }, index) => ({
      id: ids[index]!,
      data,
      bodies: records.filter((id) => written.has(id)).length,
    }))
    .filter(({ bodies }) => bodies > 0);
  if (blocks.length === 0) return;
  await query(INSERT_BLOCKS, [
    blocks.map(({ id }) => id),
    blocks.map(({ bodies }) => bodies),
    blocks.map(({ data }) => data.length),
    blocks.map(({ data }) => data),
  ]);
}
