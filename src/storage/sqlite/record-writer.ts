import type { Database } from "bun:sqlite";
import type { RequestRecord, WrittenRecord } from "../../records/record.ts";
import { compactHistograms } from "../histograms.ts";
import { RecordTotals } from "../record-totals.ts";
import { insertBlocks, nextBlock, type PackedBodies } from "./record-bodies.ts";
import { RecordKinds } from "./record-kinds.ts";
import { figuresOf, INSERT_RECORD, recordValues } from "./record-rows.ts";

const HOUR = 3_600_000;

/** Characters of histograms from which on they are made short, and records after which the long ones are looked for. */
const LONG = 2048;
const COMPACT_EVERY = 4096;
/** Requests below which their marks are short as they are. */
const FEW = 32;

const ADD_TO_HOUR = `
  INSERT INTO record_hours AS h (hour, kind, requests, input_tokens, cached_input_tokens, cache_write_input_tokens,
    output_tokens, reasoning_tokens, cost_usd, unpriced, highest_cost_usd, longest_ms, histograms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (hour, kind) DO UPDATE SET requests = h.requests + excluded.requests,
    input_tokens = h.input_tokens + excluded.input_tokens,
    cached_input_tokens = h.cached_input_tokens + excluded.cached_input_tokens,
    cache_write_input_tokens = h.cache_write_input_tokens + excluded.cache_write_input_tokens,
    output_tokens = h.output_tokens + excluded.output_tokens,
    reasoning_tokens = h.reasoning_tokens + excluded.reasoning_tokens,
    cost_usd = h.cost_usd + excluded.cost_usd, unpriced = h.unpriced + excluded.unpriced,
    highest_cost_usd = max(h.highest_cost_usd, excluded.highest_cost_usd),
    longest_ms = max(h.longest_ms, excluded.longest_ms), histograms = h.histograms || excluded.histograms`;

/** Writes batches, each within a transaction: records, bodies, what they are found by, and the sums of their hours. */
export class RecordWriter {
  readonly #kinds = new RecordKinds();
  #sinceCompaction = 0;

  write(db: Database, batch: readonly WrittenRecord[], { blocks, places }: PackedBodies): void {
    const insert = db.query(INSERT_RECORD);
    const earlier = db.query("SELECT 1 FROM records WHERE request_id = ? LIMIT 1");
    const firstBlock = blocks.length === 0 ? 0 : nextBlock(db);
    const written = new Set<string>();
    const hours: Hours = new Map();
    batch.forEach(({ record }, index) => {
      const kind = this.#kinds.idOf(db, record);
      const place = places[index] ?? null;
      const body = place === null ? null : { ...place, block: place.block + firstBlock };
      const duplicate = earlier.get(record.requestId) !== null;
      if (insert.run(...recordValues(record, { kind, body, duplicate })).changes === 0) return;
      written.add(record.id);
      insertNames(db, record);
      totalsIn(hours, Math.floor(record.startedAt / HOUR), kind).count(figuresOf(record));
    });
    if (blocks.length > 0) insertBlocks(db, blocks, firstBlock, written);
    addToHours(db, hours);
    this.#sinceCompaction += written.size;
    if (this.#sinceCompaction < COMPACT_EVERY) return;
    this.#sinceCompaction = 0;
    for (const hour of hours.keys()) compactHour(db, hour);
  }

  /** To be called when a transaction failed: what it added is not there. */
  forget(): void {
    this.#kinds.forget();
  }
}

function insertNames(db: Database, { id, tags, templates }: RequestRecord): void {
  if (tags.length > 0) {
    const insert = db.query("INSERT OR IGNORE INTO record_tags (tag, record_id) VALUES (?, ?)");
    for (const tag of tags) insert.run(tag, id);
  }
  if (templates.length > 0) {
    const insert = db.query("INSERT OR IGNORE INTO record_templates (template_id, record_id) VALUES (?, ?)");
    for (const { templateId } of templates) if (templateId !== null) insert.run(templateId, id);
  }
}

/** By hour since 1970 and kind. */
type Hours = Map<number, Map<number, RecordTotals>>;

function totalsIn(hours: Hours, hour: number, kind: number): RecordTotals {
  let kinds = hours.get(hour);
  if (kinds === undefined) {
    kinds = new Map();
    hours.set(hour, kinds);
  }
  let totals = kinds.get(kind);
  if (totals === undefined) {
    totals = new RecordTotals();
    kinds.set(kind, totals);
  }
  return totals;
}

function addToHours(db: Database, hours: Hours): void {
  const add = db.query<unknown, (number | string)[]>(ADD_TO_HOUR);
  for (const [hour, kinds] of hours) {
    for (const [kind, totals] of kinds) {
      add.run(
        hour,
        kind,
        totals.requests,
        totals.inputTokens,
        totals.cachedInputTokens,
        totals.cacheWriteInputTokens,
        totals.outputTokens,
        totals.reasoningTokens,
        totals.costUsd,
        totals.unpriced,
        totals.highestCostUsd,
        totals.longestMs,
        totals.requests < FEW ? totals.histograms : compactHistograms(totals.histograms),
      );
    }
  }
}

/** The database can only put histograms one behind the other, so they are made short now and then. */
function compactHour(db: Database, hour: number): void {
  const long = db
    .query<{ kind: number; histograms: string }, [number, number]>(
      "SELECT kind, histograms FROM record_hours WHERE hour = ? AND length(histograms) > ?",
    )
    .all(hour, LONG);
  const update = db.query("UPDATE record_hours SET histograms = ? WHERE hour = ? AND kind = ?");
  for (const { kind, histograms } of long) update.run(compactHistograms(histograms), hour, kind);
}
