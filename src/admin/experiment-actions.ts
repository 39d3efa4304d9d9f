import { z } from "zod";
import type { ExperimentDesk } from "../experiments/desk.ts";
import type { KeptExperiment } from "../storage/experiment-store.ts";
import { experimentJson, experimentShape } from "./experiment-shape.ts";
import { experimentChanged, NO_FIELDS, ONE_EXPERIMENT } from "./experiments.ts";
import { fromService } from "./refused.ts";
import { jsonRoute } from "./route.ts";
import { named } from "./shape-parts.ts";

/** To read the log for the winner that is promoted. */
const LOG_PATIENCE_MS = 30_000;

const OF_VARIANT = z.strictObject({
  id: z.string().min(1).max(200).describe("The experiment's id."),
  variant: z.string().min(1).max(200).describe("The variant's name."),
});

/** What changes an experiment without further words. */
function action(
  verb: "start" | "pause" | "resume" | "end" | "revert",
  summary: string,
  did: string,
  act: (desk: ExperimentDesk, id: string, by: string) => Promise<KeptExperiment>,
) {
  return jsonRoute({
    method: "POST",
    path: `/admin/experiments/{id}/${verb}`,
    id: `${verb}Experiment`,
    summary,
    params: ONE_EXPERIMENT,
    query: NO_FIELDS,
    body: null,
    answer: experimentShape,
    async handle({ params: { id } }, context) {
      const changed = await fromService(act(context.experiments, id, context.caller.id));
      await experimentChanged(context, did, id);
      return experimentJson(changed);
    },
  });
}

export const startExperiment = action(
  "start",
  "Lets a draft run. One experiment runs on a template at a time.",
  "An experiment was started",
  (desk, id, by) => desk.start(id, by),
);

export const pauseExperiment = action(
  "pause",
  "Lets an experiment decide nothing until it is resumed; its template is served as without it.",
  "An experiment was paused",
  (desk, id, by) => desk.pause(id, by),
);

export const resumeExperiment = action(
  "resume",
  "Lets a paused experiment run again.",
  "An experiment was resumed",
  (desk, id, by) => desk.resume(id, by),
);

export const endExperiment = action(
  "end",
  "Ends an experiment for good. Feedback that comes later still counts in its report.",
  "An experiment was ended",
  (desk, id, by) => desk.end(id, by),
);

export const revertExperiment = action(
  "revert",
  "Takes a promotion back: the label points to where it pointed before.",
  "A promotion was reverted",
  (desk, id, by) => desk.revert(id, by),
);

export const promoteVariant = jsonRoute({
  method: "POST",
  path: "/admin/experiments/{id}/promote",
  id: "promoteVariant",
  summary: "Moves the experiment's label to a variant's version, and ends the experiment.",
  params: ONE_EXPERIMENT,
  query: NO_FIELDS,
  body: named(
    "PromotionWish",
    z.strictObject({
      variant: z.string().min(1).max(200).optional().describe("The winner where it is absent."),
    }),
  ),
  answer: experimentShape,
  async handle({ params: { id }, body: { variant = null } }, context) {
    const promoted = context.experiments.promote(id, variant, context.caller.id);
    const changed = await fromService(promoted, LOG_PATIENCE_MS);
    await experimentChanged(context, "A variant was promoted", id);
    return experimentJson(changed);
  },
});

export const switchVariantOff = jsonRoute({
  method: "POST",
  path: "/admin/experiments/{id}/variants/{variant}/switch-off",
  id: "switchVariantOff",
  summary: "A variant gets no more units. With the last one the experiment is paused.",
  params: OF_VARIANT,
  query: NO_FIELDS,
  body: named(
    "SwitchOffWish",
    z.strictObject({ reason: z.string().max(300).default("").describe("For people.") }),
  ),
  answer: experimentShape,
  async handle({ params: { id, variant }, body: { reason } }, context) {
    const { experiments, caller } = context;
    const changed = await fromService(experiments.switchOff(id, variant, reason, caller.id));
    await experimentChanged(context, "A variant was switched off", id);
    return experimentJson(changed);
  },
});

export const switchVariantOn = jsonRoute({
  method: "POST",
  path: "/admin/experiments/{id}/variants/{variant}/switch-on",
  id: "switchVariantOn",
  summary: "A variant that was switched off gets units again.",
  params: OF_VARIANT,
  query: NO_FIELDS,
  body: null,
  answer: experimentShape,
  async handle({ params: { id, variant } }, context) {
    const { experiments, caller } = context;
    const changed = await fromService(experiments.switchOn(id, variant, caller.id));
    await experimentChanged(context, "A variant was switched on", id);
    return experimentJson(changed);
  },
});
