import { z } from "zod";
import { changed } from "./prompts-input.ts";
import { fromService } from "./refused.ts";
import { jsonRoute } from "./route.ts";
import { routeQuestion, toForeseen } from "./routes-question.ts";
import {
  definitionOf,
  deletedShape,
  detailsJson,
  detailsShape,
  forecastJson,
  forecastShape,
  listJson,
  listShape,
  routeWish,
  storedShape,
} from "./routes-shape.ts";

/** Bytes of a request that is asked about: those of clients that have much to say. */
const MAX_QUESTION = 4 * 1024 * 1024;
/** Bytes of a definition, which may have a thousand targets. */
const MAX_DEFINITION = 512 * 1024;

const NOTHING = z.strictObject({});
const ONE = z.strictObject({ name: z.string().min(1).max(200).describe("The route's name.") });
const ASKED = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(200)
    .describe("A name as clients ask for it: the route's, with a share as `auto:0.3`, or an alias."),
});

export const listRoutes = jsonRoute({
  method: "GET",
  path: "/admin/routes",
  id: "listRoutes",
  summary: "The routes of the configuration and the stored ones by name, and the aliases.",
  params: NOTHING,
  query: NOTHING,
  body: null,
  answer: listShape,
  async handle(_, { routes: desk }) {
    const { routes, aliases } = await fromService(desk.list());
    return listJson(routes, aliases);
  },
});

export const showRoute = jsonRoute({
  method: "GET",
  path: "/admin/routes/{name}",
  id: "showRoute",
  summary: "A route with its definition, and what is known of its targets now.",
  params: ONE,
  query: NOTHING,
  body: null,
  answer: detailsShape,
  async handle({ params }, { routes }) {
    return detailsJson(await fromService(routes.show(params.name)));
  },
});

export const putRoute = jsonRoute({
  method: "PUT",
  path: "/admin/routes/{name}",
  id: "putRoute",
  summary: "Stores a route, in the place of the stored one of its name. One of the configuration is refused.",
  params: ONE,
  query: NOTHING,
  body: routeWish,
  maxBody: MAX_DEFINITION,
  answer: storedShape,
  async handle({ params: { name }, body }, context) {
    const { routes, caller } = context;
    const { made, warnings } = await fromService(routes.put(name, definitionOf(body), caller.id));
    await changed(context, made ? "A route was made" : "A route was changed", { route: name });
    return { made, warnings: [...warnings], route: detailsJson(await fromService(routes.show(name))) };
  },
});

export const deleteRoute = jsonRoute({
  method: "DELETE",
  path: "/admin/routes/{name}",
  id: "deleteRoute",
  summary: "Deletes a stored route. One that other stored routes lead to is refused.",
  params: ONE,
  query: NOTHING,
  body: null,
  answer: deletedShape,
  async handle({ params: { name } }, context) {
    await fromService(context.routes.delete(name));
    await changed(context, "A route was deleted", { route: name });
    return { name, deleted: true as const };
  },
});

export const explainRoute = jsonRoute({
  method: "POST",
  path: "/admin/routes/{name}/explain",
  id: "explainRoute",
  summary: "Where a request would go now, and why. Nothing is sent, and nothing is remembered of it.",
  params: ASKED,
  query: NOTHING,
  body: routeQuestion,
  maxBody: MAX_QUESTION,
  answer: forecastShape,
  async handle({ params, body }, { routes }) {
    return forecastJson(await fromService(routes.explain(params.name, toForeseen(body))));
  },
});
