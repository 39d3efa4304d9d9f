import { feedbackJson } from "../admin/feedback-shape.ts";
import { type RequestJson, requestJson } from "../admin/request-shape.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import { type Column, fittedTable } from "./columns.ts";
import { feedbackText } from "./feedback-output.ts";
import { printable, renderCost, renderMinute, renderMs, renderSecond, renderShare, table } from "./table.ts";

/** Requests as a table for people. `more` says that the limit left some out. */
export function listRequests(
  records: readonly RequestRecord[],
  options: { readonly more: boolean; readonly storageUrl: string; readonly columns?: number | undefined },
): string {
  if (records.length === 0) return `No such request is recorded in ${options.storageUrl}.\n`;
  const text = fittedTable(COLUMNS, records, options.columns);
  return options.more ? `${text}There are more: --limit <number> lists them.\n` : text;
}

const COLUMNS: readonly Column<RequestRecord>[] = [
  { head: "ID", cell: ({ id }) => id },
  {
    head: "BEGAN (UTC)",
    cell: ({ startedAt }) => renderSecond(startedAt),
    short: ({ startedAt }) => renderMinute(startedAt),
  },
  { head: "STATUS", cell: statusText, cut: true },
  {
    head: "MODEL",
    cell: modelText,
    short: (record) => printable(record.model ?? modelText(record)),
    cut: true,
  },
  { head: "IN", cell: ({ usage }) => String(usage?.input ?? "-"), right: true, spare: 2 },
  { head: "OUT", cell: ({ usage }) => String(usage?.output ?? "-"), right: true, spare: 2 },
  { head: "COST", cell: ({ cost }) => renderCost(cost?.usd ?? null), right: true },
  { head: "TOOK", cell: ({ durationMs }) => renderMs(durationMs), right: true },
  { head: "RUN", cell: ({ runId }) => printable(runId), spare: 3 },
];

/** One request with all that is known of it. */
export function showRequest(record: RequestRecord, feedback: readonly Feedback[], json: boolean): string {
  const shown = { ...requestJson(record), feedback: feedback.map(feedbackJson) };
  if (json) return `${JSON.stringify(shown, null, 2)}\n`;
  const { attempts, feedback: _, templates, decisions, choice, usage, cost, ...facts } = shown;
  const rows = Object.entries({ ...facts, ...usage, cost_usd: cost?.usd, cost_source: cost?.source }).flatMap(
    ([name, value]): [string, string][] => {
      const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
      return text === "" ? [] : [[name, printable(text)]];
    },
  );
  return [
    table(rows),
    ...attempts.map(attemptText),
    ...(choice === null ? [] : [choiceText(choice)]),
    ...templates.map((used) => `\n${templateText(used)}\n`),
    ...decisions.map(
      ({ experiment, variant, epoch, probability, unit }) =>
        `\nexperiment ${printable(experiment)}: ${printable(variant)}, by ${renderShare(probability)} in epoch ${epoch}, for ${printable(unit)}\n`,
    ),
    ...feedback.map((item) => `\nfeedback ${feedbackText(item)}\n`),
  ].join("");
}

/** `attempt at openai/gpt-5: 400, upstream_refused (context_length), 40 ms`, and what the upstream said. */
function attemptText(attempt: RequestJson["attempts"][number]): string {
  const { target, started_ms, ended_ms, status, error, message, reason } = attempt;
  // An answer that a filter kept back has a reason and no error.
  const wrong = error === null || reason === null ? (error ?? reason) : `${error} (${reason})`;
  const took = renderMs((ended_ms ?? started_ms) - started_ms);
  const parts = [status ?? "no answer", ...(wrong === null ? [] : [wrong]), took];
  const said = message === null ? "" : `\n  ${printable(message)}`;
  return `\nattempt at ${printable(target)}: ${parts.join(", ")}${said}\n`;
}

/** What a route decided, a line for each candidate; what a route within it decided follows. */
export function choiceText(choice: NonNullable<RequestJson["choice"]>): string {
  const { route, strategy, score, threshold, probability, candidates, within } = choice;
  const facts = [
    ...(score === undefined ? [] : [`score ${score.toFixed(3)}`]),
    ...(threshold === undefined ? [] : [`threshold ${threshold.toFixed(3)}`]),
    ...(probability === undefined ? [] : [`probability ${probability.toFixed(3)}`]),
  ];
  const head = [`route ${route} by ${strategy}`, ...facts].join(", ");
  const lines = candidates.map(({ target, reason }) => `  ${printable(`${target}: ${reason}`)}\n`);
  return `\n${printable(head)}\n${lines.join("")}${within === undefined ? "" : choiceText(within)}`;
}

type UsedTemplateJson = RequestJson["templates"][number];

const REASONS: Readonly<Record<UsedTemplateJson["source"], string>> = {
  client: "the client's own text",
  rendered: "the client's template, rendered",
  named: "named by the client",
  pin: "pinned",
  label: "by its label",
  experiment: "by an experiment",
  none: "no text, and so refused",
};

function templateText(used: UsedTemplateJson): string {
  const { path, template_id, version, revision, source, label, drift, problem } = used;
  const facts = [
    ...(version === null ? [] : [`version ${version}${revision === null ? "" : ` (${revision})`}`]),
    label === null ? REASONS[source] : `${REASONS[source]} ${label}`,
    ...(drift ? ["the client's text differs from its template"] : []),
  ];
  const head = `template ${template_id ?? "without a name"} at ${path}: ${facts.join(", ")}`;
  return printable(head) + (problem === null ? "" : `\n  ${printable(problem)}`);
}

/** The status, with the error where there is one. */
export function statusText({ status, error }: RequestRecord): string {
  return error === null ? String(status) : `${status} ${error}`;
}

export function modelText({ provider, model, requestedModel }: RequestRecord): string {
  if (model === null) return printable(requestedModel ?? "-");
  return printable(provider === null ? model : `${provider}/${model}`);
}
