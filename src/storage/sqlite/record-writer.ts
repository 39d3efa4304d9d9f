import type { Database } from "bun:sqlite";
import { versionLabels } from "../../prompts/used-template.ts";
import type { RequestRecord, WrittenRecord } from "../../records/record.ts";
import type { PackedBodies } from "../records/bodies.ts";
import { figuresOf, RECORD_NAMES, recordValues } from "../records/rows.ts";
import { insertBlocks, nextBlock } from "./record-bodies.ts";
import { insertDecisions, insertVariants } from "./record-decisions.ts";
import { RecordKinds } from "./record-kinds.ts";
import { addToSums, compactSums, type HourTotals, totalsIn } from "./record-sums.ts";

const HOUR = 3_600_000;

/** Nothing is inserted where the id is kept already. */
const INSERT_RECORD = `
  INSERT INTO records (${RECORD_NAMES.join(", ")}) VALUES (${RECORD_NAMES.map(() => "?").join(", ")})
  ON CONFLICT (id) DO NOTHING`;

/** Records after which histograms that became long are looked for. */
const COMPACT_EVERY = 4096;

/** Writes batches, each within a transaction: records, bodies, what they are found by, and the sums of their hours. */
export class RecordWriter {
  readonly #kinds = new RecordKinds();
  #sinceCompaction = 0;

  write(db: Database, batch: readonly WrittenRecord[], { blocks, places }: PackedBodies): void {
    const insert = db.query(INSERT_RECORD);
    const earlier = db.query("SELECT 1 FROM records WHERE request_id = ? LIMIT 1");
    const firstBlock = blocks.length === 0 ? 0 : nextBlock(db);
    const written = new Set<string>();
    const hours: HourTotals = new Map();
    batch.forEach(({ record }, index) => {
      const kind = this.#kinds.idOf(db, record);
      const place = places[index] ?? null;
      const body = place === null ? null : { ...place, block: place.block + firstBlock };
      const duplicate = earlier.get(record.requestId) !== null;
      if (insert.run(...recordValues(record, { kind, body, duplicate })).changes === 0) return;
      written.add(record.id);
      insertNames(db, record);
      if (record.decisions.length > 0) {
        insertVariants(db, record);
        if (!duplicate) insertDecisions(db, record);
      }
      totalsIn(hours, Math.floor(record.startedAt / HOUR), kind).count(figuresOf(record));
    });
    if (blocks.length > 0) insertBlocks(db, blocks, firstBlock, written);
    addToSums(db, hours);
    this.#sinceCompaction += written.size;
    if (this.#sinceCompaction < COMPACT_EVERY) return;
    this.#sinceCompaction = 0;
    for (const hour of hours.keys()) compactSums(db, hour);
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
    const insertVersion = db.query(
      "INSERT OR IGNORE INTO record_versions (version, record_id) VALUES (?, ?)",
    );
    for (const version of versionLabels(templates)) insertVersion.run(version, id);
  }
}
