import { leastIdAt } from "../records/ids.ts";
import type { PostgresConnection } from "./connection.ts";
import { dropPartition, listPartitions, type Partition } from "./record-partitions.ts";
import { dayOf } from "./record-sums.ts";

const HOUR = 3_600_000;

/** Hours whose sums outlive their records: thirteen months, so that a month can be held against last year's. */
const SUMS_OUTLIVE_MS = 396 * 24 * HOUR;

/** Another gateway may delete the same: each passes over what the other has in hand. */
const DELETE_RECORDS = `
  DELETE FROM amsterdam.records WHERE id = ANY(ARRAY(
    SELECT id FROM amsterdam.records WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED))
    AND id >= $1 AND id < $2`;

const COUNT = `
  SELECT count(*)::float8 AS count FROM (
    SELECT FROM amsterdam.records WHERE id >= $1 AND id < $2 LIMIT $3) AS counted`;

const deleteSums = (table: string, time: string) => `
  DELETE FROM amsterdam.${table} WHERE (${time}, kind) IN (
    SELECT ${time}, kind FROM amsterdam.${table} WHERE ${time} < $1 ORDER BY ${time}, kind LIMIT $2
    FOR UPDATE SKIP LOCKED)`;

/** Rows of a partition that are counted before it is dropped: how many there are more is told to nobody. */
const MOST_COUNTED = 100_000;

/**
 * Deletes the oldest records below a moment (Unix milliseconds): whole partitions where all of it is below, else at most
 * `limit` rows. Deletes the sums that have outlived theirs too. Returns how many records that were, of a partition as
 * far as 100,000 are counted.
 */
export async function pruneRecords(
  connection: PostgresConnection,
  before: number,
  limit: number,
): Promise<number> {
  let deleted = 0;
  for (const partition of await listPartitions(connection, "records")) {
    if (deleted >= limit || partition.from >= before) break;
    deleted +=
      partition.to <= before
        ? await dropRecords(connection, partition)
        : await deleteRecords(connection, partition, before, limit - deleted);
  }
  for (const partition of await listPartitions(connection, "record_names"))
    if (partition.to <= before) await dropPartition(connection, partition);
  const outlived = Math.floor((before - SUMS_OUTLIVE_MS) / HOUR);
  await connection.query(deleteSums("record_hours", "hour"), [outlived, limit]);
  await connection.query(deleteSums("record_days", "day"), [dayOf(outlived), limit]);
  return deleted;
}

async function dropRecords(connection: PostgresConnection, partition: Partition): Promise<number> {
  const range = [leastIdAt(partition.from), leastIdAt(partition.to)];
  const { rows } = await connection.query<{ count: number }>(COUNT, [...range, MOST_COUNTED]);
  await dropPartition(connection, partition);
  return rows[0]?.count ?? 0;
}

async function deleteRecords(
  connection: PostgresConnection,
  { from }: Partition,
  before: number,
  limit: number,
): Promise<number> {
  const values = [leastIdAt(from), leastIdAt(before), limit];
  return (await connection.write((query) => query(DELETE_RECORDS, values))).count;
}

const SIZES = `
  SELECT day.place::integer AS place, coalesce(sum(b.bodies), 0)::float8 AS bodies,
    coalesce(sum(b.bytes), 0)::float8 AS bytes
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS day (low, high, place)
  LEFT JOIN amsterdam.record_bodies AS b ON b.id >= day.low AND b.id < day.high
    AND b.id >= $3 AND b.id < $4
  GROUP BY day.place ORDER BY day.place`;

const OLDEST = `
  SELECT id, bodies, bytes FROM amsterdam.record_bodies WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3`;

const DELETE_BLOCKS = `
  DELETE FROM amsterdam.record_bodies WHERE id = ANY($1::text[])`;

interface Block {
  readonly id: string;
  readonly bodies: number;
  readonly bytes: number;
}

/**
 * Deletes the oldest blocks of bodies: those whose records all began before a moment, and as many as it takes until the
 * rest is small enough; whole partitions where all of it is to go. Returns how many records' bodies were in them.
 */
export async function pruneBodies(
  connection: PostgresConnection,
  before: number,
  maxBytes: number,
  limit: number,
): Promise<number> {
  const partitions = await sizes(connection);
  let kept = partitions.reduce((sum, { bytes }) => sum + bytes, 0);
  let deleted = 0;
  for (const partition of partitions) {
    const { from, to, bodies, bytes } = partition;
    const excess = kept - maxBytes;
    if (deleted >= limit || (from >= before && excess <= 0)) break;
    if (bodies === 0 && to > before) continue;
    if (to <= before || bytes <= excess) {
      await dropPartition(connection, partition);
      deleted += bodies;
      kept -= bytes;
    } else {
      const gone = await deleteBlocks(connection, partition, { before, excess, limit: limit - deleted });
      deleted += gone.bodies;
      kept -= gone.bytes;
      break;
    }
  }
  return deleted;
}

type Sized = Partition & { readonly bodies: number; readonly bytes: number };

async function sizes(connection: PostgresConnection): Promise<Sized[]> {
  const partitions = await listPartitions(connection, "record_bodies");
  if (partitions.length === 0) return [];
  const [lows, highs] = [
    partitions.map(({ from }) => leastIdAt(from)),
    partitions.map(({ to }) => leastIdAt(to)),
  ];
  const values = [lows, highs, lows[0]!, highs.at(-1)!];
  const { rows } = await connection.query<{ bodies: number; bytes: number }>(SIZES, values);
  return partitions.map((partition, index) => ({
    ...partition,
    ...(rows[index] ?? { bodies: 0, bytes: 0 }),
  }));
}

async function deleteBlocks(
  connection: PostgresConnection,
  { from, to }: Partition,
  { before, excess, limit }: { before: number; excess: number; limit: number },
): Promise<{ bodies: number; bytes: number }> {
  const { rows } = await connection.query<Block>(OLDEST, [leastIdAt(from), leastIdAt(to), limit]);
  const old = leastIdAt(before);
  const gone = { bodies: 0, bytes: 0 };
  const ids: string[] = [];
  for (const { id, bodies, bytes } of rows) {
    if (gone.bodies >= limit || (id >= old && gone.bytes >= excess)) break;
    ids.push(id);
    gone.bodies += bodies;
    gone.bytes += bytes;
  }
  if (ids.length > 0) await connection.write((query) => query(DELETE_BLOCKS, [ids]));
  return gone;
}
