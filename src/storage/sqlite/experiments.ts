import type { Database } from "bun:sqlite";
import type { Epoch } from "../../experiments/experiment.ts";
import type { ExperimentEvent, ExperimentStore, KeptExperiment, PruneBounds } from "../experiment-store.ts";
import { furthestLead } from "../experiments/lead.ts";
import { ExperimentReader } from "../experiments/reader.ts";
import {
  EPOCH_NAMES,
  EVENT_NAMES,
  EXPERIMENT_NAMES,
  epochValues,
  eventValues,
  experimentValues,
} from "../experiments/rows.ts";
import type { SqliteConnection } from "./connection.ts";
import { readable } from "./readable.ts";
import { moveRevision } from "./revision.ts";

const INSERT = `
  INSERT INTO experiments (${EXPERIMENT_NAMES.join(", ")}) VALUES (${EXPERIMENT_NAMES.map(() => "?").join(", ")})`;
const UPDATE = `
  UPDATE experiments SET ${EXPERIMENT_NAMES.map((name) => `${name} = ?`).join(", ")} WHERE id = ? AND revision = ?`;
const INSERT_EVENT = `
  INSERT INTO experiment_events (${EVENT_NAMES.join(", ")}) VALUES (${EVENT_NAMES.map(() => "?").join(", ")})`;
const INSERT_EPOCH = `
  INSERT INTO experiment_epochs (${EPOCH_NAMES.join(", ")}) VALUES (${EPOCH_NAMES.map(() => "?").join(", ")})
  ON CONFLICT DO NOTHING`;

const LEAD = `
  INSERT INTO experiment_leader (id, process, until) VALUES (1, ?1, ?2)
  ON CONFLICT (id) DO UPDATE SET process = excluded.process, until = excluded.until
  WHERE experiment_leader.process = ?1 OR experiment_leader.until <= ?3 OR experiment_leader.until > ?4`;

const PRUNE_ROUTES = `
  DELETE FROM experiment_decisions WHERE sequence IN (
    SELECT sequence FROM experiment_decisions
    WHERE substr(experiment, 1, 6) = 'route:' AND started_at < ? ORDER BY started_at LIMIT ?)`;

const PRUNE_ENDED = `
  DELETE FROM experiment_decisions WHERE sequence IN (
    SELECT d.sequence FROM experiments AS e CROSS JOIN experiment_decisions AS d ON d.experiment = e.id
    WHERE e.status = 'ended' AND e.definition ->> '$.endedAt' < ? LIMIT ?)`;

export class SqliteExperiments extends ExperimentReader implements ExperimentStore {
  readonly #connection: SqliteConnection;

  constructor(connection: SqliteConnection) {
    super(readable(connection));
    this.#connection = connection;
  }

  create(experiment: KeptExperiment, event: ExperimentEvent): Promise<"created" | "taken" | "overlaps"> {
    return this.#connection.writeDurably((db) => {
      if (revisionOf(db, experiment.id) !== null) return "taken";
      if (overlaps(db, experiment)) return "overlaps";
      db.query(INSERT).run(...experimentValues(experiment));
      insertEvents(db, experiment.id, [event]);
      moveRevision(db, "experiments");
      return "created";
    });
  }

  change(
    experiment: KeptExperiment,
    events: readonly ExperimentEvent[],
  ): Promise<"changed" | "stale" | "overlaps"> {
    return this.#connection.writeDurably((db) => {
      const { id, revision } = experiment;
      if (revisionOf(db, id) !== revision - 1) return "stale";
      if (overlaps(db, experiment)) return "overlaps";
      db.query(UPDATE).run(...experimentValues(experiment), id, revision - 1);
      insertEvents(db, id, events);
      moveRevision(db, "experiments");
      return "changed";
    });
  }

  addEpoch(id: string, epoch: Epoch): Promise<boolean> {
    return this.#connection.writeDurably((db) => {
      if (db.query(INSERT_EPOCH).run(...epochValues(id, epoch)).changes === 0) return false;
      moveRevision(db, "experiments");
      return true;
    });
  }

  prune({ routesBefore, endedBefore, limit }: PruneBounds): Promise<number> {
    return this.#connection.write((db) => {
      const routes = db.query(PRUNE_ROUTES).run(routesBefore, limit).changes;
      return routes + db.query(PRUNE_ENDED).run(endedBefore, limit).changes;
    });
  }

  lead(process: string, now: number, until: number): Promise<boolean> {
    const believable = furthestLead(now, until);
    return this.#connection.write((db) => db.query(LEAD).run(process, until, now, believable).changes === 1);
  }
}

/** Null where there is no such experiment. */
function revisionOf(db: Database, id: string): number | null {
  const sql = "SELECT revision FROM experiments WHERE id = ?";
  return db.query<{ revision: number }, [string]>(sql).get(id)?.revision ?? null;
}

function overlaps(db: Database, { id, template, status }: KeptExperiment): boolean {
  if (status !== "running") return false;
  const sql = "SELECT 1 FROM experiments WHERE template = ? AND status = 'running' AND id <> ?";
  return db.query(sql).get(template, id) !== null;
}

function insertEvents(db: Database, id: string, events: readonly ExperimentEvent[]): void {
  const insert = db.query(INSERT_EVENT);
  for (const event of events) insert.run(...eventValues(id, event));
}
