import { Refusal } from "../lib/refusal.ts";
import type { KeptExperiment, Promotion } from "../storage/experiment-store.ts";
import type { Storage } from "../storage/interface.ts";
import { changeExperiment, findExperiment } from "./change.ts";
import type { Variant } from "./experiment.ts";
import { refuseUnservable } from "./servable.ts";
import { type Actor, told } from "./transitions.ts";

type PromotingStorage = Pick<Storage, "experiments" | "prompts">;

/**
 * Moves the experiment's label to a variant's version, and ends the experiment. The label is moved first: until the
 * experiment has ended it serves nobody that the experiment does, and whoever breaks off in between can do it again.
 * Throws a Refusal.
 */
export async function promote(
  storage: PromotingStorage,
  id: string,
  variant: number,
  actor: Actor,
): Promise<KeptExperiment> {
  const experiment = await findExperiment(storage, id);
  refuseUnlessPromotable(experiment);
  const { template, label } = experiment;
  const chosen = experiment.variants[variant]!;
  const { name, version } = chosen;
  await refuseUnservable(storage, { template, variants: [{ name, version }] }, false);
  // Whoever promoted it stands in the experiment's own events; by this an earlier try that broke off is recognised.
  const movedBy = `experiment ${id}`;
  const previousVersion = await labelBefore(storage, experiment, version, movedBy);
  await moveLabel(storage, experiment, version, { ...actor, by: movedBy });
  const promotion: Promotion = { variant, label, previousVersion, ...actor };
  try {
    return await changeExperiment(storage, id, (kept) => {
      refuseUnlessPromotable(kept);
      const before = previousVersion === null ? "" : `, before to ${previousVersion}`;
      const detail = `${name} was promoted: the label ${label} points to version ${version}${before}.${leftBehind(chosen)}`;
      return {
        fields: { promotion, status: "ended", endedAt: kept.endedAt ?? actor.at },
        events: [
          told("promoted", detail, actor, variant),
          ...(kept.status === "ended" ? [] : [told("ended", "It ended with the promotion.", actor)]),
        ],
      };
    });
  } catch (error) {
    if (error instanceof Refusal) await yieldTo(storage, id, { ...actor, by: movedBy });
    throw error;
  }
}

/** The label points again to where it pointed before the promotion. Throws a Refusal, also where it was moved since. */
export async function revertPromotion(
  storage: PromotingStorage,
  id: string,
  actor: Actor,
): Promise<KeptExperiment> {
  const experiment = await findExperiment(storage, id);
  const { promotion, template } = experiment;
  if (promotion === null) throw new Refusal("conflict", `The experiment ${id} has no promotion to revert.`);
  const { variant, label, previousVersion } = promotion;
  const { name, version } = experiment.variants[variant]!;
  const current = await labelled(storage, template, label);
  // It may have been moved back by a call that broke off before it was written down.
  if (current !== version && current !== previousVersion)
    throw new Refusal(
      "conflict",
      `The label ${label} was moved since: it points to ${current ?? "nothing"}, not to ${version}. Move it as a label.`,
    );
  if (previousVersion !== null)
    await refuseUnservable(storage, { template, variants: [{ name, version: previousVersion }] }, false);
  await moveLabel(storage, { ...experiment, label }, previousVersion, actor);
  const where = previousVersion === null ? "is taken away" : `points to version ${previousVersion} again`;
  return await changeExperiment(storage, id, (kept) =>
    kept.promotion === null
      ? null
      : {
          fields: { promotion: null },
          events: [
            told(
              "reverted",
              `The promotion of ${name} was reverted: the label ${label} ${where}.`,
              actor,
              variant,
            ),
          ],
        },
  );
}

function refuseUnlessPromotable({ id, status, promotion, variants }: KeptExperiment): void {
  if (promotion !== null)
    throw new Refusal(
      "conflict",
      `The experiment ${id} has promoted ${variants[promotion.variant]?.name}. Revert that first.`,
    );
  if (status === "draft") throw new Refusal("conflict", `The experiment ${id} is a draft; it has no winner.`);
}

/** A label points to a version, and that has no part of what the variant brought besides. */
function leftBehind({ model, route, parameters }: Variant): string {
  const own = [
    model === undefined ? [] : "model",
    route === undefined ? [] : "route",
    parameters ? "parameters" : [],
  ];
  const names = own.flat();
  return names.length === 0 ? "" : ` The label does not bring its ${names.join(" and ")}.`;
}

async function moveLabel(
  { prompts }: PromotingStorage,
  { template, label }: Pick<KeptExperiment, "template" | "label">,
  version: string | null,
  { at, by }: Actor,
): Promise<void> {
  if ((await labelled({ prompts }, template, label)) === version) return;
  await prompts.moveLabel({ template, label, version, movedAt: at, movedBy: by });
}

async function labelled(
  { prompts }: Pick<Storage, "prompts">,
  template: string,
  label: string,
): Promise<string | null> {
  return (await prompts.labels(template)).find((one) => one.label === label)?.version ?? null;
}

/** Where the label pointed before it was moved to `version`, also where an earlier call had moved it and then broke off. */
async function labelBefore(
  { prompts }: PromotingStorage,
  { template, label }: KeptExperiment,
  version: string,
  movedBy: string,
): Promise<string | null> {
  const history = await prompts.labelHistory(template, label);
  const last = history.at(-1);
  const isOurs = last?.version === version && last.movedBy === movedBy;
  return (isOurs ? history.at(-2) : last)?.version ?? null;
}

/** Another process promoted at the same moment: the label belongs where its promotion says. */
async function yieldTo(storage: PromotingStorage, id: string, actor: Actor): Promise<void> {
  const { promotion, ...experiment } = await findExperiment(storage, id);
  if (promotion === null) return;
  const { version } = experiment.variants[promotion.variant]!;
  await moveLabel(storage, { template: experiment.template, label: promotion.label }, version, actor);
}
