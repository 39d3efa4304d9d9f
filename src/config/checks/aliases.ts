import { fits } from "../../lib/name-pattern.ts";
import type { ProblemDetails } from "../problems.ts";
import type { Report } from "../report.ts";
import { nearest } from "../suggest.ts";
import { mappingOf } from "./loose.ts";

/** What names can stand for. */
export interface AliasSurroundings {
  readonly providers: readonly string[];
  /** Bare names of models, with `*` at the end of patterns; null where they are not known. */
  readonly models: readonly string[] | null;
  readonly routes: readonly string[];
}

/** Aliases: patterns, and what they stand for. */
export function checkAliases(value: unknown, around: AliasSurroundings, report: Report): void {
  const aliases = mappingOf(value);
  for (const [name, target] of Object.entries(aliases)) {
    const at = ["aliases", name];
    if (name.slice(1, -1).includes("*"))
      report.atKey(at, {
        found: JSON.stringify(name),
        expected: "`*` at either end, where it matches anything",
      });
    if (typeof target !== "string" || target === "") continue;
    if (target === name) report.atValue(at, { expected: "another name than its own" });
    else if (target.includes("*"))
      report.atValue(at, { expected: "one model or route; what a `*` matches is not filled in" });
    else {
      const finding = targetFinding(target, Object.hasOwn(aliases, target), around);
      if (finding === null) continue;
      if (finding.isWarning) report.warn(at, finding.details);
      else report.atValue(at, finding.details);
    }
  }
}

interface Finding {
  readonly isWarning: boolean;
  readonly details: ProblemDetails;
}

function targetFinding(
  target: string,
  isAlias: boolean,
  { providers, models, routes }: AliasSurroundings,
): Finding | null {
  const slash = target.indexOf("/");
  const isKnown =
    isRoute(target, routes) ||
    providers.includes(target.slice(0, Math.max(0, slash))) ||
    (models?.some((pattern) => fits(pattern, target)) ?? false);
  const shown = JSON.stringify(target.slice(0, 200));
  if (isAlias) {
    const expected = "a model or a route; aliases of aliases are not followed";
    return isKnown
      ? { isWarning: true, details: { message: `${shown} is an alias too, which is not followed` } }
      : { isWarning: false, details: { found: `the alias ${shown}`, expected } };
  }
  if (isKnown) return null;
  if (slash > 0) {
    const provider = nearest(target.slice(0, slash), providers);
    const suggestion = provider === undefined ? nearest(target, routes) : provider + target.slice(slash);
    const expected = "provider/model of a known provider, or a route";
    return { isWarning: false, details: { expected, suggestion } };
  }
  if (models === null) return null;
  // It may be a route that is stored.
  const message = `${shown} is no model that a provider is known by and no route of the configuration: it acts while a stored route has this name`;
  return { isWarning: true, details: { message, suggestion: nearest(target, routes) } };
}

/** A route's name, also with a share of strong calls behind it. */
function isRoute(name: string, routes: readonly string[]): boolean {
  return routes.includes(name) || routes.includes(name.replace(/:[\d.]+$/, ""));
}
