import type { Database } from "bun:sqlite";
import { variantLabel } from "../../records/decision.ts";
import type { RequestRecord } from "../../records/record.ts";
import { DECISION_NAMES, decisionValues } from "../experiments/decisions.ts";

const INSERT_DECISION = `
  INSERT INTO experiment_decisions (${DECISION_NAMES.join(", ")}) VALUES (${DECISION_NAMES.map(() => "?").join(", ")})
  ON CONFLICT (record_id, experiment) DO NOTHING`;

/** By what a record is found that had variants. */
export function insertVariants(db: Database, { id, decisions }: RequestRecord): void {
  const insert = db.query("INSERT OR IGNORE INTO record_variants (variant, record_id) VALUES (?, ?)");
  for (const decision of decisions) insert.run(variantLabel(decision), id);
}

/** The experiments' own data. A request that was recorded before under its id has been counted then. */
export function insertDecisions(db: Database, record: RequestRecord): void {
  const insert = db.query(INSERT_DECISION);
  for (const decision of record.decisions) insert.run(...decisionValues(record, decision));
}
