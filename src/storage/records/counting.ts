import { type UsedTemplate, versionLabel } from "../../prompts/used-template.ts";
import { type RecordedDecision, variantLabel } from "../../records/decision.ts";
import type { RecordFilter, StatisticsGroup, StatisticsOrder, StatisticsQuery } from "../record-store.ts";
import type { RecordFigures } from "../record-totals.ts";
import { GroupCounts, type GroupValues, groupKey, type StatisticsGroups } from "../statistics-groups.ts";
import type { Question } from "./conditions.ts";
import { type IdRange, type RecordDatabase, within } from "./database.ts";
import { FOUND, type Found, floorsOf } from "./search.ts";
import { slices } from "./slices.ts";
import { KIND_COLUMNS } from "./sums.ts";
import { type TextTest, textTest } from "./text.ts";

/** Groups as a record's columns; of tags, templates, versions and variants the whole list. */
export const GROUP_COLUMNS: Record<StatisticsGroup, string> = {
  ...KIND_COLUMNS,
  run: "r.run_id",
  thread: "r.thread_id",
  template: "r.templates",
  version: "r.templates",
  variant: "r.decisions",
  tag: "r.tags",
};

/** Of these there may be as many as there are requests. */
const MANY: ReadonlySet<StatisticsGroup> = new Set(["run", "thread", "template", "version", "tag"]);

const FIGURES = `
  k.category IS NOT NULL AS failed, r.started_at AS "startedAt", r.duration_ms AS "durationMs",
  r.cost_usd AS "costUsd", r.first_token_ms AS "firstTokenMs", r.input_tokens AS "inputTokens",
  r.cached_input_tokens AS "cachedInputTokens", r.cache_write_input_tokens AS "cacheWriteInputTokens",
  r.output_tokens AS "outputTokens", r.reasoning_tokens AS "reasoningTokens"`;

type Row = RecordFigures & { startedAt: number } & Found & Record<`group${number}`, string | null>;

/** What groups are ordered by, of one record. */
const WEIGHTS: Record<StatisticsOrder, string> = {
  requests: "1",
  failures: "CASE WHEN k.category IS NULL THEN 0 ELSE 1 END",
  tokens: "coalesce(r.input_tokens, 0) + coalesce(r.output_tokens, 0)",
  cost: "coalesce(r.cost_usd, 0)",
};

type CountRow = Found & { weight: number } & Record<`group${number}`, string | null>;

interface Part {
  readonly ranges: readonly IdRange[];
  readonly intervalAt: (time: number) => number;
}

/** Counts records one by one. Groups that may be many are counted first, so that only the largest take memory. */
export async function addRecords(
  database: RecordDatabase,
  question: Question,
  query: StatisticsQuery,
  { ranges, intervalAt }: Part,
  found: StatisticsGroups,
): Promise<void> {
  const { filter, groups, limit, order = "requests" } = query;
  const namesOf = new GroupNames(groups);
  const names = groups.map((group, index) => `${GROUP_COLUMNS[group]} AS group${index},`).join(" ");
  const read = <Read extends Found>(columns: string, groupBy: string) =>
    rowsOf<Read>(database, question, { filter, columns: `${names} ${columns}`, groupBy, ranges });
  let largest: ReadonlySet<string> | null = null;
  if (groups.some((group) => MANY.has(group))) {
    const counts = new GroupCounts();
    // Bodies are searched record by record.
    const [columns, groupBy] =
      filter.text === undefined
        ? [
            `sum(CAST(${WEIGHTS[order]} AS double precision)) AS weight,`,
            `GROUP BY ${groups.map((_, index) => index + 1).join(", ")}`,
          ]
        : [`${WEIGHTS[order]} AS weight,`, ""];
    for await (const rows of read<CountRow>(columns, groupBy))
      for (const row of rows) for (const values of namesOf.row(row)) counts.add(values, row.weight);
    largest = counts.largest(limit);
  }
  for await (const rows of read<Row>(`${FIGURES},`, ""))
    for (const row of rows)
      for (const values of namesOf.row(row))
        if (largest === null || largest.has(groupKey(values)))
          found.totals(values, intervalAt(row.startedAt)).count(row);
}

interface Rows {
  readonly filter: RecordFilter;
  readonly columns: string;
  readonly groupBy: string;
  readonly ranges: readonly IdRange[];
}

async function* rowsOf<Read extends Found>(
  database: RecordDatabase,
  question: Question,
  { filter, columns, groupBy, ranges }: Rows,
): AsyncGenerator<readonly Read[]> {
  const has = filter.text === undefined ? null : textTest(database, filter.text);
  const floors = floorsOf(filter);
  const passOver = floors.length === 0 ? null : () => floors;
  const { counted } = database.sizes;
  const sizes = { first: counted, most: counted };
  for (const range of ranges) {
    for await (const slice of slices(database, question, range, "oldest", passOver, sizes)) {
      const { from, where, values } = within(question.source, slice, [question.records]);
      const sql = `SELECT ${columns} ${has === null ? "NULL AS id" : FOUND}
        FROM ${from} ${database.joinKinds} WHERE ${where} ${groupBy}`;
      const rows = await database.rows<Read>(sql, values);
      yield has === null ? rows : await those(rows, has);
    }
  }
}

export async function those<Read extends Found>(
  rows: readonly Read[],
  has: TextTest,
): Promise<readonly Read[]> {
  const found: Read[] = [];
  for (const row of rows) if (await has.test(row)) found.push(row);
  return found;
}

/** What the items of a list are counted as. */
const ITEM_NAMES: Partial<Record<StatisticsGroup, (item: never) => string | null>> = {
  tag: (tag: string) => tag,
  template: ({ templateId }: UsedTemplate) => templateId,
  version: (used: UsedTemplate) => versionLabel(used),
  variant: (decision: RecordedDecision) => variantLabel(decision),
};

/** Lists that are remembered: they repeat. */
const MOST_LISTS = 10_000;

/** The groups that a row counts for: one for each of its tags, templates, versions and variants, or one for having none. */
export class GroupNames {
  readonly #groups: readonly StatisticsGroup[];
  readonly #lists = new Map<string, readonly (string | null)[]>();

  constructor(groups: readonly StatisticsGroup[]) {
    this.#groups = groups;
  }

  row(row: Readonly<Record<`group${number}`, string | null>>): GroupValues[] {
    let found: (string | null)[][] = [[]];
    this.#groups.forEach((group, index) => {
      const value = row[`group${index}`] ?? null;
      const nameOf = ITEM_NAMES[group];
      if (value === null || nameOf === undefined) for (const one of found) one.push(value);
      else found = found.flatMap((one) => this.#list(value, nameOf).map((item) => [...one, item]));
    });
    return found;
  }

  #list(text: string, nameOf: (item: never) => string | null): readonly (string | null)[] {
    let list = this.#lists.get(text);
    if (list === undefined) {
      const items: never[] = JSON.parse(text);
      list = [...new Set(items.map(nameOf))];
      if (this.#lists.size >= MOST_LISTS) this.#lists.clear();
      this.#lists.set(text, list);
    }
    return list;
  }
}
