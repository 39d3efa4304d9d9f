import { z } from "zod";
import { FEEDBACK_FIELDS, feedbackFilter } from "../admin/feedback.ts";
import { feedbackJson } from "../admin/feedback-shape.ts";
import { FEEDBACK_STATISTICS_FIELDS, feedbackRowJson } from "../admin/feedback-statistics.ts";
import { wholeNumber } from "../records/filter.ts";
import type { Feedback } from "../storage/feedback-store.ts";
import { feedbackTable, listFeedback } from "./feedback-output.ts";
import { FILTER_HELP, FILTER_OPTIONS, optionsOf, readFields } from "./record-options.ts";
import { readStatistics } from "./statistics-options.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Look at the feedback that clients sent.

Usage:
  amsterdam feedback [list] [options] [--json]
  amsterdam feedback stats [--by <group>,…] [options] [--json]

Options of list, which has the newest first:
  --target <kind>    On a request, run or thread
  --target-id <id>   On this one
  --name <name>      Of this name
  --since, --until   Received then or later, or before: see below
  --limit <number>   How many are listed. Default: 50

Options of stats, which counts it by groups of the requests that it is about. What is said of a run
or a thread counts for those of its requests that had begun, once in each group:
  --by <group>,…     Up to three of model, provider, key, door, route, agent, operation,
                     status, category, finish, run, thread, template, version,
                     variant, tag
  --interval <time>  A row for each interval in which the requests began, such as 1h or 1d
  --limit <number>   Groups that are listed, those with the most feedback. Default: 100

Options of both:
  --json             JSON instead of text
  --config <file>    The configuration that says where it is stored, as for start

For stats: ${FILTER_HELP.replace("Which", "which")}
Without --since stats are of requests of the last 24 hours. The gateway may be running.
`;

const PAGE = 1000;
const listFields = z.object({ ...FEEDBACK_FIELDS, limit: wholeNumber(1, 100_000, 50) });
const LIST_OPTIONS = [...optionsOf(FEEDBACK_FIELDS), "limit"];
const statisticsFields = z.object(FEEDBACK_STATISTICS_FIELDS);
const STATISTICS_OPTIONS = [...FILTER_OPTIONS, "by", "interval", "limit"];

/** `amsterdam feedback …`; `argv` begins after `feedback`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runFeedback(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const names = [...new Set([...LIST_OPTIONS, ...STATISTICS_OPTIONS])];
    const { options, positionals } = parseOptions("feedback", argv, names);
    const [command = "list", ...operands] = positionals;
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    const known = command === "list" ? LIST_OPTIONS : command === "stats" ? STATISTICS_OPTIONS : null;
    if (known === null || operands.length > 0)
      throw usage("feedback", `Unknown: feedback ${positionals.join(" ")}.`);
    const strange = Object.keys(options).find((name) => name !== "json" && !known.includes(name));
    if (strange !== undefined) throw usage("feedback", `feedback ${command} has no option --${strange}.`);
    await (command === "list" ? list : stats)(options, io);
  });
}

type Options = Record<string, string | boolean | undefined>;

async function list(options: Options, io: StoredIo): Promise<void> {
  const { limit, ...fields } = readFields("feedback", listFields, options);
  const filter = feedbackFilter(fields);
  const { found, more } = await withStorage(io, "feedback", async ({ feedback }) => {
    const found: Feedback[] = [];
    let cursor: string | null | undefined;
    while (found.length < limit && cursor !== null) {
      const page = { limit: Math.min(PAGE, limit - found.length) };
      const result = await feedback.list(filter, cursor === undefined ? page : { ...page, cursor });
      found.push(...result.feedback);
      cursor = result.cursor;
    }
    return { found, more: cursor !== null };
  });
  const shown = found.map(feedbackJson);
  io.stdout.write(
    options.json === true
      ? `${JSON.stringify(shown, null, 2)}\n`
      : listFeedback(shown, { more, storageUrl: io.storageUrl, columns: io.columns }),
  );
}

async function stats(options: Options, io: StoredIo): Promise<void> {
  const query = readStatistics("feedback", statisticsFields, options);
  const rows = await withStorage(io, "feedback", ({ records }) => records.feedbackStatistics(query));
  io.stdout.write(
    options.json === true
      ? `${JSON.stringify(rows.map(feedbackRowJson), null, 2)}\n`
      : feedbackTable(rows, query, io.columns),
  );
}
