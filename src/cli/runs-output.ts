import type { RunJson } from "../admin/runs.ts";
import type { Gathered } from "../storage/record-store.ts";
import { type Column, fittedTable } from "./columns.ts";
import { feedbackText } from "./feedback-output.ts";
import { printable, renderCost, renderMinute, renderMs, renderSecond, renderShort } from "./table.ts";

type RunNodeJson = RunJson["nodes"][number];

/** Runs as a table for people. `more` says that the limit left some out. */
export function listRuns(
  runs: readonly Gathered[],
  options: { readonly more: boolean; readonly storageUrl: string; readonly columns?: number | undefined },
): string {
  if (runs.length === 0) return `No such run is recorded in ${options.storageUrl}.\n`;
  const text = fittedTable(LIST, runs, options.columns);
  return options.more ? `${text}There are more: --limit <number> lists them.\n` : text;
}

const LIST: readonly Column<Gathered>[] = [
  { head: "RUN", cell: ({ id }) => printable(id) },
  {
    head: "BEGAN (UTC)",
    cell: ({ startedAt }) => renderSecond(startedAt),
    short: ({ startedAt }) => renderMinute(startedAt),
  },
  { head: "TOOK", cell: ({ startedAt, endedAt }) => renderMs(endedAt - startedAt), right: true },
  { head: "REQUESTS", cell: ({ requests }) => String(requests), right: true },
  { head: "FAILED", cell: ({ failures }) => String(failures), right: true },
  { head: "IN", ...figure(({ inputTokens }) => inputTokens), spare: 1 },
  { head: "OUT", ...figure(({ outputTokens }) => outputTokens), spare: 1 },
  {
    head: "COST",
    cell: ({ costUsd, unpriced }) => costText(costUsd, unpriced),
    short: ({ costUsd, unpriced }) => renderCost(costUsd) + (unpriced === 0 ? "" : " +?"),
    right: true,
  },
];

function figure(value: (run: Gathered) => number): Omit<Column<Gathered>, "head"> {
  return { cell: (run) => String(value(run)), short: (run) => renderShort(value(run)), right: true };
}

/** A run as a tree for people: each request below its parent, with the totals of itself and what is below it. */
export function drawRun(run: RunJson, width?: number): string {
  const { totals, nodes, feedback, critical_path: path } = run;
  const last = lastChildren(nodes);
  const columns: Column<RunNodeJson>[] = [
    {
      head: "  REQUEST",
      cell: (node) => `${node.critical ? "*" : " "} ${branches(node, nodes, last)}${nameOf(node)}`,
      cut: true,
    },
    {
      head: "TOOK",
      cell: ({ request }) => (request === null ? "-" : renderMs(request.duration_ms)),
      right: true,
    },
    { head: "IN", ...tokens(({ input_tokens }) => input_tokens), spare: 1 },
    { head: "OUT", ...tokens(({ output_tokens }) => output_tokens), spare: 1 },
    {
      head: "COST",
      cell: ({ totals: { cost_usd, unpriced } }) => costText(cost_usd, unpriced),
      short: ({ totals: { cost_usd, unpriced } }) => renderCost(cost_usd) + (unpriced === 0 ? "" : " +?"),
      right: true,
    },
    { head: "", cell: (node) => (node.totals.failures === 0 ? "" : `${node.totals.failures} failed`) },
    { head: "", cell: (node) => feedbackOf(node.totals) },
  ];
  const time =
    totals.started_at === null || totals.ended_at === null
      ? 0
      : Date.parse(totals.ended_at) - Date.parse(totals.started_at);
  const unpriced = totals.unpriced === 0 ? "" : ` and ${totals.unpriced} without a price`;
  return [
    `Run ${printable(run.run_id)}: ${totals.requests} requests, ${totals.failures} failed, in ${renderMs(time)}, ${renderCost(totals.cost_usd)}${unpriced}\n`,
    `Critical path: ${path.steps.length} requests, ${renderMs(path.request_ms)} in them and ${renderMs(path.wait_ms)} between them\n`,
    ...feedback.map((item) => `Feedback on the run: ${feedbackText(item)}\n`),
    run.truncated ? "There are more requests than can be shown; the later ones are left out.\n" : "",
    "\n",
    fittedTable(columns, nodes, width),
  ].join("");
}

function tokens(value: (totals: RunJson["totals"]) => number): Omit<Column<RunNodeJson>, "head"> {
  return {
    cell: ({ totals }) => String(value(totals)),
    short: ({ totals }) => renderShort(value(totals)),
    right: true,
  };
}

/** Numbers of the nodes after which none stands below the same parent. */
function lastChildren(nodes: readonly RunNodeJson[]): ReadonlySet<number> {
  const last = new Map<number | null, number>();
  for (const { node, parent } of nodes) last.set(parent, node);
  return new Set(last.values());
}

/** The lines that lead to a node. Levels beyond what fits on a screen are told as a number. */
function branches(node: RunNodeJson, nodes: readonly RunNodeJson[], last: ReadonlySet<number>): string {
  if (node.depth === 0) return "";
  if (node.depth > MAX_DRAWN) return `${"│ ".repeat(2)}… ${node.depth} `;
  let lines = last.has(node.node) ? "└ " : "├ ";
  for (let at = nodes[node.parent!]!; at.depth > 0; at = nodes[at.parent!]!) {
    lines = (last.has(at.node) ? "  " : "│ ") + lines;
  }
  return lines;
}

const MAX_DRAWN = 30;

function nameOf({ request, request_id, cycle }: RunNodeJson): string {
  const id = printable(request_id);
  if (request === null) return `${id} (not recorded)`;
  const { provider, model, requested_model, status, error, agent_id } = request;
  const served = model === null ? (requested_model ?? request.door) : `${provider ?? ""}/${model}`;
  const agent = agent_id === null ? "" : ` ${agent_id}`;
  const failed = error === null ? "" : ` ${status} ${error}`;
  return printable(`${id} ${served}${agent}${failed}${cycle ? " (its parents lead back to it)" : ""}`);
}

function costText(usd: number, unpriced: number): string {
  return renderCost(usd) + (unpriced === 0 ? "" : ` (+${unpriced} ?)`);
}

function feedbackOf({ feedback, positive, negative }: RunJson["totals"]): string {
  if (feedback === 0) return "";
  const others = feedback - positive - negative;
  const parts = [
    positive > 0 ? `+${positive}` : "",
    negative > 0 ? `-${negative}` : "",
    others > 0 ? `${others} other` : "",
  ];
  return `feedback ${parts.filter((part) => part !== "").join(" ")}`;
}
