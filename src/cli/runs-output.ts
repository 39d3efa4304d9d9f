import type { RunJson } from "../admin/runs.ts";
import { printable, renderCost, renderMs, table } from "./table.ts";

type RunNodeJson = RunJson["nodes"][number];

/** A run as a tree for people: each request below its parent, with the totals of itself and what is below it. */
export function drawRun(run: RunJson): string {
  const { totals, nodes, critical_path: path } = run;
  const last = lastChildren(nodes);
  const rows = nodes.map((node) => [
    `${node.critical ? "*" : " "} ${branches(node, nodes, last)}${nameOf(node)}`,
    node.request === null ? "-" : renderMs(node.request.duration_ms),
    String(node.totals.input_tokens),
    String(node.totals.output_tokens),
    costOf(node.totals),
    node.totals.failures === 0 ? "" : `${node.totals.failures} failed`,
    feedbackOf(node.totals),
  ]);
  const time =
    totals.started_at === null || totals.ended_at === null
      ? 0
      : Date.parse(totals.ended_at) - Date.parse(totals.started_at);
  return [
    `Run ${printable(run.run_id)}: ${totals.requests} requests, ${totals.failures} failed, in ${renderMs(time)}, ${costOf(totals)}\n`,
    `Critical path: ${path.steps.length} requests, ${renderMs(path.request_ms)} in them and ${renderMs(path.wait_ms)} between them\n`,
    run.truncated ? "There are more requests than can be shown; the later ones are left out.\n" : "",
    "\n",
    table([["  REQUEST", "TOOK", "IN", "OUT", "COST", "", ""], ...rows]),
  ].join("");
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

function costOf({ cost_usd, unpriced }: RunJson["totals"]): string {
  const cost = renderCost(cost_usd);
  return unpriced === 0 ? cost : `${cost} and ${unpriced} without a price`;
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
