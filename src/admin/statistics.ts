import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { GatewayError } from "../exchange/errors.ts";
import { parseDuration } from "../lib/moment.ts";
import { FILTER_FIELDS, oneOf, toFilter, wholeNumber } from "../records/filter.ts";
import {
  STATISTICS_GROUPS,
  STATISTICS_ORDERS,
  type StatisticsQuery,
  type StatisticsRow,
} from "../storage/record-store.ts";
import { jsonRoute } from "./route.ts";
import { iso, isoOrNull, MS_DIGITS, named, rounded, time, USD_DIGITS } from "./shape-parts.ts";

const DAY_MS = 86_400_000;
const MIN_INTERVAL_MS = 60_000;
/** Points of one series: a line of a chart has no use for more. */
const MAX_INTERVALS = 2000;
const MAX_GROUPS = 3;

const percentiles = named(
  "Percentiles",
  z.object({ p50: z.number(), p90: z.number(), p99: z.number() }).describe("Milliseconds."),
);
const count = z.int().min(0);

export const rowShape = named(
  "StatisticsRow",
  z
    .object({
      group: z.partialRecord(z.enum(STATISTICS_GROUPS), z.string().nullable()),
      start: time.nullable().describe("When the interval begins; null without intervals."),
      requests: count,
      failures: count,
      failure_rate: z.number().describe("Share of failures."),
      input_tokens: count,
      cached_input_tokens: count,
      cache_write_input_tokens: count,
      output_tokens: count,
      reasoning_tokens: count,
      cost_usd: z.number(),
      unpriced: count.describe("Requests whose cost is not known."),
      duration_ms: percentiles.nullable(),
      first_token_ms: percentiles.nullable(),
      tokens_per_second: z.number().nullable().describe("Output tokens a second of streaming, the median."),
    })
    .describe("Sums over the requests of a group, in an interval."),
);

const statisticsShape = named(
  "Statistics",
  z.object({
    since: time,
    until: time,
    interval_ms: z.int().nullable(),
    rows: z.array(rowShape),
  }),
);

const groups = z
  .string()
  .transform((text) => text.split(",").map((name) => name.trim()))
  .pipe(
    z
      .array(z.enum(STATISTICS_GROUPS, { error: `expected some of ${STATISTICS_GROUPS.join(", ")}` }))
      .max(MAX_GROUPS, `expected at most ${MAX_GROUPS} groups`),
  );

const interval = z.string().transform((text, context) => {
  const ms = parseDuration(text);
  if (ms !== null && ms >= MIN_INTERVAL_MS) return ms;
  context.addIssue({ code: "custom", message: "expected a length of time from 1m on, such as 5m, 1h or 1d" });
  return z.NEVER;
});

/** What statistics are asked for, as people write it. */
export const STATISTICS_FIELDS = {
  ...FILTER_FIELDS,
  by: groups
    .optional()
    .describe(
      `Groups, up to ${MAX_GROUPS} of ${STATISTICS_GROUPS.join(", ")}, with commas. None: one row for all.`,
    ),
  interval: interval
    .optional()
    .describe(
      "Length of each interval of a series, such as 5m, 1h or 1d. They are whole ones of the UTC clock, so that `since` may move back a little. None: the whole time.",
    ),
  order: oneOf(STATISTICS_ORDERS)
    .default("requests")
    .describe("What those groups have most of that are told; the largest comes first."),
  limit: wholeNumber(1, 1000, 100).describe("Groups that are told."),
};

const querySchema = z.strictObject(STATISTICS_FIELDS);

export const showStatistics = jsonRoute({
  method: "GET",
  path: "/admin/statistics",
  id: "showStatistics",
  summary:
    "Counts, tokens, cost and times by groups and intervals; of the last 24 hours unless `since` says so.",
  params: z.strictObject({}),
  query: querySchema,
  body: null,
  answer: statisticsShape,
  async handle({ query }, { storage }) {
    const asked = statisticsQuery(query);
    const rows = await fromStorage(storage.records.statistics(asked));
    return {
      since: iso(asked.filter.since),
      until: iso(asked.filter.until),
      interval_ms: asked.interval ?? null,
      rows: rows.map(rowJson),
    };
  },
});

type Fields = z.output<typeof querySchema>;
type Asked = Omit<Fields, "order"> & Partial<Pick<Fields, "order">>;

/** Throws invalid_request where the time is no range, or the interval too short for it. */
export function statisticsQuery(fields: Asked): StatisticsQuery {
  const until = fields.until ?? Date.now();
  const { interval } = fields;
  const from = fields.since ?? until - DAY_MS;
  // A series of hours or days is one of whole ones: sums are kept of these, and charts of two moments agree.
  const since = interval === undefined ? from : from - (from % interval);
  if (since >= until)
    throw new GatewayError("invalid_request", "`since` must be before `until`.", { param: "since" });
  if (interval !== undefined && (until - since) / interval > MAX_INTERVALS) {
    throw new GatewayError(
      "invalid_request",
      `\`interval\` is too short for this time: at most ${MAX_INTERVALS} are told.`,
      { param: "interval" },
    );
  }
  return {
    filter: { ...toFilter(fields), since, until },
    groups: [...new Set(fields.by ?? [])],
    ...(fields.order === undefined ? {} : { order: fields.order }),
    limit: fields.limit,
    ...(interval === undefined ? {} : { interval }),
  };
}

export function rowJson(row: StatisticsRow): z.output<typeof rowShape> {
  return {
    group: { ...row.group },
    start: isoOrNull(row.start),
    requests: row.requests,
    failures: row.failures,
    failure_rate: row.requests === 0 ? 0 : rounded(row.failures / row.requests, 6),
    input_tokens: row.inputTokens,
    cached_input_tokens: row.cachedInputTokens,
    cache_write_input_tokens: row.cacheWriteInputTokens,
    output_tokens: row.outputTokens,
    reasoning_tokens: row.reasoningTokens,
    cost_usd: rounded(row.costUsd, USD_DIGITS),
    unpriced: row.unpriced,
    duration_ms: percentilesJson(row.duration),
    first_token_ms: percentilesJson(row.firstToken),
    tokens_per_second: row.tokensPerSecond === null ? null : rounded(row.tokensPerSecond, MS_DIGITS),
  };
}

function percentilesJson(of: StatisticsRow["duration"]): z.output<typeof percentiles> | null {
  if (of === null) return null;
  return {
    p50: rounded(of.p50, MS_DIGITS),
    p90: rounded(of.p90, MS_DIGITS),
    p99: rounded(of.p99, MS_DIGITS),
  };
}
