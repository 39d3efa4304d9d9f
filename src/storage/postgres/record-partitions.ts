import { StorageError } from "../interface.ts";
import { leastIdAt, timeOfId } from "../records/ids.ts";
import type { PostgresConnection } from "./connection.ts";

/** The tables that are in partitions. */
export type PartitionedTable = "records" | "record_names" | "record_bodies";

/** A time whose rows of a table are kept together, Unix milliseconds: from `from` on, before `to`. */
export interface Partition {
  readonly table: PartitionedTable;
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

const DAY = 86_400_000;
/** Beyond the last moment that a ULID can tell. */
const END_OF_TIME = 2 ** 48;

const ADD = "SELECT amsterdam.add_record_partition($1, $2, $3, $4)";
const DROP = "SELECT amsterdam.drop_record_partition($1, $2)";
const LIST = `
  SELECT c.relname AS name FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
  WHERE i.inhparent = $1::text::regclass`;

/** The partition of a table in which a moment lies. */
function partitionAt(table: PartitionedTable, time: number): Partition {
  if (table !== "record_names") {
    const from = Math.floor(time / DAY) * DAY;
    return { table, name: `${table}_${digits(from)}`, from, to: from + DAY };
  }
  const at = new Date(time);
  const [from, to] = [0, 1].map((later) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + later));
  return { table, name: `${table}_${digits(from!).slice(0, -2)}`, from: from!, to: to! };
}

/** Year, month and day, as many digits as it takes. */
function digits(time: number): string {
  const date = new Date(time);
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${String(date.getUTCFullYear()).padStart(4, "0")}${month}${day}`;
}

/** The other way round; null for a table that is none of ours. */
function partitionNamed(table: PartitionedTable, name: string): Partition | null {
  const [, year, month, day = "01"] =
    (table === "record_names" ? /_(\d{4,})(\d\d)$/ : /_(\d{4,})(\d\d)(\d\d)$/).exec(name) ?? [];
  if (year === undefined) return null;
  const partition = partitionAt(table, Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return partition.name === name ? partition : null;
}

/** The partitions that a table has, oldest first. */
export async function listPartitions(
  connection: PostgresConnection,
  table: PartitionedTable,
): Promise<Partition[]> {
  const { rows } = await connection.query<{ name: string }>(LIST, [`amsterdam.${table}`]);
  return rows
    .flatMap(({ name }) => partitionNamed(table, name) ?? [])
    .sort((one, other) => one.from - other.from);
}

/** Rejects where the table is in use for two seconds; it may be tried again. One that is gone already is well. */
export async function dropPartition(
  connection: PostgresConnection,
  { table, name }: Partition,
): Promise<void> {
  await connection.query(DROP, [table, name]);
}

/** Makes the partitions that records need, and remembers which there are. */
export class RecordPartitions {
  readonly #connection: PostgresConnection;
  /** Days, in those since 1970. */
  readonly #there = new Set<number>();

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  /** Makes them for the days of these ids; and for the day after the last, before all gateways need it at once. */
  async provide(ids: Iterable<string>): Promise<void> {
    const days = new Set<number>();
    for (const id of ids) days.add(dayOf(id));
    const missing = [...days].filter((day) => !this.#there.has(day));
    if (missing.length === 0) return;
    const ahead = Math.max(...missing) + 1;
    for (const day of new Set([...missing, ahead])) {
      for (const table of ["records", "record_bodies", "record_names"] as const)
        await this.#add(partitionAt(table, day * DAY));
      // The day ahead makes its own next one when it comes.
      if (day !== ahead) this.#there.add(day);
    }
  }

  /** To be called when one was missing, since another gateway has dropped it. */
  forget(): void {
    this.#there.clear();
  }

  async #add({ table, name, from, to }: Partition): Promise<void> {
    if (from >= END_OF_TIME) return;
    await this.#connection.query(ADD, [table, name, leastIdAt(from), leastIdAt(to)]);
  }
}

function dayOf(id: string): number {
  const time = timeOfId(id);
  if (time === null || time >= END_OF_TIME)
    throw new StorageError(
      `A record cannot be stored: its id ${JSON.stringify(id.slice(0, 40))} is no ULID.`,
      { refusesData: true },
    );
  return Math.floor(time / DAY);
}
