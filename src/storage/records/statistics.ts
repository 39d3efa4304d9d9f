import type { RecordFilter, StatisticsQuery, StatisticsRow } from "../record-store.ts";
import { StatisticsGroups } from "../statistics-groups.ts";
import { intervalOf, spansOf } from "../statistics-spans.ts";
import { ask } from "./conditions.ts";
import { addRecords } from "./counting.ts";
import type { RecordDatabase } from "./database.ts";
import { idsWithin } from "./slices.ts";
import { addSums, KIND_COLUMNS } from "./sums.ts";

const HOUR = 3_600_000;

/** Filters that sums can answer. */
const KIND_FILTERS: ReadonlySet<string> = new Set<keyof RecordFilter>([
  "since",
  "until",
  "keyId",
  "door",
  "provider",
  "model",
  "route",
  "operation",
  "status",
  "category",
  "error",
  "agentId",
]);

export async function recordStatistics(
  database: RecordDatabase,
  query: StatisticsQuery,
): Promise<StatisticsRow[]> {
  const { filter, groups, interval } = query;
  const question = await ask(database, filter);
  const { since, until } = await clipped(database, filter);
  const found = new StatisticsGroups();
  const fromSums = groups.every((group) => group in KIND_COLUMNS) && isOfKinds(filter);
  const intervals = { since: filter.since, length: interval };
  const spans = fromSums ? spansOf(since, until, intervals) : [{ from: since, to: until, whole: false }];
  const rest = spans
    .filter(({ whole }) => !whole)
    .map(({ from, to }) => idsWithin({ since: from, until: to }));
  const intervalAt = (time: number) => intervalOf(time, intervals);
  for (const span of spans.filter(({ whole }) => whole))
    await addSums(database, question, groups, span, { intervalAt, inOne: interval === undefined }, found);
  await addRecords(database, question, query, { ranges: rest, intervalAt }, found);
  const startOf = (at: number) => (interval === undefined ? null : filter.since + at * interval);
  return found.rows(query, startOf);
}

function isOfKinds(filter: RecordFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || KIND_FILTERS.has(name));
}

/** The part of a time in which there can be anything, on whole hours where it was cut. */
async function clipped(
  database: RecordDatabase,
  { since, until }: { readonly since: number; readonly until: number },
): Promise<{ since: number; until: number }> {
  const end = (which: string) => `(SELECT ${which}(hour) FROM ${database.schema}record_hours)`;
  const [hours] = await database.rows<{ first: number | null; last: number | null }>(
    `SELECT ${end("min")} AS first, ${end("max")} AS last`,
    [],
  );
  if (hours === undefined || hours.first === null || hours.last === null) return { since, until: since };
  return { since: Math.max(since, hours.first * HOUR), until: Math.min(until, (hours.last + 1) * HOUR) };
}
