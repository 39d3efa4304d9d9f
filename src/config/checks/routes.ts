import { cycleIn } from "../../strategies/cycles.ts";
import type { Report } from "../report.ts";
import { nearest } from "../suggest.ts";
import { checkAliases } from "./aliases.ts";
import { listOf, mappingOf, textOf } from "./loose.ts";
import { definitionFindings, nameFindings, type RouteFinding } from "./route-findings.ts";

/** What is built in. */
interface Known {
  /** Names of providers. */
  readonly providers: readonly string[];
  /** Bare names of their models; null where they are not known. */
  readonly models: readonly string[] | null;
}

/** Parts of a configuration, each of which the schema may have refused. */
interface Written {
  readonly routes?: unknown;
  readonly aliases?: unknown;
  readonly models?: unknown;
  readonly providers?: unknown;
}

/** Names, targets and settings of the routes, the aliases, and whose models are described. */
export function checkRoutes(written: Written, known: Known, report: Report): void {
  const own = mappingOf(written.providers);
  const routes = mappingOf(written.routes);
  const providers = [...new Set([...known.providers, ...Object.keys(own)])];
  const around = {
    providers,
    switchedOff: new Set(Object.keys(own).filter((name) => mappingOf(own[name]).enabled === false)),
    routes: new Set(Object.keys(routes)),
    aliases: Object.keys(mappingOf(written.aliases)),
  };
  for (const [name, route] of Object.entries(routes)) {
    tell(["routes", name], [...nameFindings(name, around), ...definitionFindings(route, around)], report);
  }
  checkCycles(routes, report);
  const models = known.models === null ? null : [...known.models, ...ownModels(own)];
  checkAliases(written.aliases, { providers, models, routes: Object.keys(routes) }, report);
  checkModels(written.models, providers, report);
}

function tell(at: readonly string[], findings: readonly RouteFinding[], report: Report): void {
  for (const { path, aboutKey, isWarning, details } of findings) {
    if (isWarning) report.warn([...at, ...path], details);
    else if (aboutKey) report.atKey([...at, ...path], details);
    else report.atValue([...at, ...path], details);
  }
}

/** At the target that closes the first cycle that there is. */
function checkCycles(routes: Readonly<Record<string, unknown>>, report: Report): void {
  const ways = new Map(Object.entries(routes).map(([name, route]) => [name, leadsTo(route)]));
  const cycle = cycleIn(ways);
  if (cycle === null) return;
  const [from = "", to = ""] = cycle.slice(-2);
  const index = listOf(mappingOf(routes[from]).targets).indexOf(to);
  const at = index < 0 ? ["mirror", "target"] : ["targets", index];
  report.atValue(["routes", from, ...at], {
    found: cycle.join(" -> "),
    expected: "a way that does not lead back to a route",
  });
}

function leadsTo(value: unknown): string[] {
  const { targets, mirror } = mappingOf(value);
  return [...listOf(targets), mappingOf(mirror).target].filter((target) => typeof target === "string");
}

function ownModels(providers: Readonly<Record<string, unknown>>): string[] {
  return Object.values(providers).flatMap((provider) =>
    listOf(mappingOf(provider).models).flatMap((model) => textOf(model) ?? []),
  );
}

function checkModels(value: unknown, providers: readonly string[], report: Report): void {
  for (const name of Object.keys(mappingOf(value))) {
    const slash = name.indexOf("/");
    if (slash <= 0 || providers.includes(name.slice(0, slash))) continue;
    const similar = nearest(name.slice(0, slash), providers);
    report.atKey(["models", name], {
      found: JSON.stringify(name.slice(0, 200)),
      expected: "a model of a provider that is built in or stands under providers",
      suggestion: similar === undefined ? undefined : similar + name.slice(slash),
    });
  }
}
