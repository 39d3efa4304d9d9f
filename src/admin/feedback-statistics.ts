import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { type FeedbackRow, STATISTICS_GROUPS } from "../storage/record-store.ts";
import { jsonRoute } from "./route.ts";
import { iso, isoOrNull, named, rounded, time } from "./shape-parts.ts";
import { STATISTICS_FIELDS, statisticsQuery } from "./statistics.ts";

const count = z.int().min(0);
const MEAN_DIGITS = 6;

const rowShape = named(
  "FeedbackRow",
  z
    .object({
      group: z.partialRecord(z.enum(STATISTICS_GROUPS), z.string().nullable()),
      start: time.nullable().describe("When the interval begins; null without intervals."),
      name: z.string(),
      count,
      positive: count.describe("Values that are true."),
      negative: count.describe("Values that are false."),
      positive_rate: z.number().nullable().describe("Share of the true among the true and false ones."),
      numbers: count.describe("Values that are numbers."),
      mean: z.number().nullable().describe("Of the numbers."),
      corrections: count.describe("Values that are corrections."),
    })
    .describe("Feedback of one name on the requests of a group, in an interval."),
);

const statisticsShape = named(
  "FeedbackStatistics",
  z.object({ since: time, until: time, interval_ms: z.int().nullable(), rows: z.array(rowShape) }),
);

/** What feedback statistics are asked with: groups are told by how much feedback they have. */
export const { order: _, ...FEEDBACK_STATISTICS_FIELDS } = STATISTICS_FIELDS;

export const showFeedbackStatistics = jsonRoute({
  method: "GET",
  path: "/admin/statistics/feedback",
  id: "showFeedbackStatistics",
  summary:
    "Feedback by groups of the requests that it is about. What is said of a run or a thread counts for those of its requests that had begun, once in each group.",
  params: z.strictObject({}),
  query: z.strictObject(FEEDBACK_STATISTICS_FIELDS),
  body: null,
  answer: statisticsShape,
  async handle({ query }, { storage }) {
    const asked = statisticsQuery(query);
    const rows = await fromStorage(storage.records.feedbackStatistics(asked));
    return {
      since: iso(asked.filter.since),
      until: iso(asked.filter.until),
      interval_ms: asked.interval ?? null,
      rows: rows.map(feedbackRowJson),
    };
  },
});

export function feedbackRowJson(row: FeedbackRow): z.output<typeof rowShape> {
  const judged = row.positive + row.negative;
  return {
    group: { ...row.group },
    start: isoOrNull(row.start),
    name: row.name,
    count: row.count,
    positive: row.positive,
    negative: row.negative,
    positive_rate: judged === 0 ? null : rounded(row.positive / judged, MEAN_DIGITS),
    numbers: row.numbers,
    mean: row.mean === null ? null : rounded(row.mean, MEAN_DIGITS),
    corrections: row.corrections,
  };
}
