import type { RequestRecord } from "../../records/record.ts";
import { DECISION_NAMES, decisionValues } from "../experiments/decisions.ts";
import { itemsOf, named } from "./json-items.ts";
import type { Query } from "./query.ts";
import { toDatabaseJson } from "./text.ts";

const TYPES = { variant: "integer", epoch: "integer", probability: "float8", failed: "boolean" } as const;

const INSERT = `
  INSERT INTO amsterdam.experiment_decisions (${DECISION_NAMES.join(", ")})
  SELECT ${DECISION_NAMES.map((name) => `item.${name}`).join(", ")} FROM ${itemsOf(DECISION_NAMES, TYPES)}
  ON CONFLICT (record_id, experiment) DO NOTHING`;

/** Stores what experiments decided for records. A request that was recorded before under its id has been counted then. */
export async function insertDecisions(
  query: Query,
  records: readonly RequestRecord[],
  written: readonly { readonly id: string; readonly duplicate: boolean }[],
): Promise<void> {
  const decided = records.filter(({ decisions }) => decisions.length > 0);
  if (decided.length === 0) return;
  const duplicates = new Set(written.filter(({ duplicate }) => duplicate).map(({ id }) => id));
  const rows = decided
    .filter(({ id }) => !duplicates.has(id))
    .flatMap((record) => record.decisions.map((decision) => decisionValues(record, decision)))
    .map((values) => named(DECISION_NAMES, values));
  if (rows.length > 0) await query(INSERT, [toDatabaseJson(rows)]);
}
