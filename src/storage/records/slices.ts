import type { RecordFilter } from "../record-store.ts";
import { all, type Condition } from "./condition.ts";
import type { Question } from "./conditions.ts";
import type { Direction, IdRange, RecordDatabase } from "./database.ts";
import { leastIdAt, timeOfId } from "./ids.ts";

const HOUR = 3_600_000;
/** Hours whose sums are looked at in one go, some ten milliseconds at a thousand kinds an hour. */
const WINDOW_HOURS = 7 * 24;

/** No request in an hour whose sums stay below can be meant. */
export interface Floor {
  readonly column: "highest_cost_usd" | "longest_ms";
  readonly value: number;
}

/** What a search may pass over, asked anew for each window since it rises while the dearest are looked for. */
type Floors = () => readonly Floor[];

/** Lets everything else run that waits. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function idsWithin({ since, until }: Pick<RecordFilter, "since" | "until">): IdRange {
  return { low: leastIdAt(since ?? 0), high: leastIdAt(until ?? Number.POSITIVE_INFINITY) };
}

/**
 * Everything that a question may find within `range`, in ranges of at most some thousand records, each of which is to
 * be asked in a call of its own. Between them the process does other work.
 */
export async function* slices(
  database: RecordDatabase,
  question: Question,
  range: IdRange,
  direction: Direction,
  floors: Floors | null,
  { first, most } = database.sizes.records,
): AsyncGenerator<IdRange> {
  let size = first;
  for (const part of await database.ranges(question.source, range, direction)) {
    for await (const busy of busyRanges(database, question, part, direction, floors)) {
      let rest: IdRange | null = busy;
      while (rest !== null) {
        const edge: string | null = await edgeOf(database, question, rest, { direction, size });
        if (edge === null) {
          yield rest;
          rest = null;
        } else if (direction === "newest") {
          yield { low: edge, high: rest.high };
          rest = { low: rest.low, high: edge };
        } else {
          yield { low: rest.low, high: edge };
          rest = { low: edge, high: rest.high };
        }
        // What is found at once costs little, and what is looked for long not many calls.
        size = Math.min(most, 2 * size);
        await pause();
      }
    }
  }
}

/** Where the first slice of a range ends; null where it is all of it. */
async function edgeOf(
  database: RecordDatabase,
  { source }: Question,
  { low, high }: IdRange,
  { direction, size }: { readonly direction: Direction; readonly size: number },
): Promise<string | null> {
  const sql = `SELECT ${source.id} AS id FROM ${source.ids}
    WHERE ${source.where} AND ${source.id} >= ? AND ${source.id} < ?
    ORDER BY ${source.id} ${direction === "newest" ? "DESC" : "ASC"} LIMIT 1 OFFSET ${size}`;
  const [edge] = await database.rows<{ id: string }>(sql, [...source.values, low, high]);
  return edge?.id ?? null;
}

/** The range, or of it the hours that have requests of the kinds asked for, as their sums tell. */
async function* busyRanges(
  database: RecordDatabase,
  { source, kinds }: Question,
  range: IdRange,
  direction: Direction,
  floors: Floors | null,
): AsyncGenerator<IdRange> {
  if (!source.isAll || (kinds === null && floors === null)) {
    yield range;
    return;
  }
  const span = await hoursOf(database, range);
  if (span === null) return;
  const [first, last] = span;
  for (let done = 0; first + done <= last; done += WINDOW_HOURS) {
    const low = direction === "newest" ? Math.max(first, last - done - WINDOW_HOURS + 1) : first + done;
    const high = direction === "newest" ? last - done : Math.min(last, low + WINDOW_HOURS - 1);
    const busy = joined(await busyHours(database, kinds, floors?.() ?? [], low, high), range);
    yield* direction === "newest" ? busy.reverse() : busy;
    await pause();
  }
}

/** The first and the last hour, since 1970, in which records of a range began; null where there are none. */
async function hoursOf(database: RecordDatabase, { low, high }: IdRange): Promise<[number, number] | null> {
  const find = (order: string) =>
    `SELECT id FROM ${database.schema}records WHERE id >= ? AND id < ? ORDER BY id ${order} LIMIT 1`;
  const [ends] = await database.rows<{ first: string | null; last: string | null }>(
    `SELECT (${find("ASC")}) AS first, (${find("DESC")}) AS last`,
    [low, high, low, high],
  );
  if (ends === undefined || ends.first === null || ends.last === null) return null;
  return [hourOf(ends.first), hourOf(ends.last)];
}

function hourOf(id: string): number {
  return Math.floor((timeOfId(id) ?? 0) / HOUR);
}

async function busyHours(
  database: RecordDatabase,
  kinds: Condition | null,
  floors: readonly Floor[],
  first: number,
  last: number,
): Promise<number[]> {
  const { sql, values } = all([
    { sql: "hour BETWEEN ? AND ?", values: [first, last] },
    ...(kinds === null
      ? []
      : [
          {
            sql: `kind IN (SELECT k.id FROM ${database.schema}record_kinds AS k WHERE ${kinds.sql})`,
            values: kinds.values,
          },
        ]),
    ...floors.map(({ column, value }) => ({ sql: `${column} >= ?`, values: [value] })),
  ]);
  const hours = await database.rows<{ hour: number }>(
    `SELECT DISTINCT hour FROM ${database.schema}record_hours WHERE ${sql} ORDER BY hour`,
    values,
  );
  return hours.map(({ hour }) => hour);
}

/** Hours that follow each other as one range, within another. */
function joined(hours: readonly number[], { low, high }: IdRange): IdRange[] {
  const ranges: { from: number; to: number }[] = [];
  for (const hour of hours) {
    const last = ranges.at(-1);
    if (last?.to === hour) last.to++;
    else ranges.push({ from: hour, to: hour + 1 });
  }
  return ranges
    .map(({ from, to }) => ({ from: leastIdAt(from * HOUR), to: leastIdAt(to * HOUR) }))
    .map(({ from, to }) => ({ low: from > low ? from : low, high: to < high ? to : high }));
}
