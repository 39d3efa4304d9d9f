import { feedbackJson } from "../admin/feedback-shape.ts";
import { requestJson } from "../admin/request-shape.ts";
import type { RequestRecord } from "../records/record.ts";
import type { Feedback } from "../storage/interface.ts";
import { printable, renderCost, renderMs, renderSecond, table } from "./table.ts";

/** Requests as a table for people. `more` says that the limit left some out. */
export function listRequests(
  records: readonly RequestRecord[],
  options: { readonly more: boolean; readonly storageUrl: string },
): string {
  if (records.length === 0) return `No such request is recorded in ${options.storageUrl}.\n`;
  const text = table([
    ["ID", "BEGAN (UTC)", "STATUS", "MODEL", "IN", "OUT", "COST", "TOOK", "RUN"],
    ...records.map((record) => [
      record.id,
      renderSecond(record.startedAt),
      statusText(record),
      modelText(record),
      String(record.usage?.input ?? "-"),
      String(record.usage?.output ?? "-"),
      renderCost(record.cost?.usd ?? null),
      renderMs(record.durationMs),
      printable(record.runId),
    ]),
  ]);
  return options.more ? `${text}There are more: --limit <number> lists them.\n` : text;
}

/** One request with all that is known of it. */
export function showRequest(record: RequestRecord, feedback: readonly Feedback[], json: boolean): string {
  const shown = { ...requestJson(record), feedback: feedback.map(feedbackJson) };
  if (json) return `${JSON.stringify(shown, null, 2)}\n`;
  const { attempts, feedback: _, templates: __, usage, cost, ...facts } = shown;
  const rows = Object.entries({ ...facts, ...usage, cost_usd: cost?.usd, cost_source: cost?.source }).flatMap(
    ([name, value]): [string, string][] => {
      const text = Array.isArray(value) ? value.join(", ") : String(value ?? "");
      return text === "" ? [] : [[name, printable(text)]];
    },
  );
  return [
    table(rows),
    ...attempts.map(
      ({ target, started_ms, ended_ms, status, error, message }) =>
        `\nattempt at ${printable(target)}: ${status ?? "no answer"}${error === null ? "" : `, ${error}`}, ${renderMs((ended_ms ?? started_ms) - started_ms)}${message === null ? "" : `\n  ${printable(message)}`}\n`,
    ),
    ...feedback.map(
      ({ name, value, comment }) =>
        `\nfeedback ${printable(name)}: ${printable(JSON.stringify(value))}${comment === null ? "" : `\n  ${printable(comment)}`}\n`,
    ),
  ].join("");
}

/** The status, with the error where there is one. */
export function statusText({ status, error }: RequestRecord): string {
  return error === null ? String(status) : `${status} ${error}`;
}

export function modelText({ provider, model, requestedModel }: RequestRecord): string {
  if (model === null) return printable(requestedModel ?? "-");
  return printable(provider === null ? model : `${provider}/${model}`);
}
