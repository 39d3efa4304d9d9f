import type { z } from "zod";
import { type STATISTICS_FIELDS, statisticsQuery } from "../admin/statistics.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { StatisticsQuery, StatisticsRow } from "../storage/record-store.ts";
import type { Column } from "./columns.ts";
import { readFields } from "./record-options.ts";
import { usage } from "./stored.ts";
import { printable, renderDate, renderMinute } from "./table.ts";

type Fields = Omit<typeof STATISTICS_FIELDS, "order">;

/** What statistics the options ask for. Throws a CommandError. */
export function readStatistics(
  command: string,
  schema: z.ZodObject<Fields>,
  options: Record<string, string | boolean | undefined>,
): StatisticsQuery {
  try {
    return statisticsQuery(readFields(command, schema, options));
  } catch (error) {
    if (error instanceof GatewayError) throw usage(command, error.message.replaceAll("`", ""));
    throw error;
  }
}

/** The time that was asked for. */
export function timeOf({ filter }: StatisticsQuery): string {
  return `${renderDate(filter.since)} to ${renderDate(filter.until)}`;
}

/** The columns that say what a row is of. */
export function groupColumns<Row extends Pick<StatisticsRow, "group" | "start">>({
  groups,
  interval,
}: StatisticsQuery): Column<Row>[] {
  const from: Column<Row> = {
    head: "FROM",
    cell: ({ start }) => (start === null ? "-" : renderDate(start)),
    short: ({ start }) => (start === null ? "-" : renderMinute(start)),
  };
  return [
    ...(interval === undefined ? [] : [from]),
    ...groups.map(
      (name): Column<Row> => ({
        head: name.toUpperCase(),
        cell: ({ group }) => printable(group[name] ?? "-"),
        cut: true,
      }),
    ),
  ];
}
