import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import type { Epoch, Guardrail, Observation } from "./experiment.ts";
import { breaches } from "./guardrails.ts";
import { type ExperimentLog, readLog } from "./read-log.ts";
import { type Verdict, verdictOf } from "./verdict.ts";
import { verdictSentence } from "./verdict-sentence.ts";

/** What is known of an experiment now. Plain data: it goes from one thread to another. */
export interface ExperimentReport {
  readonly verdict: Verdict;
  /** The verdict for people. */
  readonly sentence: string;
  readonly requests: number;
  /** Units that were decided, with and without a value of the metric; of each variant in order. */
  readonly units: readonly number[];
  /** Units that have a value of the metric. */
  readonly judged: number;
  /** Units whose sum of the metric may still grow, which do not count yet. */
  readonly open: number;
  /** Units that had more than one variant. They count for their first. */
  readonly crossed: number;
  /** Units left out, of unknown variants or epochs or with values that cannot be, and feedback that is no number. */
  readonly ignored: number;
  readonly guardrails: readonly GuardrailReport[];
  /** The probabilities by which units are decided now; null before the first. */
  readonly epoch: Epoch | null;
  readonly epochs: number;
  /** False where there are more requests than are read. */
  readonly complete: boolean;
}

export interface GuardrailReport {
  readonly guardrail: Guardrail;
  readonly variants: readonly {
    readonly units: number;
    /** Null without units. */
    readonly mean: number | null;
    /** Why the variant is surely beyond the limit; null where it is not. */
    readonly breach: string | null;
  }[];
}

/** Everything that conclusions are drawn from. */
export interface ExperimentData {
  readonly epochs: readonly Epoch[];
  readonly log: ExperimentLog;
}

export async function readData(
  { experiments }: Pick<Storage, "experiments">,
  experiment: KeptExperiment,
  now: number,
): Promise<ExperimentData> {
  const epochs = await experiments.epochs(experiment.id);
  const metrics = [experiment.metric, ...experiment.guardrails.map(({ metric }) => metric)];
  const log = await readLog(
    experiments,
    experiment,
    metrics.map(({ name }) => name),
    now,
  );
  return { epochs, log };
}

/** What is known of an experiment, from all that was recorded of it. Rejects with a StorageError. */
export async function reportOf(
  storage: Pick<Storage, "experiments">,
  experiment: KeptExperiment,
  now: number,
): Promise<ExperimentReport> {
  return reportFrom(experiment, await readData(storage, experiment, now));
}

/** The same from what was read before. It takes up to a second with many epochs and variants. */
export function reportFrom(experiment: KeptExperiment, { epochs, log }: ExperimentData): ExperimentReport {
  const measured = log.measured(experiment.metric.name);
  const verdict = verdictOf(experiment, epochs, measured.observations);
  const units = experiment.variants.map(() => 0);
  let crossed = 0;
  for (const unit of log.units.values()) {
    if (unit.variant in units) units[unit.variant]! += 1;
    if (unit.crossed) crossed += 1;
  }
  return {
    verdict,
    sentence: verdictSentence(experiment, verdict),
    requests: log.requests,
    units,
    judged: verdict.variants.reduce((sum, { count }) => sum + count, 0),
    open: measured.open,
    crossed,
    ignored: verdict.ignored + measured.dropped,
    guardrails: guardrailReports(experiment, log),
    epoch: epochs.at(-1) ?? null,
    epochs: epochs.length,
    complete: log.complete,
  };
}

/** What each guardrail's metric is, by variant. */
function guardrailReports(experiment: KeptExperiment, log: ExperimentLog): GuardrailReport[] {
  const found = guardrailBreaches(experiment, log);
  return experiment.guardrails.map((guardrail) => {
    const { observations } = log.measured(guardrail.metric.name);
    const variants = experiment.variants.map((_, variant) => ({
      ...meanOf(observations.filter((observation) => observation.variant === variant)),
      breach:
        found.find((breach) => breach.variant === variant && breach.guardrail === guardrail)?.reason ?? null,
    }));
    return { guardrail, variants };
  });
}

export function guardrailBreaches(
  { guardrails, variants, errorRate }: KeptExperiment,
  log: ExperimentLog,
): ReturnType<typeof breaches> {
  const observations = guardrails.map(({ metric }) => log.measured(metric.name).observations);
  return breaches(guardrails, observations, variants.length, errorRate);
}

function meanOf(observations: readonly Observation[]): { units: number; mean: number | null } {
  const units = observations.reduce((sum, { count }) => sum + count, 0);
  const total = observations.reduce((sum, { value, count }) => sum + value * (count / units), 0);
  return { units, mean: units === 0 ? null : total };
}
