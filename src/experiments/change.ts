import { Refusal } from "../lib/refusal.ts";
import type { ExperimentEvent, KeptExperiment } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";

export type ExperimentStorage = Pick<Storage, "experiments">;

/** What becomes of an experiment, and what is told of it. */
export interface Change {
  readonly fields: Partial<Omit<KeptExperiment, "id" | "revision">>;
  readonly events: readonly ExperimentEvent[];
}

/** Tries to find room for an epoch of its own number, where several processes make one. */
const EPOCH_TRIES = 5;

/** Throws a Refusal where there is none of this id. */
export async function findExperiment(
  { experiments }: ExperimentStorage,
  id: string,
): Promise<KeptExperiment> {
  const kept = await experiments.get(id);
  if (kept === null)
    throw new Refusal("missing", `There is no experiment ${JSON.stringify(id.slice(0, 100))}.`);
  return kept;
}

/**
 * Changes an experiment as it stands; `edit` is asked again when another process was first. Null changes nothing. Throws
 * what `edit` does, and a Refusal where another experiment runs on the template.
 */
export async function changeExperiment(
  storage: ExperimentStorage,
  id: string,
  edit: (kept: KeptExperiment) => Change | null | Promise<Change | null>,
): Promise<KeptExperiment> {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const kept = await findExperiment(storage, id);
    const change = await edit(kept);
    if (change === null) return kept;
    const next = { ...kept, ...change.fields, revision: kept.revision + 1 };
    const outcome = await storage.experiments.change(next, change.events);
    if (outcome === "changed") return next;
    if (outcome === "overlaps") throw await overlap(storage, next);
  }
  throw new Refusal(
    "conflict",
    `The experiment ${id} was changed by others at the same moment. Look at it again.`,
  );
}

/** Why an experiment cannot run: another does, which is named. */
export async function overlap(
  { experiments }: ExperimentStorage,
  { id, template }: Pick<KeptExperiment, "id" | "template">,
): Promise<Refusal> {
  const other = (await experiments.list()).find(
    (one) => one.status === "running" && one.template === template && one.id !== id,
  );
  const named = other === undefined ? "Another experiment" : `The experiment ${other.id}`;
  return new Refusal(
    "conflict",
    `${named} runs on the template ${template}. One at a time: pause or end it first.`,
  );
}

/** Gives a running experiment an epoch that fits its variants, unless the newest does. */
export async function settleEpoch(
  { experiments }: ExperimentStorage,
  experiment: KeptExperiment,
  now: number,
  isAnew: boolean,
): Promise<void> {
  // Distributions take time to load, and a gateway without experiments has no use for them.
  const { carriedEpoch, fitsVariants } = await import("./next-allocation.ts");
  for (let attempt = 0; attempt < EPOCH_TRIES; attempt += 1) {
    const newest = (await experiments.newestEpochs([experiment.id])).get(experiment.id) ?? null;
    if (newest !== null && !isAnew && fitsVariants(experiment, newest)) return;
    if (await experiments.addEpoch(experiment.id, carriedEpoch(experiment, newest, now))) return;
  }
}
