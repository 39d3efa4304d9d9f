import type { z } from "zod";
import type { evaluationShape, reportShape } from "../admin/experiment-report.ts";
import type { eventShape, experimentShape } from "../admin/experiment-shape.ts";
import { type Column, fittedTable } from "./columns.ts";
import { printable, renderDate, renderShare, table } from "./table.ts";

type ExperimentJson = z.output<typeof experimentShape>;
type ReportJson = z.output<typeof reportShape>;
type VariantJson = ReportJson["variants"][number];
type EventJson = z.output<typeof eventShape>;
type EvaluationJson = z.output<typeof evaluationShape>;

/** Experiments as a table for people. */
export function listedExperiments(
  experiments: readonly ExperimentJson[],
  columns: number | undefined,
): string {
  return fittedTable(LIST, experiments, columns);
}

const LIST: readonly Column<ExperimentJson>[] = [
  { head: "ID", cell: ({ id }) => id },
  { head: "TEMPLATE", cell: ({ template }) => template, cut: true },
  { head: "STATUS", cell: ({ status }) => status },
  {
    head: "VARIANTS",
    cell: ({ variants }) => variants.map(({ name, version }) => `${name}=${version}`).join(", "),
    cut: true,
  },
  { head: "METRIC", cell: ({ metric }) => printable(metric.name), spare: 1 },
  { head: "STARTED", cell: ({ started_at }) => (started_at === null ? "-" : date(started_at)), spare: 2 },
  { head: "PROMOTED", cell: ({ promotion }) => promotion?.variant ?? "-", spare: 3 },
];

/** One experiment with what is known of it. */
export function shownExperiment(
  shown: {
    readonly experiment: ExperimentJson;
    readonly report: ReportJson;
    readonly events: readonly EventJson[];
  },
  columns: number | undefined,
): string {
  const { experiment, report, events } = shown;
  return [
    headOf(experiment),
    "\n",
    fittedTable(VARIANTS, report.variants, columns),
    `\n${printable(report.verdict)}\n`,
    countsOf(report),
    guardrailsOf(report),
    "\n",
    table(
      events.map(({ at, kind, detail, by }) => [
        date(at),
        kind,
        printable(by === null ? detail : `${detail} (${by})`),
      ]),
    ),
  ].join("");
}

const VARIANTS: readonly Column<VariantJson>[] = [
  { head: "VARIANT", cell: ({ name }) => name },
  { head: "UNITS", cell: ({ units }) => String(units), right: true, spare: 2 },
  { head: "JUDGED", cell: ({ judged }) => String(judged), right: true },
  { head: "MEAN", cell: ({ mean }) => figure(mean), right: true },
  { head: "SPREAD", cell: ({ spread }) => figure(spread), right: true, spare: 4 },
  { head: "INTERVAL", cell: ({ interval }) => rangeOf(interval) },
  { head: "CORRECTED", cell: ({ corrected }) => figure(corrected?.mean ?? null), right: true, spare: 3 },
  { head: "BEST", cell: ({ best }) => renderShare(best), right: true },
  { head: "LOSS", cell: ({ expected_loss }) => figure(expected_loss), right: true, spare: 3 },
  { head: "SHARE", cell: ({ share }) => renderShare(share), right: true },
  {
    head: "STATE",
    cell: ({ switched_off }) => (switched_off === null ? "on" : `off: ${printable(switched_off)}`),
    cut: true,
  },
];

function headOf(experiment: ExperimentJson): string {
  const { id, description, status, template, unit, metric, direction, label, started_at, ended_at } =
    experiment;
  const since = status === "ended" ? ended_at : status === "running" ? started_at : null;
  const kind = metric.kind === "bounded" ? `${metric.min} to ${metric.max}` : metric.kind;
  const allocation =
    experiment.allocation === "fixed"
      ? "fixed shares"
      : `Thompson sampling, each at least ${renderShare(experiment.minimum_share ?? 0)}`;
  const outside = experiment.outside > 0 ? `, ${renderShare(experiment.outside)} outside` : "";
  const contexts = Object.entries(experiment.contexts).map(([name, list]) => `${name} ${list?.join(", ")}`);
  return [
    `${id}  ${status}${since === null ? "" : ` since ${date(since)}`}`,
    ...(description === "" ? [] : [`  ${printable(description)}`]),
    `  template ${template}: ${experiment.variants.map(variantText).join(", ")}`,
    `  ${printable(metric.name)} (${kind}) of each ${printable(unit)}, to be ${direction === "maximize" ? "high" : "low"}; ${allocation}${outside}`,
    ...(contexts.length === 0 ? [] : [`  only ${printable(contexts.join("; "))}`]),
    `  a winner ${experiment.when_decided === "promote" ? "gets" : "may get"} the label ${label}`,
    "",
  ].join("\n");
}

function variantText({ name, version, model, route }: ExperimentJson["variants"][number]): string {
  const target = model ?? route;
  return `${name} is version ${version}${target === null ? "" : ` on ${printable(target)}`}`;
}

function countsOf(report: ReportJson): string {
  const facts = [
    `${report.requests} request${report.requests === 1 ? "" : "s"}`,
    ...(report.open > 0 ? [`${report.open} units may still go on and do not count yet`] : []),
    ...(report.crossed > 0
      ? [`${report.crossed} units had more than one variant and count for their first`]
      : []),
    ...(report.ignored > 0 ? [`${report.ignored} values could not be used`] : []),
    `${report.epochs} epoch${report.epochs === 1 ? "" : "s"}`,
    ...(report.complete ? [] : ["there are more requests than are read"]),
  ];
  return `${facts.join("; ")}.\n`;
}

function guardrailsOf({ guardrails }: ReportJson): string {
  const rows = guardrails.flatMap(({ metric, at_most, at_least, variants }) =>
    variants.map(({ name, units, mean, breach }) => [
      printable(`${metric.name} ${at_most === null ? `>= ${at_least}` : `<= ${at_most}`}`),
      name,
      String(units),
      figure(mean),
      breach === null ? "" : "beyond the limit",
    ]),
  );
  if (rows.length === 0) return "";
  return `\n${table([["GUARDRAIL", "VARIANT", "UNITS", "MEAN", ""], ...rows], [false, false, true, true])}`;
}

/** What allocations would have earned. */
export function evaluated({ metric, policies }: EvaluationJson): string {
  const rows = policies.map((one) => [
    printable(one.policy),
    String(one.units),
    String(Math.floor(one.effective_units)),
    one.answered ? figure(one.doubly_robust.mean) : "?",
    one.answered ? rangeOf(one.doubly_robust.interval) : "-",
    one.answered ? figure(one.snips.mean) : "?",
    one.answered ? figure(one.ips.mean) : "?",
  ]);
  const head = ["ALLOCATION", "UNITS", "WORTH", printable(metric).toUpperCase(), "INTERVAL", "SNIPS", "IPS"];
  const right = [false, true, true, true, false, true, true];
  const answers = policies.map(({ answer }) => `${printable(answer)}\n`);
  return `${table([head, ...rows], right)}\n${answers.join("")}`;
}

/** Four digits that say something. */
function figure(value: number | null): string {
  return value === null ? "-" : String(Number(value.toPrecision(4)));
}

function rangeOf(interval: { readonly low: number | null; readonly high: number | null } | null): string {
  return interval === null ? "-" : `${figure(interval.low)} to ${figure(interval.high)}`;
}

function date(isoText: string): string {
  return renderDate(Date.parse(isoText));
}
