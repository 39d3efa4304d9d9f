import { assign } from "../../src/experiments/assign.ts";
import type { NewExperiment } from "../../src/experiments/definition.ts";
import { UlidMaker } from "../../src/lib/ulid.ts";
import { revisionOf } from "../../src/prompts/revision.ts";
import type { RequestRecord, WrittenRecord } from "../../src/records/record.ts";
import type { Feedback } from "../../src/storage/feedback-store.ts";
import type { Storage } from "../../src/storage/interface.ts";
import { requestRecord } from "./records.ts";

/** Two variants of the template `greeting` on feedback named `helpful`, with what is to be different. */
export function newExperiment(change: Partial<NewExperiment> = {}): NewExperiment {
  return {
    id: null,
    description: "",
    template: "greeting",
    variants: [
      { name: "plain", version: "1" },
      { name: "warm", version: "2" },
    ],
    unit: "run",
    contexts: {},
    outside: 0,
    allocation: { kind: "fixed", weights: [1, 1] },
    metric: { name: "helpful", kind: "boolean" },
    direction: "maximize",
    guardrails: [],
    errorRate: 0.05,
    tolerance: 0,
    whenDecided: "propose",
    label: "production",
    ...change,
  };
}

/** Keeps these versions of a template. */
export async function keepVersions(storage: Storage, versions: readonly string[], template = "greeting") {
  for (const version of versions) {
    const content = {
      messages: [{ role: null, text: `Version ${version}` }],
      model: null,
      parameters: {},
    };
    await storage.prompts.add({
      template,
      version,
      ...content,
      revision: revisionOf(content),
      variables: [],
      source: "api",
      createdAt: 1,
      archivedAt: null,
    });
  }
}

/** What becomes of a unit in a variant; `chance` is a number from 0 to 1 that is its own. */
export interface Outcome {
  /** Null: nobody judges it. */
  readonly helpful?: boolean | number | string | null;
  readonly record?: Partial<RequestRecord>;
  /** Requests of the unit, one where it is absent. */
  readonly requests?: number;
}

const ulids = new UlidMaker();

/**
 * Units that arrive at an experiment: each is assigned by its newest epoch, recorded, and judged as `truth` says. `first`
 * is the number of the first one; units of one number are the same.
 */
export async function arrive(
  storage: Storage,
  id: string,
  units: { readonly first: number; readonly count: number },
  truth: (variant: number, chance: number, unit: string) => Outcome,
): Promise<void> {
  const experiment = await storage.experiments.get(id);
  const epoch = (await storage.experiments.newestEpochs([id])).get(id);
  if (experiment === null || epoch === undefined) throw new Error(`${id} does not run.`);
  const records: WrittenRecord[] = [];
  const feedback: Feedback[] = [];
  for (let number = units.first; number < units.first + units.count; number += 1) {
    const unit = `run-${number}`;
    const decision = assign(experiment, epoch, unit);
    if (decision === null) continue;
    const outcome = truth(decision.variant, chanceOf(number), unit);
    const variantName = experiment.variants[decision.variant]!.name;
    const startedAt = Date.now() - 3_600_000 + number;
    for (let request = 0; request < (outcome.requests ?? 1); request += 1) {
      const record = requestRecord({
        id: ulids.next(startedAt),
        runId: unit,
        startedAt,
        decisions: [{ experiment: id, variantName, unit, ...decision }],
        ...outcome.record,
      });
      records.push({ record, bodies: null });
    }
    const { helpful = null } = outcome;
    if (helpful !== null) feedback.push(judgement(unit, helpful));
  }
  await storage.records.write(records);
  await storage.feedback.add(feedback);
}

let judgements = 0;

/** Feedback on a run, received now. */
export function judgement(run: string, value: boolean | number | string, name = "helpful"): Feedback {
  judgements += 1;
  return {
    id: `fb-${judgements}`,
    target: "run",
    targetId: run,
    name,
    value,
    comment: null,
    source: null,
    keyId: "key_1",
    receivedAt: Date.now(),
  };
}

/** A number from 0 to 1 that belongs to a unit, whatever its variant. */
function chanceOf(number: number): number {
  return Number(Bun.hash.xxHash64(`chance ${number}`) >> 11n) / 2 ** 53;
}
