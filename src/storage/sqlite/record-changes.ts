import type { Database } from "bun:sqlite";
import { type UsedTemplate, versionLabels } from "../../prompts/used-template.ts";
import { type RecordedDecision, variantLabel } from "../../records/decision.ts";
import type { Cost } from "../../records/record.ts";
import { leastIdAt } from "../records/ids.ts";
import { dayOf, foldedUntil } from "./record-sums.ts";

const HOUR = 3_600_000;

/** Hours whose sums outlive their records: thirteen months, so that a month can be held against last year's. */
const SUMS_OUTLIVE_MS = 396 * 24 * HOUR;

interface Priced {
  kind: number;
  startedAt: number;
  costUsd: number | null;
  decided: 0 | 1;
}

const CORRECTION = `
  SET cost_usd = cost_usd + ?, unpriced = unpriced + ?, highest_cost_usd = max(highest_cost_usd, ?) WHERE kind = ?`;

/** Puts other costs in the place of those that are kept, and their difference into the sums of the hours. */
export function setCosts(db: Database, costs: Iterable<readonly [string, Cost | null]>): void {
  const find = db.query<Priced, [string]>(
    `SELECT kind, started_at AS startedAt, cost_usd AS costUsd, decisions IS NOT NULL AS decided
     FROM records WHERE id = ?`,
  );
  const update = db.query("UPDATE records SET cost_usd = ?, cost_source = ?, cost_date = ? WHERE id = ?");
  const correctDecisions = db.query("UPDATE experiment_decisions SET cost_usd = ? WHERE record_id = ?");
  const correctHour = db.query(`UPDATE record_hours ${CORRECTION} AND hour = ?`);
  const correctDay = db.query(`UPDATE record_days ${CORRECTION} AND day = ?`);
  const progress = foldedUntil(db);
  for (const [id, cost] of costs) {
    const kept = find.get(id);
    if (kept === null) continue;
    const usd = cost !== null && Number.isFinite(cost.usd) ? cost.usd : null;
    update.run(usd, cost?.source ?? null, cost?.date ?? null, id);
    if (kept.decided === 1) correctDecisions.run(usd, id);
    const unpriced = (usd === null ? 1 : 0) - (kept.costUsd === null ? 1 : 0);
    const hour = Math.floor(kept.startedAt / HOUR);
    const change = [(usd ?? 0) - (kept.costUsd ?? 0), unpriced, usd ?? 0, kept.kind] as const;
    correctHour.run(...change, hour);
    if (hour < progress) correctDay.run(...change, dayOf(hour));
  }
}

/** What a record is found by; lists are JSON text. */
interface NamedRow {
  id: string;
  tags: string | null;
  templates: string | null;
  decisions: string | null;
}

/**
 * Deletes the oldest records below a moment (Unix milliseconds), and the sums that have outlived theirs. What was decided
 * for them in experiments stays.
 */
export function pruneRecords(db: Database, before: number, limit: number): number {
  const old = db
    .query<NamedRow, [string, number]>(
      "SELECT id, tags, templates, decisions FROM records WHERE id < ? ORDER BY id LIMIT ?",
    )
    .all(leastIdAt(before), limit);
  const untag = db.query("DELETE FROM record_tags WHERE tag = ? AND record_id = ?");
  const unname = db.query("DELETE FROM record_templates WHERE template_id = ? AND record_id = ?");
  const unversion = db.query("DELETE FROM record_versions WHERE version = ? AND record_id = ?");
  const unvary = db.query("DELETE FROM record_variants WHERE variant = ? AND record_id = ?");
  for (const { id, tags, templates, decisions } of old) {
    for (const tag of readList<string>(tags)) untag.run(tag, id);
    const used = readList<UsedTemplate>(templates);
    for (const { templateId } of used) unname.run(templateId, id);
    for (const version of versionLabels(used)) unversion.run(version, id);
    for (const decision of readList<RecordedDecision>(decisions)) unvary.run(variantLabel(decision), id);
  }
  const last = old.at(-1);
  if (last !== undefined) db.query("DELETE FROM records WHERE id <= ?").run(last.id);
  const outlived = Math.floor((before - SUMS_OUTLIVE_MS) / HOUR);
  deleteSums(db, "record_hours", "hour", outlived, limit);
  deleteSums(db, "record_days", "day", dayOf(outlived), limit);
  return old.length;
}

function deleteSums(db: Database, table: string, column: string, before: number, limit: number): void {
  db.query(
    `DELETE FROM ${table} WHERE (${column}, kind) IN (
       SELECT ${column}, kind FROM ${table} WHERE ${column} < ? ORDER BY ${column}, kind LIMIT ?)`,
  ).run(before, limit);
}

function readList<Item>(text: string | null): Item[] {
  return text === null ? [] : JSON.parse(text);
}

interface OldBlock {
  id: number;
  bodies: number;
  bytes: number;
}

/**
 * Deletes the oldest blocks of bodies: those whose records all began before a moment, and as many as it takes until the
 * rest is small enough. Returns how many records' bodies were in them.
 */
export function pruneBodies(db: Database, before: number, maxBytes: number, limit: number): number {
  let kept =
    db.query<{ bytes: number }, []>("SELECT bytes FROM record_body_totals WHERE id = 1").get()?.bytes ?? 0;
  const old = leastIdAt(before);
  const oldest = db.query<OldBlock & { newestId: string }, [number]>(
    "SELECT id, newest_id AS newestId, bodies, bytes FROM record_body_blocks ORDER BY newest_id LIMIT ?",
  );
  const remove = db.query("DELETE FROM record_body_blocks WHERE id = ?");
  let deleted = 0;
  for (const block of oldest.all(limit)) {
    if (deleted >= limit || (block.newestId >= old && kept <= maxBytes)) break;
    remove.run(block.id);
    deleted += block.bodies;
    kept -= block.bytes;
  }
  if (deleted > 0) db.query("UPDATE record_body_totals SET bytes = ? WHERE id = 1").run(kept);
  return deleted;
}
