import type { FeedbackTarget } from "../feedback-store.ts";
import type { RecordFilter } from "../record-store.ts";
import type { Condition, Value } from "./condition.ts";

/** Ids from `low` on, below `high`. */
export interface IdRange {
  readonly low: string;
  readonly high: string;
}

export type Direction = "newest" | "oldest";

/** Where records are taken from, in the order of their ids: all of them, or those that an index leads to. */
export interface Source {
  /** The tables that have their ids. */
  readonly ids: string;
  /** Those and the records', as `r`. */
  readonly from: string;
  /** The column that has their ids. */
  readonly id: string;
  readonly where: string;
  readonly values: readonly Value[];
  /** Whether no index narrows it. */
  readonly isAll: boolean;
}

/** Filters by what a record says of itself alone, which each database finds in its own way. */
export const NAME_FILTERS = [
  "runId",
  "threadId",
  "requestId",
  "parentId",
  "tag",
  "templateId",
  "version",
  "variant",
] as const satisfies readonly (keyof RecordFilter)[];
export type NameFilter = (typeof NAME_FILTERS)[number];

/** How much is looked at in one statement, after which others have their turn. */
export interface Sizes {
  /** Records, and how many they may become when the search goes on. */
  readonly records: { readonly first: number; readonly most: number };
  /** Records that are read one by one and not just looked through: nothing else runs meanwhile. */
  readonly counted: number;
  /** Where sums are read: milliseconds of time that they are of. */
  readonly hours: number;
  readonly days: number;
  readonly feedback: number;
}

/**
 * What questions to records need to know of a database. Statements have a question mark for each of their values, and
 * what they name is in quotes where it has capitals.
 */
export interface RecordDatabase {
  /** Stands before the name of each table. */
  readonly schema: "" | "amsterdam.";
  /** Puts the kinds, as `k`, to the records `r`. */
  readonly joinKinds: string;
  readonly sizes: Sizes;
  /** Whether it adds up sums by group itself; where it would sort them all to do so, that is done here. */
  readonly groupsSums: boolean;
  /** That a record `r` has this name, with one value. */
  readonly named: Readonly<Record<NameFilter, string>>;
  /** What feedback `f` may be about: joins that lead to the records, as `r`. */
  readonly about: readonly (readonly [FeedbackTarget, string])[];
  /** Runs a query that changes nothing. */
  rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** Records that have one of these names; all of them where there is none. */
  source(names: Readonly<Partial<Record<NameFilter, string>>>): Source;
  /** Records of these ids. */
  listed(ids: readonly string[]): Source;
  /** At most `limit` ids of the records that are, or are of, these. */
  idsOf(targets: Readonly<Record<FeedbackTarget, readonly string[]>>, limit: number): Promise<string[]>;
  /** The part of a range in which a source may have records, in pieces that one statement can be asked of. */
  ranges(source: Source, range: IdRange, direction: Direction): Promise<readonly IdRange[]>;
  /** A block of bodies as it is stored; null where it is deleted. */
  block(id: string | number): Promise<Uint8Array<ArrayBuffer> | null>;
}

/** What a query for records of a source says behind FROM and WHERE. */
export function within(
  source: Source,
  { low, high }: IdRange,
  conditions: readonly Condition[],
): { from: string; where: string; values: readonly Value[] } {
  // Of the records too: the days that they are kept by are chosen by their own ids.
  const columns = source.id === "r.id" ? [source.id] : [source.id, "r.id"];
  const parts: Condition[] = [
    { sql: source.where, values: source.values },
    ...columns.map((id) => ({ sql: `${id} >= ? AND ${id} < ?`, values: [low, high] })),
    ...conditions,
  ];
  return {
    from: source.from,
    where: parts.map(({ sql }) => sql).join(" AND "),
    values: parts.flatMap(({ values }) => values),
  };
}
