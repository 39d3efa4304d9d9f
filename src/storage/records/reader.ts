import type { RecordedBodies, RequestRecord } from "../../records/record.ts";
import { type Position, readCursor, writeCursor } from "../record-cursor.ts";
import type {
  FeedbackRow,
  GatheredBy,
  GatheredPage,
  RecordFilter,
  RecordOrder,
  RecordPage,
  StatisticsQuery,
  StatisticsRow,
} from "../record-store.ts";
import { type BodyPlace, bodiesIn, readBlock } from "./bodies.ts";
import type { RecordDatabase } from "./database.ts";
import { feedbackStatistics } from "./feedback-statistics.ts";
import { gathered } from "./gathering.ts";
import { fromRow, RECORD_COLUMNS, type RecordRow } from "./rows.ts";
import { type Found, search } from "./search.ts";
import { recordStatistics } from "./statistics.ts";
import { searchText } from "./text.ts";

/** What is asked of records, of whatever database: the reading half of a RecordStore. */
export class RecordReader {
  readonly #database: RecordDatabase;

  constructor(database: RecordDatabase) {
    this.#database = database;
  }

  async list(
    filter: RecordFilter,
    { order, limit, cursor }: { order: RecordOrder; limit: number; cursor?: string },
  ): Promise<RecordPage> {
    const after = cursor === undefined ? null : readCursor(order, cursor);
    if (limit < 1) return { records: [], cursor: cursor ?? null };
    const { found, next } = await this.#find(filter, order, after, limit);
    const records = await this.#byIds(found.map(({ id }) => id));
    return { records, cursor: next === null ? null : writeCursor(order, next) };
  }

  async #find(
    filter: RecordFilter,
    order: RecordOrder,
    after: Position | null,
    limit: number,
  ): Promise<{ readonly found: readonly Found[]; readonly next: Position | null }> {
    const { text } = filter;
    if (text !== undefined) return searchText(this.#database, { ...filter, text }, { order, after, limit });
    const found = await search(this.#database, filter, { order, after, limit: limit + 1 });
    if (found.length <= limit) return { found, next: null };
    return { found: found.slice(0, limit), next: found[limit - 1] ?? null };
  }

  async get(id: string): Promise<RequestRecord | null> {
    const [record] = await this.#byIds([id]);
    if (record !== undefined) return record;
    return (await this.list({ requestId: id }, { order: "newest", limit: 1 })).records[0] ?? null;
  }

  async run(runId: string, limit: number): Promise<RequestRecord[]> {
    const found = await search(this.#database, { runId }, { order: "oldest", after: null, limit });
    return this.#byIds(found.map(({ id }) => id));
  }

  async bodies(id: string): Promise<RecordedBodies | null> {
    const sql = `SELECT body_block AS block, body_offset AS "offset", body_request AS request,
      body_response AS response, body_cut AS cut FROM ${this.#database.schema}records WHERE id = ?`;
    type Place = { [name in keyof BodyPlace]: number | null } & { block: string | number | null };
    const [place] = await this.#database.rows<Place>(sql, [id]);
    if (place === undefined || place.block === null || place.offset === null) return null;
    const { offset, request, response, cut } = place;
    const block = await readBlock(await this.#database.block(place.block));
    if (block === null) return null;
    const bodies = bodiesIn(block, { offset, request, response, cut: Boolean(cut) });
    // Copies, so that the block's memory is not kept for one of its bodies.
    return {
      request: bodies.request?.slice() ?? null,
      response: bodies.response?.slice() ?? null,
      cut: bodies.cut,
    };
  }

  gathered(
    by: GatheredBy,
    filter: Omit<RecordFilter, "text">,
    page: { readonly limit: number; readonly cursor?: string },
  ): Promise<GatheredPage> {
    return gathered(this.#database, by, filter, page);
  }

  statistics(query: StatisticsQuery): Promise<StatisticsRow[]> {
    return recordStatistics(this.#database, query);
  }

  feedbackStatistics(query: StatisticsQuery): Promise<FeedbackRow[]> {
    return feedbackStatistics(this.#database, query);
  }

  /** Those that are there, in the order of the ids. */
  async #byIds(ids: readonly string[]): Promise<RequestRecord[]> {
    if (ids.length === 0) return [];
    const { from, where, values } = this.#database.listed(ids);
    const sql = `SELECT ${RECORD_COLUMNS} FROM ${from} ${this.#database.joinKinds} WHERE ${where}`;
    const rows = await this.#database.rows<RecordRow>(sql, values);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => {
      const row = byId.get(id);
      return row === undefined ? [] : [fromRow(row)];
    });
  }
}
