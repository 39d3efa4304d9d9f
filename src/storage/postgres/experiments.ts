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
import type { PostgresConnection } from "./connection.ts";
import type { Query } from "./query.ts";
import { readable } from "./readable.ts";
import { moveRevision } from "./revision.ts";

/** Held by who makes and changes experiments, since at most one may run on a template. "AMEX" in letters. */
const EXPERIMENTS_LOCK = 0x414d4558;

const LOCK = "SELECT pg_advisory_xact_lock($1)";

const valuesFor = (names: readonly unknown[]) => names.map((_, index) => `$${index + 1}`).join(", ");

const INSERT = `
  INSERT INTO amsterdam.experiments (${EXPERIMENT_NAMES.join(", ")}) VALUES (${valuesFor(EXPERIMENT_NAMES)})`;

const UPDATE = `
  UPDATE amsterdam.experiments SET ${EXPERIMENT_NAMES.map((name, index) => `${name} = $${index + 1}`).join(", ")}
  WHERE id = $1`;

const INSERT_EVENT = `
  INSERT INTO amsterdam.experiment_events (${EVENT_NAMES.join(", ")}) VALUES (${valuesFor(EVENT_NAMES)})`;

const INSERT_EPOCH = `
  INSERT INTO amsterdam.experiment_epochs (${EPOCH_NAMES.join(", ")}) VALUES (${valuesFor(EPOCH_NAMES)})
  ON CONFLICT (experiment, number) DO NOTHING`;

const REVISION = "SELECT revision::float8 AS revision FROM amsterdam.experiments WHERE id = $1";

const RUNNING = `
  SELECT FROM amsterdam.experiments WHERE template = $1 AND status = 'running' AND id <> $2`;

const LEAD = `
  INSERT INTO amsterdam.experiment_leader AS l (id, process, until) VALUES (1, $1, $2)
  ON CONFLICT (id) DO UPDATE SET process = excluded.process, until = excluded.until
  WHERE l.process = $1 OR l.until <= $3 OR l.until > $4`;

const PRUNE_ROUTES = `
  DELETE FROM amsterdam.experiment_decisions WHERE sequence IN (
    SELECT sequence FROM amsterdam.experiment_decisions
    WHERE substr(experiment, 1, 6) = 'route:' AND started_at < $1 ORDER BY started_at LIMIT $2)`;

const PRUNE_ENDED = `
  DELETE FROM amsterdam.experiment_decisions WHERE sequence IN (
    SELECT d.sequence FROM amsterdam.experiments AS e
    JOIN amsterdam.experiment_decisions AS d ON d.experiment = e.id
    WHERE e.status = 'ended' AND (e.definition::json ->> 'endedAt')::float8 < $1 LIMIT $2)`;

export class PostgresExperiments extends ExperimentReader implements ExperimentStore {
  readonly #connection: PostgresConnection;

  constructor(connection: PostgresConnection) {
    super(readable(connection));
    this.#connection = connection;
  }

  create(experiment: KeptExperiment, event: ExperimentEvent): Promise<"created" | "taken" | "overlaps"> {
    return this.#connection.write(async (query) => {
      await query(LOCK, [EXPERIMENTS_LOCK]);
      if ((await revisionOf(query, experiment.id)) !== null) return "taken";
      if (await overlaps(query, experiment)) return "overlaps";
      await query(INSERT, experimentValues(experiment));
      await insertEvents(query, experiment.id, [event]);
      await moveRevision(query, "experiments");
      return "created";
    });
  }

  change(
    experiment: KeptExperiment,
    events: readonly ExperimentEvent[],
  ): Promise<"changed" | "stale" | "overlaps"> {
    return this.#connection.write(async (query) => {
      await query(LOCK, [EXPERIMENTS_LOCK]);
      if ((await revisionOf(query, experiment.id)) !== experiment.revision - 1) return "stale";
      if (await overlaps(query, experiment)) return "overlaps";
      await query(UPDATE, experimentValues(experiment));
      await insertEvents(query, experiment.id, events);
      await moveRevision(query, "experiments");
      return "changed";
    });
  }

  addEpoch(id: string, epoch: Epoch): Promise<boolean> {
    return this.#connection.write(async (query) => {
      if ((await query(INSERT_EPOCH, epochValues(id, epoch))).count === 0) return false;
      await moveRevision(query, "experiments");
      return true;
    });
  }

  prune({ routesBefore, endedBefore, limit }: PruneBounds): Promise<number> {
    return this.#connection.write(async (query) => {
      const routes = await query(PRUNE_ROUTES, [routesBefore, limit]);
      const ended = await query(PRUNE_ENDED, [endedBefore, limit]);
      return routes.count + ended.count;
    });
  }

  lead(process: string, now: number, until: number): Promise<boolean> {
    const values = [process, until, now, furthestLead(now, until)];
    return this.#connection.write(async (query) => (await query(LEAD, values)).count === 1);
  }
}

/** Null where there is no such experiment. */
async function revisionOf(query: Query, id: string): Promise<number | null> {
  return (await query<{ revision: number }>(REVISION, [id])).rows[0]?.revision ?? null;
}

async function overlaps(query: Query, { id, template, status }: KeptExperiment): Promise<boolean> {
  return status === "running" && (await query(RUNNING, [template, id])).count > 0;
}

/** One after the other on the server, without waiting for an answer in between. */
async function insertEvents(query: Query, id: string, events: readonly ExperimentEvent[]): Promise<void> {
  await Promise.all(events.map((event) => query(INSERT_EVENT, eventValues(id, event))));
}
