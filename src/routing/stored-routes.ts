import { strategyFindings } from "../config/checks/route-findings.ts";
import { type RouteConfig, routeSchema } from "../config/route-schema.ts";
import type { Config } from "../config/schema.ts";
import type { KeptRoute } from "../storage/route-store.ts";
import { cycleIn } from "../strategies/cycles.ts";

/** A stored route that does not act, and why, in a sentence. */
export interface RefusedRoute {
  readonly name: string;
  readonly reason: string;
}

/**
 * The configuration with the stored routes beside its own. One that does not go together with the configuration as it is
 * now is left out: of a name that the configuration has, leading nowhere, or back to itself, or not a route as this version
 * of the gateway knows them.
 */
export function withStoredRoutes(
  config: Config,
  stored: readonly KeptRoute[],
): { readonly config: Config; readonly refused: readonly RefusedRoute[] } {
  if (stored.length === 0) return { config, refused: [] };
  const routes: Record<string, Config["routes"][string]> = Object.assign(Object.create(null), config.routes);
  const refused: RefusedRoute[] = [];
  for (const { name, definition } of stored) {
    const read = readStored(definition);
    if (Object.hasOwn(config.routes, name))
      refused.push({ name, reason: "The configuration has a route of this name." });
    else if ("reason" in read) refused.push({ name, reason: read.reason });
    else routes[name] = read.route;
  }
  // Leaving one out may leave another without its target.
  const added = new Set(Object.keys(routes).filter((name) => !Object.hasOwn(config.routes, name)));
  for (let found = true; found; ) {
    found = false;
    for (const name of added) {
      const reason = fault(name, routes);
      if (reason === null) continue;
      refused.push({ name, reason });
      delete routes[name];
      added.delete(name);
      found = true;
    }
  }
  return { config: { ...config, routes }, refused };
}

/** Why a route cannot act among these; null where it can. */
function fault(name: string, routes: Config["routes"]): string | null {
  const targets = targetsOf(name, routes);
  const lost = targets.find((target) => !target.includes("/") && !Object.hasOwn(routes, target));
  if (lost !== undefined) return `Its target "${lost}" is neither provider/model nor a route.`;
  const cycle = cycleIn(new Map(reachable(name, routes)));
  return cycle === null ? null : `It leads back to itself: ${cycle.join(" -> ")}.`;
}

/** A stored definition with defaults filled in, or why it is none: another version of the gateway may have stored it. */
export function readStored(
  definition: unknown,
): { readonly route: RouteConfig } | { readonly reason: string } {
  const read = routeSchema.safeParse(definition);
  if (!read.success) {
    const [issue] = read.error.issues;
    return {
      reason: `It is no route as this gateway knows them: ${issue?.path.join(".")}: ${issue?.message}.`,
    };
  }
  const wrong = strategyFindings(read.data).find(({ isWarning }) => !isWarning);
  return wrong === undefined ? { route: read.data } : { reason: wrong.details.message ?? "" };
}

function targetsOf(name: string, routes: Config["routes"]): readonly string[] {
  const { targets, mirror } = routes[name]!;
  return mirror === undefined ? targets : [...targets, mirror.target];
}

/** The route and those that it leads to, with their targets. */
function reachable(start: string, routes: Config["routes"]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const open = [start];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name) || !Object.hasOwn(routes, name)) continue;
    const targets = targetsOf(name, routes);
    found.set(name, targets);
    open.push(...targets);
  }
  return found;
}
