import type { Config } from "../config/schema.ts";
import type { Providers } from "./providers.ts";

/**
 * Why no target of a route can be called, in a sentence: the first one's reason, which may be a target of one of its routes. Null
 * where one can. Routes lead to routes that are there, and none back to itself, as everywhere once they were checked.
 */
export function noneCalled(name: string, routes: Config["routes"], providers: Providers): string | null {
  const reasons: string[] = [];
  for (const target of routes[name]!.targets) {
    const reason = Object.hasOwn(routes, target)
      ? noneCalled(target, routes, providers)
      : providerMissing(target, providers);
    if (reason === null) return null;
    reasons.push(reason);
  }
  return reasons[0] ?? null;
}

function providerMissing(target: string, { byName, missing }: Providers): string | null {
  const called = target.slice(0, target.indexOf("/"));
  if (byName.has(called)) return null;
  return `"${target}" cannot be called: ${missing.get(called) ?? `There is no provider "${called}".`}`;
}
