import { readFileSync } from "node:fs";
import { join } from "node:path";

const FILE = join(import.meta.dirname, "../../deploy/grafana-dashboard.json");

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly h: number; readonly w: number; readonly x: number; readonly y: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}

export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync(FILE, "utf8")) as Dashboard;
}

/** Every query of its panels, with the variables replaced as Grafana does when all is chosen. */
export function queriesIn({ panels }: Dashboard): string[] {
  return panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "1m").replaceAll(/\$\w+/g, ".*")),
  );
}

/** Names of metrics and of labels that a query asks for. */
export function namesIn(query: string): { readonly metrics: string[]; readonly labels: string[] } {
  const bare = query.replaceAll(/"[^"]*"/g, '""');
  const metrics = [...bare.matchAll(/\b((?:amsterdam|gen_ai|process)_\w+)\{/g)].map(([, name]) => name!);
  const matched = [...bare.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, name]) => name!);
  const grouped = [...bare.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list]) => list!.split(/\s*,\s*/));
  return { metrics, labels: [...new Set([...matched, ...grouped])] };
}
