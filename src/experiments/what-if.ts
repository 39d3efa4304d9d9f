import { Refusal } from "../lib/refusal.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import type { ExperimentStorage } from "./change.ts";
import { type Evaluation, evaluatePolicy, type LoggedDecision } from "./evaluate.ts";
import { metricProblem } from "./metrics.ts";
import { type ExperimentLog, readLog } from "./read-log.ts";
import { placeOf } from "./transitions.ts";
import { estimateSentence } from "./what-if-sentence.ts";

/** Which allocation is asked about; none of `weights`, `variant` and `newVersion`: each variant on its own. */
export interface PolicyQuestion {
  /** Shares by variants' names, in any unit; variants that are not named get nothing. */
  readonly weights?: Readonly<Record<string, number>>;
  /** All units to this one. */
  readonly variant?: string;
  /** All units to this version of the template. */
  readonly newVersion?: string;
  /** The experiment's own where it is absent. */
  readonly metric?: string;
  /** Unix milliseconds: units that began then or later. */
  readonly since?: number;
}

/** An allocation, and what it would have earned. Plain data. */
export interface PolicyEstimate {
  /** For people. */
  readonly policy: string;
  /** By variant; empty for a version that is none of them. */
  readonly probabilities: readonly number[];
  readonly metric: string;
  readonly evaluation: Evaluation;
  /** The answer, or why there is none, for people. */
  readonly sentence: string;
}

interface Policy {
  readonly name: string;
  readonly probabilities: readonly number[];
  /** The version that no variant has, where it is about one. */
  readonly unknownVersion: string | null;
}

/** What other allocations would have earned with an experiment's units. Throws a Refusal, and a StorageError. */
export async function evaluateLog(
  { experiments }: ExperimentStorage,
  experiment: KeptExperiment,
  question: PolicyQuestion,
  now: number,
): Promise<readonly PolicyEstimate[]> {
  const policies = policiesOf(experiment, question);
  const metric = question.metric ?? experiment.metric.name;
  // Which kind it is does not matter here; whether there can be such a metric does.
  if (metricProblem({ name: metric, kind: "boolean" }) && metricProblem({ name: metric, kind: "number" }))
    throw new Refusal("invalid", metricProblem({ name: metric, kind: "number" })!);
  const log = decisionsOf(
    await readLog(experiments, experiment, [metric], now),
    experiment,
    metric,
    question.since,
  );
  return policies.map(({ name, probabilities, unknownVersion }) => {
    const wanted = unknownVersion === null ? probabilities : [...probabilities, 1];
    const evaluation = evaluatePolicy(log, () => wanted);
    const shown = unknownVersion === null ? probabilities : [];
    const about = { experiment, metric, name, unknownVersion };
    return {
      policy: name,
      probabilities: shown,
      metric,
      evaluation,
      sentence: estimateSentence(about, evaluation),
    };
  });
}

function policiesOf(experiment: KeptExperiment, question: PolicyQuestion): readonly Policy[] {
  const { variants } = experiment;
  const { weights, variant, newVersion } = question;
  if ([weights, variant, newVersion].filter((one) => one !== undefined).length > 1)
    throw new Refusal("invalid", "Ask for one of weights, a variant and a new version.");
  const only = (place: number): Policy => ({
    name: `all to ${variants[place]?.name}`,
    probabilities: variants.map((_, index) => (index === place ? 1 : 0)),
    unknownVersion: null,
  });
  if (variant !== undefined) return [only(placeOf(experiment, variant))];
  if (weights !== undefined) return [weighted(experiment, weights)];
  if (newVersion === undefined) return variants.map((_, place) => only(place));
  const same = variants.flatMap(({ version }, place) => (version === newVersion ? [place] : []));
  if (same.length > 0) return same.map(only);
  const none = variants.map(() => 0);
  return [{ name: `all to version ${newVersion}`, probabilities: none, unknownVersion: newVersion }];
}

function weighted(experiment: KeptExperiment, weights: Readonly<Record<string, number>>): Policy {
  const given = new Map(
    Object.entries(weights).map(([name, weight]) => [placeOf(experiment, name), weight] as const),
  );
  const list = experiment.variants.map((_, place) => given.get(place) ?? 0);
  const sum = list.reduce((total, weight) => total + weight, 0);
  if (!(list.every((weight) => weight >= 0) && sum > 0 && Number.isFinite(sum)))
    throw new Refusal("invalid", "Weights are numbers from 0 on, at least one of them above 0.");
  const probabilities = list.map((weight) => weight / sum);
  const names = probabilities.flatMap((share, place) =>
    share > 0 ? [`${experiment.variants[place]!.name} ${Number((share * 100).toFixed(1))} %`] : [],
  );
  return { name: names.join(", "), probabilities, unknownVersion: null };
}

/** Units with a value, as they were decided. */
function decisionsOf(
  log: ExperimentLog,
  experiment: KeptExperiment,
  metric: string,
  since = Number.NEGATIVE_INFINITY,
): LoggedDecision[] {
  // Where a variant brings its model, the model says what was decided, and not what kind of unit it was.
  const bringsModel = experiment.variants.some(
    ({ model, route }) => model !== undefined || route !== undefined,
  );
  return log.values(metric).flatMap(({ unit, variant, value }) => {
    const facts = log.units.get(unit);
    if (facts === undefined || facts.startedAt < since) return [];
    const kind = JSON.stringify([bringsModel ? null : facts.model, facts.agentId]);
    return [{ variant, probability: facts.probability, value, kind }];
  });
}
