import type { Decision } from "../../experiments/assign.ts";
import type { Epoch } from "../../experiments/experiment.ts";
import type { DecidedRequest, ExperimentEvent, Judgement, KeptExperiment } from "../experiment-store.ts";
import type { ReadableDatabase } from "../readable.ts";
import { judged } from "./judged.ts";
import {
  DECIDED_COLUMNS,
  type DecidedRow,
  decidedFromRow,
  EPOCH_COLUMNS,
  type EpochRow,
  EVENT_COLUMNS,
  type ExperimentRow,
  epochFromRow,
  experimentFromRow,
} from "./rows.ts";
import { unitDecisions } from "./unit-decisions.ts";

interface Page {
  readonly limit: number;
  readonly cursor?: number;
}

/** What is asked of experiments, of whatever database: the reading half of an ExperimentStore. */
export class ExperimentReader {
  readonly #database: ReadableDatabase;

  constructor(database: ReadableDatabase) {
    this.#database = database;
  }

  async list(): Promise<KeptExperiment[]> {
    const sql = `SELECT definition FROM ${this.#database.schema}experiments ORDER BY sequence DESC`;
    return (await this.#database.rows<ExperimentRow>(sql, [])).map(experimentFromRow);
  }

  async get(id: string): Promise<KeptExperiment | null> {
    const sql = `SELECT definition FROM ${this.#database.schema}experiments WHERE id = ?`;
    const [row] = await this.#database.rows<ExperimentRow>(sql, [id]);
    return row === undefined ? null : experimentFromRow(row);
  }

  events(id: string): Promise<ExperimentEvent[]> {
    const sql = `SELECT ${EVENT_COLUMNS} FROM ${this.#database.schema}experiment_events
      WHERE experiment = ? ORDER BY sequence`;
    return this.#database.rows<ExperimentEvent>(sql, [id]);
  }

  async epochs(id: string): Promise<Epoch[]> {
    const sql = `SELECT ${EPOCH_COLUMNS} FROM ${this.#database.schema}experiment_epochs AS e
      WHERE e.experiment = ? ORDER BY e.number`;
    return (await this.#database.rows<EpochRow>(sql, [id])).map(epochFromRow);
  }

  async newestEpochs(ids: readonly string[]): Promise<ReadonlyMap<string, Epoch>> {
    if (ids.length === 0) return new Map();
    const epochs = `${this.#database.schema}experiment_epochs`;
    const sql = `
      SELECT ${EPOCH_COLUMNS} FROM ${epochs} AS e JOIN (
        SELECT experiment, max(number) AS number FROM ${epochs}
        WHERE experiment IN (${ids.map(() => "?").join(", ")}) GROUP BY experiment
      ) AS newest ON newest.experiment = e.experiment AND newest.number = e.number`;
    const rows = await this.#database.rows<EpochRow>(sql, ids);
    return new Map(rows.map((row) => [row.experiment, epochFromRow(row)]));
  }

  async decided(
    id: string,
    { limit, cursor = 0 }: Page,
  ): Promise<{ readonly requests: readonly DecidedRequest[]; readonly cursor: number | null }> {
    const decisions = `${this.#database.schema}experiment_decisions`;
    const sql = `SELECT ${DECIDED_COLUMNS} FROM ${decisions}
      WHERE experiment = ? AND sequence > ? ORDER BY sequence LIMIT ?`;
    const rows = await this.#database.rows<DecidedRow>(sql, [id, cursor, limit + 1]);
    const last = rows.length > limit ? rows[limit - 1] : undefined;
    return { requests: rows.slice(0, limit).map(decidedFromRow), cursor: last?.place ?? null };
  }

  judged(
    id: string,
    name: string,
    page: Page,
  ): Promise<{ readonly judgements: readonly Judgement[]; readonly cursor: number | null }> {
    return judged(this.#database, id, name, page);
  }

  unitDecisions(id: string, since: number, limit: number): Promise<ReadonlyMap<string, Decision>> {
    return unitDecisions(this.#database, id, since, limit);
  }
}
