import type { FeedbackTarget } from "../feedback-store.ts";
import type { ReadableDatabase } from "../readable.ts";
import type { Value } from "../records/condition.ts";
import type { Direction, IdRange, NameFilter, RecordDatabase, Source } from "../records/database.ts";
import { leastIdAt, nextId, timeOfId } from "../records/ids.ts";
import type { PostgresConnection } from "./connection.ts";
import { readable } from "./readable.ts";
import { ABOUT, isNamed, NAMED, sourceNamed, targetNames } from "./record-names.ts";
import { listPartitions } from "./record-partitions.ts";

const DAY = 86_400_000;

/** Partitions that one statement may touch: each takes a lock and a part of the time that a plan takes to make. */
const MOST_PARTITIONS = 31;

const ALL: Source = {
  ids: "amsterdam.records AS r",
  from: "amsterdam.records AS r",
  id: "r.id",
  where: "true",
  values: [],
  isAll: true,
};

const IDS_NAMED = `
  SELECT DISTINCT n.record_id AS id FROM unnest($1::text[], $2::smallint[]) AS asked (name, field)
  JOIN amsterdam.record_names AS n ON ${isNamed("n", "asked.field", "asked.name")}
  LIMIT $3`;

/** Records in PostgreSQL. */
export class PostgresRecordDatabase implements RecordDatabase {
  readonly schema = "amsterdam.";
  readonly joinKinds = "JOIN amsterdam.record_kinds AS k ON k.id = r.kind";
  // Statements end well within their five seconds, and answers take some milliseconds to read.
  readonly sizes = {
    records: { first: 1000, most: 50_000 },
    counted: 5000,
    hours: DAY,
    days: 7 * DAY,
    feedback: 1000,
  };
  readonly groupsSums = true;
  readonly named = NAMED;
  readonly about = ABOUT;
  readonly #connection: PostgresConnection;
  readonly #readable: ReadableDatabase;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
    this.#readable = readable(connection);
  }

  rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    return this.#readable.rows<Row>(sql, values);
  }

  source(names: Readonly<Partial<Record<NameFilter, string>>>): Source {
    return sourceNamed(names) ?? ALL;
  }

  listed(ids: readonly string[]): Source {
    return { ...ALL, where: "r.id = ANY(CAST(? AS text[]))", values: [arrayText(ids)], isAll: false };
  }

  async idsOf(
    targets: Readonly<Record<FeedbackTarget, readonly string[]>>,
    limit: number,
  ): Promise<string[]> {
    const names = targetNames(targets);
    const values = [names.map(({ name }) => name), names.map(({ field }) => field), limit];
    const { rows } = await this.#connection.query<{ id: string }>(IDS_NAMED, values);
    return rows.map(({ id }) => id);
  }

  async ranges(source: Source, range: IdRange, direction: Direction): Promise<readonly IdRange[]> {
    const { low, high } = source.isAll ? range : await this.#extent(source, range);
    if (low >= high) return [];
    if (!source.isAll && isShort({ low, high })) return [{ low, high }];
    const days = (await listPartitions(this.#connection, "records"))
      .map(({ from, to }) => ({ low: leastIdAt(from), high: leastIdAt(to) }))
      .filter((day) => day.low < high && day.high > low);
    const ranges: IdRange[] = [];
    for (let at = 0; at < days.length; at += MOST_PARTITIONS) {
      const part = days.slice(at, at + MOST_PARTITIONS);
      const [first, last] = [part[0]!.low, part.at(-1)!.high];
      ranges.push({ low: first > low ? first : low, high: last < high ? last : high });
    }
    return direction === "newest" ? ranges.reverse() : ranges;
  }

  /** From the first to the last that an index leads to. */
  async #extent({ ids, id, where, values }: Source, { low, high }: IdRange): Promise<IdRange> {
    const sql = `SELECT min(${id}) AS first, max(${id}) AS last FROM ${ids}
      WHERE ${where} AND ${id} >= ? AND ${id} < ?`;
    const [found] = await this.rows<{ first: string | null; last: string | null }>(sql, [
      ...values,
      low,
      high,
    ]);
    if (found === undefined || found.first === null || found.last === null) return { low, high: low };
    return { low: found.first, high: nextId(found.last) };
  }

  async block(id: string | number): Promise<Uint8Array<ArrayBuffer> | null> {
    const find = "SELECT data FROM amsterdam.record_bodies WHERE id = $1";
    const { rows } = await this.#connection.query<{ data: Uint8Array<ArrayBuffer> }>(find, [String(id)]);
    return rows[0]?.data ?? null;
  }
}

/** Whether ids are of no more days than one statement may touch. */
function isShort({ low, high }: IdRange): boolean {
  const [from, to] = [timeOfId(low), timeOfId(high)];
  return from !== null && to !== null && to - from < (MOST_PARTITIONS - 1) * DAY;
}

/** An array as PostgreSQL reads it. */
function arrayText(items: readonly string[]): string {
  return `{${items.map((item) => `"${item.replace(/[\\"]/g, "\\$&")}"`).join(",")}}`;
}
