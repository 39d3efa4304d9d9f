import { z } from "zod";
import { rowJson, STATISTICS_FIELDS, statisticsQuery } from "../admin/statistics.ts";
import { GatewayError } from "../exchange/errors.ts";
import type { StatisticsGroup, StatisticsQuery, StatisticsRow } from "../storage/interface.ts";
import { FILTER_HELP, FILTER_OPTIONS, readFields } from "./record-options.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { printable, renderCost, renderDate, renderMs, table } from "./table.ts";

const HELP = `Count what the gateway recorded: requests, failures, tokens, cost and times.

Usage:
  amsterdam stats [--by <group>,…] [--since 24h] [options] [--json]

Options:
  --by <group>,…     Up to three of model, provider, key, door, route, agent, operation,
                     status, category, finish, run, thread, template, tag
  --interval <time>  A row for each interval, such as 5m, 1h or 1d
  --limit <number>   Groups that are listed, those with the most requests. Default: 100
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
      "limit",
    ]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("stats", `Too much: ${positionals.join(" ")}.`);
    const query = readQuery(options);
    const rows = await withStorage(io, "requests", (storage) => storage.records.statistics(query));
    io.stdout.write(
      options.json === true ? `${JSON.stringify(rows.map(rowJson), null, 2)}\n` : statsText(rows, query),
    );
  });
}

function readQuery(options: Record<string, string | boolean | undefined>): StatisticsQuery {
  try {
    return statisticsQuery(readFields("stats", schema, options));
  } catch (error) {
    if (error instanceof GatewayError) throw usage("stats", error.message.replaceAll("`", ""));
    throw error;
  }
}

function statsText(rows: readonly StatisticsRow[], { groups, interval, filter }: StatisticsQuery): string {
  const time = `${renderDate(filter.since)} to ${renderDate(filter.until)}`;
  if (rows.length === 0) return `No such request is recorded from ${time}.\n`;
  const heads = [
    ...(interval === undefined ? [] : ["FROM"]),
    ...groups.map((name) => name.toUpperCase()),
    ...["REQUESTS", "FAILED", "IN", "CACHED", "OUT", "COST", "P50", "P90", "P99", "FIRST TOKEN", "TOKENS/S"],
  ];
  return `${time}\n\n${table([heads, ...rows.map((row) => cellsOf(row, groups))])}`;
}

function cellsOf(row: StatisticsRow, groups: readonly StatisticsGroup[]): string[] {
  const unpriced = row.unpriced === 0 ? "" : ` (+${row.unpriced} ?)`;
  return [
    ...(row.start === null ? [] : [renderDate(row.start)]),
    ...groups.map((name) => printable(row.group[name] ?? "-")),
    String(row.requests),
    row.requests === 0 ? "-" : `${((row.failures / row.requests) * 100).toFixed(1)} %`,
    String(row.inputTokens),
    String(row.cachedInputTokens),
    String(row.outputTokens),
    renderCost(row.costUsd) + unpriced,
    ...(["p50", "p90", "p99"] as const).map((name) =>
      row.duration === null ? "-" : renderMs(row.duration[name]),
    ),
    row.firstToken === null ? "-" : renderMs(row.firstToken.p50),
    row.tokensPerSecond === null ? "-" : row.tokensPerSecond.toFixed(1),
  ];
}
