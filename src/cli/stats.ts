import { z } from "zod";
import { rowJson, STATISTICS_FIELDS } from "../admin/statistics.ts";
import type { StatisticsQuery, StatisticsRow } from "../storage/record-store.ts";
import { type Column, fittedTable } from "./columns.ts";
import { FILTER_HELP, FILTER_OPTIONS } from "./record-options.ts";
import { groupColumns, readStatistics, timeOf } from "./statistics-options.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { renderCost, renderMs, renderShort } from "./table.ts";

const HELP = `Count what the gateway recorded: requests, failures, tokens, cost and times.

Usage:
  amsterdam stats [--by <group>,…] [--since 24h] [options] [--json]

Options:
  --by <group>,…     Up to three of model, provider, key, door, route, agent, operation,
                     status, category, finish, run, thread, template, version,
                     variant, tag
  --order <order>    What the groups have most of that are listed: requests (default), failures,
                     tokens or cost
  --interval <time>  A row for each interval, such as 5m, 1h or 1d
  --limit <number>   Groups that are listed. Default: 100
  --json             JSON instead of text
  --config <file>    The configuration that says where records are stored, as for start

${FILTER_HELP}
Without --since the last 24 hours. The gateway may be running.
`;

const schema = z.strictObject(STATISTICS_FIELDS);

/** `amsterdam stats …`; `argv` begins after `stats`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runStats(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("stats", argv, [
      ...FILTER_OPTIONS,
      "by",
      "interval",
      "order",
      "limit",
    ]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("stats", `Too much: ${positionals.join(" ")}.`);
    const query = readStatistics("stats", schema, options);
    const rows = await withStorage(io, "requests", (storage) => storage.records.statistics(query));
    io.stdout.write(
      options.json === true
        ? `${JSON.stringify(rows.map(rowJson), null, 2)}\n`
        : statsText(rows, query, io.columns),
    );
  });
}

function statsText(
  rows: readonly StatisticsRow[],
  query: StatisticsQuery,
  width: number | undefined,
): string {
  const time = timeOf(query);
  if (rows.length === 0) return `No such request is recorded from ${time}.\n`;
  const columns = [...groupColumns(query), ...FIGURES];
  return `${time}\n\n${fittedTable(columns, rows, width)}`;
}

const FIGURES: readonly Column<StatisticsRow>[] = [
  { head: "REQUESTS", ...figure(({ requests }) => requests) },
  { head: "FAILED", cell: failedText, right: true },
  { head: "IN", ...figure(({ inputTokens }) => inputTokens), spare: 1 },
  { head: "CACHED", ...figure(({ cachedInputTokens }) => cachedInputTokens), spare: 4 },
  { head: "OUT", ...figure(({ outputTokens }) => outputTokens), spare: 1 },
  {
    head: "COST",
    cell: ({ costUsd, unpriced }) => renderCost(costUsd) + (unpriced === 0 ? "" : ` (+${unpriced} ?)`),
    short: ({ costUsd, unpriced }) => renderCost(costUsd) + (unpriced === 0 ? "" : " +?"),
    right: true,
  },
  { head: "P50", cell: ({ duration }) => msText(duration?.p50), right: true, spare: 1 },
  { head: "P90", cell: ({ duration }) => msText(duration?.p90), right: true, spare: 3 },
  { head: "P99", cell: ({ duration }) => msText(duration?.p99), right: true, spare: 2 },
  { head: "FIRST TOKEN", cell: ({ firstToken }) => msText(firstToken?.p50), right: true, spare: 6 },
  {
    head: "TOKENS/S",
    cell: ({ tokensPerSecond }) => tokensPerSecond?.toFixed(1) ?? "-",
    right: true,
    spare: 5,
  },
];

function figure(value: (row: StatisticsRow) => number): Omit<Column<StatisticsRow>, "head"> {
  return { cell: (row) => String(value(row)), short: (row) => renderShort(value(row)), right: true };
}

function failedText({ requests, failures }: StatisticsRow): string {
  return requests === 0 ? "-" : `${((failures / requests) * 100).toFixed(1)} %`;
}

function msText(ms: number | undefined): string {
  return ms === undefined ? "-" : renderMs(ms);
}
