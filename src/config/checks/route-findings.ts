import { NEVER_SET } from "../../formats/parameters.ts";
import { fits } from "../../lib/name-pattern.ts";
import { strategyProblems } from "../../strategies/problems.ts";
import type { ValuePath } from "../paths.ts";
import type { ProblemDetails } from "../problems.ts";
import { type RouteConfig, routeSchema } from "../route-schema.ts";
import { nearest } from "../suggest.ts";
import { listOf, mappingOf } from "./loose.ts";

/** What there is that a route may lead to, or be mistaken for. */
export interface RouteSurroundings {
  /** Names of the providers, also of those that have no key. */
  readonly providers: readonly string[];
  readonly switchedOff: ReadonlySet<string>;
  /** Names of the routes, its own included. */
  readonly routes: ReadonlySet<string>;
  readonly aliases: readonly string[];
}

/** What is wrong with a route, or (a warning) what its author will not have meant. */
export interface RouteFinding {
  /** Below the route; empty for the route itself. */
  readonly path: ValuePath;
  /** Whether it is about the name that stands there, not about the value. */
  readonly aboutKey?: true;
  readonly isWarning?: true;
  readonly details: ProblemDetails;
}

/** What is wrong with a route's name, or takes its requests. */
export function nameFindings(name: string, { providers, aliases }: RouteSurroundings): RouteFinding[] {
  const findings: RouteFinding[] = [];
  const refuse = (expected: string) =>
    findings.push({
      path: [],
      aboutKey: true,
      details: { found: `the route ${JSON.stringify(name.slice(0, 200))}`, expected },
    });
  const slash = name.indexOf("/");
  if (slash !== -1 && providers.includes(name.slice(0, slash)))
    refuse(
      `a name that does not begin with the provider ${name.slice(0, slash)}/, whose models are called so`,
    );
  if (SHARE.test(name)) refuse("a name that does not end as a share of strong calls is asked for");
  if (aliases.includes(name)) refuse("a name that is no alias, which goes before it");
  const pattern = aliases.find((alias) => alias !== name && alias.includes("*") && fits(alias, name));
  if (pattern !== undefined) {
    const message = `the alias ${JSON.stringify(pattern)} takes requests of this name: the route serves others alone`;
    findings.push({ path: [], isWarning: true, details: { message } });
  }
  return findings;
}

/** `name:0.3` asks the route `name` for another share. */
const SHARE = /:(\d+\.?\d*|\.\d+)$/;

/** What is wrong with a route's definition, which the schema may have refused: then what can be told of it still is. */
export function definitionFindings(value: unknown, around: RouteSurroundings): RouteFinding[] {
  const route = mappingOf(value);
  const targets = listOf(route.targets);
  const mirror = mappingOf(route.mirror);
  const checked = routeSchema.safeParse(value);
  return [
    ...targets.flatMap((target, index) => targetFindings(target, ["targets", index], around)),
    ...targetFindings(mirror.target, ["mirror", "target"], around),
    ...namesFindings(route, targets),
    ...parameterFindings(route.parameters),
    ...(checked.success ? strategyFindings(checked.data) : []),
  ];
}

function targetFindings(target: unknown, path: ValuePath, around: RouteSurroundings): RouteFinding[] {
  const { providers, routes, switchedOff } = around;
  if (typeof target !== "string" || target === "" || routes.has(target)) return [];
  const slash = target.indexOf("/");
  const provider = target.slice(0, slash);
  if (slash === -1) {
    const expected = "provider/model or the name of another route";
    return [{ path, details: { expected, suggestion: nearest(target, [...routes]) } }];
  }
  if (!providers.includes(provider)) {
    const similar = nearest(provider, providers);
    const suggestion = similar === undefined ? undefined : similar + target.slice(slash);
    const expected = "a provider that is built in or stands under providers, or the name of another route";
    return [{ path, details: { expected, suggestion: suggestion ?? nearest(target, [...routes]) } }];
  }
  if (slash === target.length - 1)
    return [{ path, details: { expected: `a model's name behind ${provider}/` } }];
  if (!switchedOff.has(provider)) return [];
  const message = `the provider ${provider} is switched off, so this target is never tried`;
  return [{ path, isWarning: true, details: { message } }];
}

/** Settings by target that are no target's. */
function namesFindings(
  route: Readonly<Record<string, unknown>>,
  targets: readonly unknown[],
): RouteFinding[] {
  const names = targets.filter((target) => typeof target === "string");
  return ["weights", "parameters", "conditions"].flatMap((setting) =>
    Object.keys(mappingOf(route[setting]))
      .filter((name) => !names.includes(name))
      .map((name): RouteFinding => {
        const found = `${setting} for ${JSON.stringify(name.slice(0, 200))}`;
        const details = { found, expected: "one of the route's targets", suggestion: nearest(name, names) };
        return { path: [setting, name], aboutKey: true, details };
      }),
  );
}

function parameterFindings(value: unknown): RouteFinding[] {
  return Object.entries(mappingOf(value)).flatMap(([target, parameters]) =>
    Object.keys(mappingOf(parameters))
      .filter((name) => NEVER_SET.has(name))
      .map((name): RouteFinding => {
        const expected =
          "a parameter such as temperature; the conversation, the model and whether it is streamed are the request's";
        return {
          path: ["parameters", target, name],
          aboutKey: true,
          details: { found: JSON.stringify(name), expected },
        };
      }),
  );
}

const WEIGHED: ReadonlySet<RouteConfig["strategy"]> = new Set(["weighted", "sticky"]);

/** What does not go together in a route that the schema has taken. */
export function strategyFindings(route: RouteConfig): RouteFinding[] {
  const { strategy, weights, thresholds, strong_share, learn, mirror } = route;
  const problems = strategyProblems({
    strategy,
    options: route.targets.map((name) => ({
      name,
      weight: Object.hasOwn(weights, name) ? weights[name]! : 1,
    })),
    ...(thresholds === undefined ? {} : { thresholds }),
    ...(strong_share === undefined ? {} : { strongShare: strong_share }),
    ...(learn === undefined ? {} : { weights: { cost: learn.cost, latency: learn.latency } }),
    ...(mirror === undefined ? {} : { mirror: { to: mirror.target, share: mirror.share } }),
  });
  const findings = problems.map(
    ({ about, message }): RouteFinding => ({
      path: [about],
      details: { message },
    }),
  );
  if (Object.keys(weights).length > 0 && !WEIGHED.has(strategy)) {
    const message = `weights act with the strategies weighted and sticky, not with ${strategy}`;
    findings.push({ path: ["weights"], isWarning: true, details: { message } });
  }
  return findings;
}
