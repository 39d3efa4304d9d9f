import type { FeedbackJson } from "../admin/feedback-shape.ts";
import type { FeedbackRow, StatisticsQuery } from "../storage/record-store.ts";
import { type Column, fittedTable } from "./columns.ts";
import { groupColumns, timeOf } from "./statistics-options.ts";
import { printable, renderMinute, renderSecond } from "./table.ts";

/** What was said, `good: true (by judge)`, with the comment on a line below. */
export function feedbackText({
  name,
  value,
  source,
  comment,
}: Pick<FeedbackJson, "name" | "value" | "source" | "comment">): string {
  const by = source === null ? "" : ` (by ${source})`;
  const below = comment === null ? "" : `\n  ${printable(comment)}`;
  return printable(`${name}: ${valueText(value)}${by}`) + below;
}

function valueText(value: FeedbackJson["value"]): string {
  return typeof value === "object" ? `correction ${JSON.stringify(value.correction)}` : String(value);
}

/** Feedback as a table for people. `more` says that the limit left some out. */
export function listFeedback(
  feedback: readonly FeedbackJson[],
  options: { readonly more: boolean; readonly storageUrl: string; readonly columns?: number | undefined },
): string {
  if (feedback.length === 0) return `There is no such feedback in ${options.storageUrl}.\n`;
  const text = fittedTable(LIST, feedback, options.columns);
  return options.more ? `${text}There is more: --limit <number> lists it.\n` : text;
}

const LIST: readonly Column<FeedbackJson>[] = [
  {
    head: "RECEIVED (UTC)",
    cell: ({ received_at }) => renderSecond(Date.parse(received_at)),
    short: ({ received_at }) => renderMinute(Date.parse(received_at)),
  },
  { head: "ON", cell: ({ target, target_id }) => printable(`${target} ${target_id}`), cut: true },
  { head: "NAME", cell: ({ name }) => printable(name), cut: true },
  { head: "VALUE", cell: ({ value }) => printable(valueText(value)), cut: true },
  { head: "SOURCE", cell: ({ source }) => printable(source ?? "-"), cut: true, spare: 1 },
  { head: "COMMENT", cell: ({ comment }) => printable(comment ?? "-"), cut: true, spare: 2 },
];

/** Feedback by groups as a table for people. */
export function feedbackTable(
  rows: readonly FeedbackRow[],
  query: StatisticsQuery,
  width: number | undefined,
): string {
  if (rows.length === 0) return `No request from ${timeOf(query)} has such feedback.\n`;
  const columns = [...groupColumns<FeedbackRow>(query), ...FIGURES];
  return `${timeOf(query)}\n\n${fittedTable(columns, rows, width)}`;
}

const FIGURES: readonly Column<FeedbackRow>[] = [
  { head: "NAME", cell: ({ name }) => printable(name), cut: true },
  { head: "COUNT", cell: ({ count }) => String(count), right: true },
  { head: "TRUE", cell: ({ positive }) => String(positive), right: true },
  { head: "FALSE", cell: ({ negative }) => String(negative), right: true },
  {
    head: "MEAN",
    cell: ({ mean }) => (mean === null ? "-" : String(Number(mean.toPrecision(4)))),
    right: true,
  },
  { head: "CORRECTIONS", cell: ({ corrections }) => String(corrections), right: true, spare: 1 },
];
