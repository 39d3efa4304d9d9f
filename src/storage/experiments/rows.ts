import type { Epoch } from "../../experiments/experiment.ts";
import type { DecidedRequest, ExperimentEvent, KeptExperiment } from "../experiment-store.ts";

/** What an experiment's row has beside itself is for finding it. */
export const EXPERIMENT_NAMES = ["id", "template", "status", "revision", "definition"] as const;

export function experimentValues(experiment: KeptExperiment): (string | number)[] {
  const { id, template, status, revision } = experiment;
  return [id, template, status, revision, JSON.stringify(experiment)];
}

/** `definition` is JSON text of a KeptExperiment. */
export interface ExperimentRow {
  readonly definition: string;
}

export function experimentFromRow({ definition }: ExperimentRow): KeptExperiment {
  return JSON.parse(definition);
}

export const EVENT_NAMES = ["experiment", "at", "kind", "variant", "detail", "by"] as const;

export function eventValues(
  experiment: string,
  { at, kind, variant, detail, by }: ExperimentEvent,
): (string | number | null)[] {
  return [experiment, at, kind, variant, detail, by];
}

/** What an event is read from: a row is one as it stands. */
export const EVENT_COLUMNS = `at, kind, variant, detail, by`;

export const EPOCH_NAMES = ["experiment", "number", "started_at", "probabilities", "centre"] as const;

export function epochValues(
  experiment: string,
  { number, startedAt, probabilities, centre }: Epoch,
): (string | number)[] {
  return [experiment, number, startedAt, JSON.stringify(probabilities), centre];
}

/** What an epoch is read from, of the table `e`. */
export const EPOCH_COLUMNS = `
  e.experiment, e.number, e.started_at AS "startedAt", e.probabilities, e.centre`;

/** `probabilities` is JSON text. */
export interface EpochRow extends Omit<Epoch, "probabilities"> {
  readonly experiment: string;
  readonly probabilities: string;
}

export function epochFromRow({ number, startedAt, probabilities, centre }: EpochRow): Epoch {
  return { number, startedAt, probabilities: JSON.parse(probabilities), centre };
}

/** What a decided request is read from. `place` is its number in the order in which they were recorded. */
export const DECIDED_COLUMNS = `
  CAST(sequence AS double precision) AS place, unit, variant, epoch, probability, started_at AS "startedAt", model,
  agent_id AS "agentId", cost_usd AS "costUsd", duration_ms AS "durationMs", first_token_ms AS "firstTokenMs",
  output_tokens AS "outputTokens", failed, finish`;

export interface DecidedRow extends Omit<DecidedRequest, "failed"> {
  readonly place: number;
  readonly failed: boolean | 0 | 1;
}

export function decidedFromRow({ place: _, failed, ...request }: DecidedRow): DecidedRequest {
  return { ...request, failed: Boolean(failed) };
}
