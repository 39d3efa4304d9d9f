import { z } from "zod";
import { GatewayError } from "../exchange/errors.ts";
import { oneOf } from "../records/filter.ts";
import { QUESTION_FIELDS, toQuestion } from "./experiment-question.ts";
import { evaluationJson, evaluationShape, reportJson, reportShape } from "./experiment-report.ts";
import { eventJson, eventShape, experimentJson, experimentShape } from "./experiment-shape.ts";
import { experimentWish, toExperiment } from "./experiment-wish.ts";
import { cursorShape, pageFields } from "./list-page.ts";
import { fromService } from "./refused.ts";
import { type AdminContext, jsonRoute } from "./route.ts";
import { iso, named, time } from "./shape-parts.ts";

/** Milliseconds in which the whole log of an experiment is to be read. */
const LOG_PATIENCE_MS = 30_000;

export const NO_FIELDS = z.strictObject({});
export const ONE_EXPERIMENT = z.strictObject({
  id: z.string().min(1).max(200).describe("The experiment's id."),
});

const detailsShape = named(
  "ExperimentDetails",
  z.object({
    experiment: experimentShape,
    report: reportShape,
    events: z.array(eventShape).describe("Oldest first."),
    epochs: z
      .array(
        z.object({
          number: z.int(),
          started_at: time,
          probabilities: z.array(z.number()).describe("Of each variant, in the experiment's order."),
          centre: z.number().describe("What the metric's mean was thought to be."),
        }),
      )
      .describe("Times of one allocation, oldest first."),
  }),
);

export const listExperiments = jsonRoute({
  method: "GET",
  path: "/admin/experiments",
  id: "listExperiments",
  summary: "Experiments, the newest first.",
  params: NO_FIELDS,
  query: z.strictObject({
    status: oneOf(["draft", "running", "paused", "ended"]).optional().describe("Those that stand so."),
    template: z.string().max(200).optional().describe("Those on this template."),
    ...pageFields({ of: "Experiments", limit: 100, most: 1000 }),
  }),
  body: null,
  answer: named("ExperimentList", z.object({ experiments: z.array(experimentShape), cursor: cursorShape })),
  async handle({ query }, { experiments }) {
    const { status, template, limit, cursor } = query;
    const all = await fromService(experiments.list());
    const from = cursor === undefined ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
    if (cursor !== undefined && from === 0)
      throw new GatewayError("invalid_request", "`cursor` is none that was given for this list.", {
        param: "cursor",
      });
    const meant = all
      .slice(from)
      .filter(
        (one) =>
          (status === undefined || one.status === status) &&
          (template === undefined || one.template === template),
      );
    const page = meant.slice(0, limit);
    return {
      experiments: page.map(experimentJson),
      cursor: meant.length > limit ? page.at(-1)!.id : null,
    };
  },
});

export const createExperiment = jsonRoute({
  method: "POST",
  path: "/admin/experiments",
  id: "createExperiment",
  summary: "Makes an experiment, as a draft or one that runs at once.",
  params: NO_FIELDS,
  query: NO_FIELDS,
  body: experimentWish,
  status: 201,
  answer: experimentShape,
  async handle({ body }, context) {
    const { experiments, caller } = context;
    const made = await fromService(experiments.create(toExperiment(body), body.start, caller.id));
    await experimentChanged(context, "An experiment was made", made.id);
    return experimentJson(made);
  },
});

export const editExperiment = jsonRoute({
  method: "PUT",
  path: "/admin/experiments/{id}",
  id: "editExperiment",
  summary: "Puts another definition in the place of a draft's.",
  params: ONE_EXPERIMENT,
  query: NO_FIELDS,
  body: experimentWish,
  answer: experimentShape,
  async handle({ params, body }, context) {
    if (body.start || (body.id !== undefined && body.id !== params.id))
      throw new GatewayError("invalid_request", "An edit neither starts an experiment nor changes its id.", {
        param: body.start ? "body.start" : "body.id",
      });
    const { experiments, caller } = context;
    const edited = await fromService(experiments.edit(params.id, toExperiment(body), caller.id));
    await experimentChanged(context, "An experiment was edited", params.id);
    return experimentJson(edited);
  },
});

export const showExperiment = jsonRoute({
  method: "GET",
  path: "/admin/experiments/{id}",
  id: "showExperiment",
  summary: "An experiment with what is known of its variants now, its verdict, its events and its epochs.",
  params: ONE_EXPERIMENT,
  query: NO_FIELDS,
  body: null,
  answer: detailsShape,
  async handle({ params }, { experiments }) {
    const shown = await fromService(experiments.show(params.id), LOG_PATIENCE_MS);
    const { experiment, report, events, epochs } = shown;
    return {
      experiment: experimentJson(experiment),
      report: reportJson(experiment, report),
      events: events.map((event) => eventJson(experiment, event)),
      epochs: epochs.map(({ number, startedAt, probabilities, centre }) => ({
        number,
        started_at: iso(startedAt),
        probabilities: [...probabilities],
        centre,
      })),
    };
  },
});

export const listExperimentEvents = jsonRoute({
  method: "GET",
  path: "/admin/experiments/{id}/events",
  id: "listExperimentEvents",
  summary: "What happened to an experiment, and who did it.",
  params: ONE_EXPERIMENT,
  query: NO_FIELDS,
  body: null,
  answer: named("ExperimentEventList", z.object({ events: z.array(eventShape).describe("Oldest first.") })),
  async handle({ params }, { experiments }) {
    const [experiment, events] = await fromService(
      Promise.all([experiments.get(params.id), experiments.events(params.id)]),
    );
    return { events: events.map((event) => eventJson(experiment, event)) };
  },
});

export const evaluateExperiment = jsonRoute({
  method: "GET",
  path: "/admin/experiments/{id}/evaluation",
  id: "evaluateExperiment",
  summary: "What another allocation would have earned, by its log; each variant alone where none is named.",
  params: ONE_EXPERIMENT,
  query: z.strictObject(QUESTION_FIELDS),
  body: null,
  answer: evaluationShape,
  async handle({ params, query }, { experiments }) {
    const experiment = await fromService(experiments.get(params.id));
    const found = await fromService(experiments.evaluate(params.id, toQuestion(query)), LOG_PATIENCE_MS);
    return evaluationJson(experiment, found);
  },
});

/** This process follows at once, and the log tells who did it. */
export async function experimentChanged(
  context: AdminContext,
  did: string,
  experiment: string,
): Promise<void> {
  context.logger.info(did, { experiment, by: context.caller.id });
  await context.follow();
}
