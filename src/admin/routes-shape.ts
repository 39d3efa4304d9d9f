import { z } from "zod";
import { type RouteConfig, routeSchema, STRATEGIES } from "../config/route-schema.ts";
import type { TokenPrices } from "../costs/token-prices.ts";
import type { Forecast, ListedRoute, RouteDetails } from "../routing/route-desk.ts";
import type { TargetDetails } from "../routing/route-details.ts";
import { MEDIA } from "../strategies/abilities.ts";
import { choiceJson, choiceShape } from "./request-choice.ts";
import { iso, named, time } from "./shape-parts.ts";

/** Members of a target's requests, as they came: what values they may have is for the provider to say. */
const parameters = z.record(z.string(), z.record(z.string(), z.unknown())).default({});

const definition = routeSchema.extend({
  parameters: parameters.describe("By target: members that are put into its requests, as `temperature`."),
});

export const routeWish = named("RouteWish", definition);
const definitionShape = named("RouteDefinition", definition.extend({}));

const routeFields = {
  name: z.string(),
  source: z
    .enum(["configuration", "stored"])
    .describe("Where it is from; only stored ones can be changed here."),
  strategy: z.enum(STRATEGIES).nullable().describe("Null of a stored one that cannot be read."),
  problem: z
    .string()
    .nullable()
    .describe(
      "Why it does not act, or not by its name: none of its targets can be called, or a stored one does not fit the configuration. Null where it does.",
    ),
  updated_at: time.nullable().describe("Null of one of the configuration."),
  updated_by: z.string().nullable().describe("The key's id; null where it was the command line."),
};

const routeShape = named("RouteSummary", z.object({ ...routeFields, targets: z.array(z.string()) }));
export const listShape = named(
  "RouteList",
  z.object({
    routes: z.array(routeShape).describe("By name."),
    aliases: z
      .array(z.object({ name: z.string(), target: z.string() }))
      .describe("Names of the configuration that stand for a model or a route."),
  }),
);

const known = z.boolean().nullable();
const price = z.number().nullable();
const targetShape = named(
  "RouteTarget",
  z.object({
    target: z.string(),
    kind: z.enum(["model", "route"]),
    weight: z.number(),
    parameters: z.record(z.string(), z.unknown()),
    conditions: z
      .object({
        agents: z.array(z.string()).optional(),
        keys: z.array(z.string()).optional(),
        tags: z.array(z.string()).optional(),
      })
      .nullable(),
    problem: z.string().nullable().describe("Why it is never tried; null where it is."),
    takes: z
      .object({
        context_window: z.int().nullable(),
        max_output_tokens: z.int().nullable(),
        image: known,
        audio: known,
        video: known,
        file: known,
        tools: known,
        structured: known,
        reasoning: known,
      })
      .nullable()
      .describe("What is known of the model; null of what nobody has told, and of a route."),
    prices: z
      .object({ input: price, cached_input: price, output: price })
      .nullable()
      .describe("US dollars a million tokens, of short prompts where it depends on that; null for unknown."),
    breaker: z
      .enum(["closed", "open", "half-open"])
      .nullable()
      .describe("Of its upstream; null where none is known."),
    out_for_ms: z.int().describe("It has had enough, and is left alone for so long; 0 for not."),
  }),
);

export const detailsShape = named(
  "RouteDetails",
  z.object({ ...routeFields, definition: definitionShape.nullable(), targets: z.array(targetShape) }),
);
export const storedShape = named(
  "StoredRoute",
  z.object({
    made: z.boolean().describe("False where one of this name was changed."),
    warnings: z.array(z.string()).describe("What its author may not have meant."),
    route: detailsShape,
  }),
);
export const deletedShape = named("DeletedRoute", z.object({ name: z.string(), deleted: z.literal(true) }));

export const forecastShape = named(
  "RouteForecast",
  z.object({
    alias: z.string().nullable().describe("The alias that was asked by; null for the route's own name."),
    route: z.string(),
    targets: z
      .array(z.string())
      .describe("In the order in which they would be tried; empty where none may serve."),
    choice: choiceShape,
    needs: z
      .object({
        input_tokens: z.int().describe("Of the prompt, about."),
        output_tokens: z.int().nullable().describe("The longest answer that is asked for."),
        media: z.array(z.enum(MEDIA)),
        tools: z.boolean(),
        structured: z.boolean(),
        reasoning: z.boolean(),
      })
      .describe("What the request asks of a model."),
  }),
);

/** What was checked by the wish's schema, which differs in its types alone. */
export function definitionOf(wish: z.output<typeof routeWish>): RouteConfig {
  return wish as RouteConfig;
}

export function listJson(
  routes: readonly ListedRoute[],
  aliases: Readonly<Record<string, string>>,
): z.output<typeof listShape> {
  return {
    routes: routes.map(routeJson),
    aliases: Object.entries(aliases).map(([name, target]) => ({ name, target })),
  };
}

function routeJson(route: ListedRoute): z.output<typeof routeShape> {
  return { ...fieldsJson(route), targets: [...(route.definition?.targets ?? [])] };
}

export function detailsJson(route: RouteDetails): z.output<typeof detailsShape> {
  const { definition, targets } = route;
  return { ...fieldsJson(route), definition, targets: targets.map(targetJson) };
}

export function forecastJson({
  alias,
  route,
  targets,
  explanation,
  needs,
}: Forecast): z.output<typeof forecastShape> {
  return {
    alias,
    route,
    targets: [...targets],
    choice: choiceJson(explanation),
    needs: {
      input_tokens: Math.round(needs.inputTokens),
      output_tokens: needs.outputTokens,
      media: [...needs.media],
      tools: needs.tools,
      structured: needs.structured,
      reasoning: needs.reasoning,
    },
  };
}

function fieldsJson({ name, source, definition, problem, updatedAt, updatedBy }: ListedRoute) {
  return {
    name,
    source,
    strategy: definition?.strategy ?? null,
    problem,
    updated_at: updatedAt === null ? null : iso(updatedAt),
    updated_by: updatedBy,
  };
}

function targetJson(details: TargetDetails): z.output<typeof targetShape> {
  const { target, kind, weight, parameters, conditions, problem, facts, prices, breaker, outForMs } = details;
  return {
    target,
    kind,
    weight,
    parameters,
    conditions,
    problem,
    takes:
      facts === null
        ? null
        : {
            context_window: facts.contextWindow,
            max_output_tokens: facts.mostOutput,
            image: facts.image,
            audio: facts.audio,
            video: facts.video,
            file: facts.file,
            tools: facts.tools,
            structured: facts.structured,
            reasoning: facts.reasoning,
          },
    prices:
      prices === null
        ? null
        : {
            input: baseOf(prices.input),
            cached_input: baseOf(prices.cachedInput),
            output: baseOf(prices.output),
          },
    breaker,
    out_for_ms: Math.ceil(outForMs),
  };
}

function baseOf(price: TokenPrices["cachedInput"]): number | null {
  if (price === undefined || price === "unknown") return null;
  return typeof price === "number" ? price : price.base;
}
