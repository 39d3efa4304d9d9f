import type { FeedbackTarget } from "../feedback-store.ts";
import type { Value } from "../records/condition.ts";
import type { IdRange, NameFilter, RecordDatabase, Source } from "../records/database.ts";
import type { SqliteConnection } from "./connection.ts";
import { packedBlock } from "./record-bodies.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const ALL: Source = {
  ids: "records AS r",
  from: "records AS r",
  id: "r.id",
  where: "true",
  values: [],
  isAll: true,
};

/** The requests of a run: those that name it, and the one that it is named after. */
const RUN = `(
  SELECT id FROM records INDEXED BY records_by_run WHERE run_id = ? AND run_id <> request_id
  UNION ALL
  SELECT id FROM records INDEXED BY records_by_request WHERE request_id = ? AND run_id = request_id)`;

const OF_TARGETS = `
  SELECT r.id FROM json_each(?1) AS j
    CROSS JOIN records AS r INDEXED BY records_by_request ON r.request_id = j.value
  UNION
  SELECT r.id FROM json_each(?2) AS j
    CROSS JOIN records AS r INDEXED BY records_by_run ON r.run_id = j.value AND r.run_id <> r.request_id
  UNION
  SELECT r.id FROM json_each(?2) AS j
    CROSS JOIN records AS r INDEXED BY records_by_request ON r.request_id = j.value AND r.run_id = r.request_id
  UNION
  SELECT r.id FROM json_each(?3) AS j
    CROSS JOIN records AS r INDEXED BY records_by_thread ON r.thread_id = j.value
  LIMIT ?4`;

const BEGUN = "f.received_at >= r.started_at";
const ABOUT: readonly (readonly [FeedbackTarget, string])[] = [
  ["request", "records_by_request ON r.request_id = f.target_id"],
  ["run", `records_by_run ON r.run_id = f.target_id AND r.run_id <> r.request_id AND ${BEGUN}`],
  ["run", `records_by_request ON r.request_id = f.target_id AND r.run_id = r.request_id AND ${BEGUN}`],
  ["thread", `records_by_thread ON r.thread_id = f.target_id AND ${BEGUN}`],
];

/** Records in SQLite. CROSS JOIN keeps the order of tables, which SQLite would choose by statistics that it lacks. */
export class SqliteRecordDatabase implements RecordDatabase {
  readonly schema = "";
  readonly joinKinds = "CROSS JOIN record_kinds AS k ON k.id = r.kind";
  // Some milliseconds each, in which nothing else runs.
  readonly sizes = {
    records: { first: 2500, most: 2500 },
    counted: 2500,
    hours: DAY,
    days: 4 * DAY,
    feedback: 100,
  };
  readonly groupsSums = false;
  /** The plus sign keeps the database from choosing an index by it. */
  readonly named: Readonly<Record<NameFilter, string>> = {
    runId: "+r.run_id = ?",
    threadId: "+r.thread_id = ?",
    requestId: "+r.request_id = ?",
    parentId: "+r.parent_id = ?",
    tag: "EXISTS (SELECT 1 FROM record_tags WHERE tag = ? AND record_id = r.id)",
    templateId: "EXISTS (SELECT 1 FROM record_templates WHERE template_id = ? AND record_id = r.id)",
    version: "EXISTS (SELECT 1 FROM record_versions WHERE version = ? AND record_id = r.id)",
    variant: "EXISTS (SELECT 1 FROM record_variants WHERE variant = ? AND record_id = r.id)",
  };
  readonly about = ABOUT.map(([target, on]) => [target, `CROSS JOIN records AS r INDEXED BY ${on}`] as const);
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  rows<Row>(sql: string, values: readonly Value[]): Promise<Row[]> {
    return this.#connection.read((db) => db.query<Row, Value[]>(sql).all(...values));
  }

  source(names: Readonly<Partial<Record<NameFilter, string>>>): Source {
    const { requestId, parentId, runId, threadId, templateId, version, variant, tag } = names;
    if (requestId !== undefined) return indexed("records_by_request", "request_id", requestId);
    if (parentId !== undefined) return indexed("records_by_parent", "parent_id", parentId);
    if (runId !== undefined) return joined(RUN, [runId, runId]);
    if (threadId !== undefined) return indexed("records_by_thread", "thread_id", threadId);
    if (version !== undefined)
      return joined("(SELECT record_id AS id FROM record_versions WHERE version = ?)", [version]);
    if (templateId !== undefined)
      return joined("(SELECT record_id AS id FROM record_templates WHERE template_id = ?)", [templateId]);
    if (variant !== undefined)
      return joined("(SELECT record_id AS id FROM record_variants WHERE variant = ?)", [variant]);
    if (tag !== undefined) return joined("(SELECT record_id AS id FROM record_tags WHERE tag = ?)", [tag]);
    return ALL;
  }

  listed(ids: readonly string[]): Source {
    return joined("(SELECT value AS id FROM json_each(?))", [JSON.stringify(ids)]);
  }

  idsOf(targets: Readonly<Record<FeedbackTarget, readonly string[]>>, limit: number): Promise<string[]> {
    const { request, run, thread } = targets;
    const values = [...[request, run, thread].map((ids) => JSON.stringify(ids)), limit];
    return this.#connection.read((db) =>
      db
        .query<{ id: string }, Value[]>(OF_TARGETS)
        .all(...values)
        .map(({ id }) => id),
    );
  }

  async ranges(_: Source, range: IdRange): Promise<readonly IdRange[]> {
    return [range];
  }

  block(id: string | number): Promise<Uint8Array<ArrayBuffer> | null> {
    return this.#connection.read((db) => packedBlock(db, Number(id)));
  }
}

function indexed(index: string, column: string, value: string): Source {
  const from = `records AS r INDEXED BY ${index}`;
  return { ids: from, from, id: "r.id", where: `r.${column} = ?`, values: [value], isAll: false };
}

function joined(ids: string, values: readonly Value[]): Source {
  const from = `${ids} AS i CROSS JOIN records AS r ON r.id = i.id`;
  return { ids: `${ids} AS i`, from, id: "i.id", where: "true", values, isAll: false };
}
