import type { Decision } from "../../experiments/assign.ts";
import type { ReadableDatabase } from "../readable.ts";
import { pause } from "../records/slices.ts";

/** Decisions looked at in one go: some milliseconds, in which nothing else runs. */
const SLICE = 5000;

/** `place` is its number in the order in which they were recorded. */
interface Row extends Decision {
  readonly unit: string;
  readonly startedAt: number;
  readonly place: number;
}

/** See `ExperimentStore.unitDecisions`. */
export async function unitDecisions(
  database: ReadableDatabase,
  experiment: string,
  since: number,
  limit: number,
): Promise<ReadonlyMap<string, Decision>> {
  const sql = `
    SELECT unit, variant, probability, epoch, started_at AS "startedAt", CAST(sequence AS double precision) AS place
    FROM ${database.schema}experiment_decisions
    WHERE experiment = ? AND started_at >= ? AND (started_at, sequence) < (?, ?)
    ORDER BY started_at DESC, sequence DESC LIMIT ?`;
  const decisions = new Map<string, Decision>();
  let before: Row | undefined;
  do {
    const { startedAt = Number.MAX_SAFE_INTEGER, place = 0 } = before ?? {};
    const rows = await database.rows<Row>(sql, [experiment, since, startedAt, place, SLICE]);
    for (const { unit, variant, probability, epoch } of rows) {
      if (decisions.has(unit)) continue;
      if (decisions.size >= limit) return decisions;
      decisions.set(unit, { variant, probability, epoch });
    }
    before = rows.length < SLICE ? undefined : rows.at(-1);
    await pause();
  } while (before !== undefined);
  return decisions;
}
