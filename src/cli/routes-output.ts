import { choiceJson } from "../admin/request-choice.ts";
import { detailsJson } from "../admin/routes-shape.ts";
import type { Config } from "../config/schema.ts";
import type { Forecast, ListedRoute, RouteDetails } from "../routing/route-desk.ts";
import { type Column, fittedTable } from "./columns.ts";
import { choiceText } from "./requests-output.ts";
import { printable, renderDate, renderShort } from "./table.ts";

type Aliases = Config["aliases"];

/** Routes as a table, and aliases as another one. */
export function listedRoutes(
  routes: readonly ListedRoute[],
  aliases: Aliases,
  width: number | undefined,
): string {
  const pairs = Object.entries(aliases);
  const problems = routes.flatMap(({ name, problem }) =>
    problem === null ? [] : `${printable(name)} does not act: ${printable(problem)}\n`,
  );
  const text =
    routes.length === 0
      ? "There is no route. Make one: amsterdam routes set --help\n"
      : fittedTable(ROUTE_COLUMNS, routes, width);
  const others = pairs.length === 0 ? "" : `\n${fittedTable(ALIAS_COLUMNS, pairs, width)}`;
  return `${text}${problems.length === 0 ? "" : `\n${problems.join("")}`}${others}`;
}

const ROUTE_COLUMNS: readonly Column<ListedRoute>[] = [
  { head: "ROUTE", cell: ({ name }) => printable(name), cut: true },
  { head: "STRATEGY", cell: ({ definition }) => definition?.strategy ?? "-" },
  {
    head: "TARGETS",
    cell: ({ definition }) => printable(definition?.targets.join(", ") ?? "-"),
    cut: true,
  },
  { head: "FROM", cell: ({ source }) => source },
  { head: "ACTS", cell: ({ problem }) => (problem === null ? "yes" : "no") },
  {
    head: "CHANGED",
    cell: ({ updatedAt }) => (updatedAt === null ? "-" : renderDate(updatedAt)),
    spare: 1,
  },
];

const ALIAS_COLUMNS: readonly Column<[string, string]>[] = [
  { head: "ALIAS", cell: ([name]) => printable(name), cut: true },
  { head: "STANDS FOR", cell: ([, target]) => printable(target), cut: true },
];

type Target = ReturnType<typeof detailsJson>["targets"][number];

/** A route with its settings and its targets. */
export function shownRoute(route: RouteDetails, width: number | undefined): string {
  const { name, source, problem, updated_at, updated_by, definition, targets } = detailsJson(route);
  const from =
    source === "configuration"
      ? "of the configuration"
      : `stored, changed ${renderDate(Date.parse(updated_at!))}${updated_by === null ? "" : ` by ${printable(updated_by)}`}`;
  const { targets: _, weights: __, parameters, conditions, ...settings } = definition ?? {};
  const rows = Object.entries({ ...settings, parameters, conditions }).flatMap(([setting, value]) =>
    value === undefined || (typeof value === "object" && Object.keys(value).length === 0)
      ? []
      : `  ${setting}: ${printable(typeof value === "object" ? JSON.stringify(value) : String(value))}`,
  );
  const never = targets.flatMap((target) =>
    target.problem === null
      ? []
      : `${printable(target.target)} is never tried: ${printable(target.problem)}\n`,
  );
  return [
    `${printable(name)}, ${from}\n`,
    ...(problem === null ? [] : [`It does not act: ${printable(problem)}\n`]),
    `${rows.join("\n")}\n\n`,
    fittedTable(TARGET_COLUMNS, targets, width),
    ...(never.length === 0 ? [] : ["\n", ...never]),
  ].join("");
}

const TARGET_COLUMNS: readonly Column<Target>[] = [
  { head: "TARGET", cell: ({ target }) => printable(target), cut: true },
  { head: "WEIGHT", cell: ({ weight }) => String(weight), right: true, spare: 3 },
  {
    head: "CONTEXT",
    cell: ({ takes }) =>
      takes?.context_window === null || takes === null ? "?" : renderShort(takes.context_window),
    right: true,
    spare: 2,
  },
  { head: "TAKES NO", cell: takesNo, spare: 1 },
  { head: "$/M IN", cell: ({ prices }) => String(prices?.input ?? "?"), right: true },
  { head: "CACHED", cell: ({ prices }) => String(prices?.cached_input ?? "?"), right: true, spare: 4 },
  { head: "OUT", cell: ({ prices }) => String(prices?.output ?? "?"), right: true },
];

const ABILITIES = ["image", "audio", "video", "file", "tools", "structured", "reasoning"] as const;

function takesNo({ takes, kind }: Target): string {
  if (takes === null) return kind === "route" ? "(a route)" : "?";
  return ABILITIES.filter((ability) => takes[ability] === false).join(" ") || "-";
}

/** Where a request would go, and why. */
export function explained({ alias, route, targets, explanation }: Forecast): string {
  const asked = alias === null ? "" : `${printable(alias)} stands for ${printable(route)}.\n`;
  const first = targets[0];
  const goes =
    first === undefined
      ? "It would go nowhere: no target may serve it.\n"
      : `It would go to ${printable(first)}${targets.length === 1 ? "" : `, then ${printable(targets.slice(1, 6).join(", "))}${targets.length > 6 ? ", …" : ""}`}.\n`;
  return `${asked}${goes}${choiceText(choiceJson(explanation))}`;
}
