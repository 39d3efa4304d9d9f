import { z } from "zod";
import { GATHERED_FIELDS, sumsJson } from "../admin/gathered.ts";
import { readRun } from "../admin/runs.ts";
import { toFilter, wholeNumber } from "../records/filter.ts";
import type { Gathered } from "../storage/record-store.ts";
import { FILTER_HELP, FILTER_OPTIONS, readFields } from "./record-options.ts";
import { drawRun, listRuns } from "./runs-output.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Look at runs: requests that belong together.

Usage:
  amsterdam runs [list] [options] [--limit <number>] [--json]
  amsterdam runs show <id> [--json]

list has the runs first whose newest request, of those that are meant, began last, with the sums
of all their requests. A request that belongs to no run is a run of its own. The dearest runs:
amsterdam stats --by run --order cost.

show draws each request of a run below the one that it was made for, with the totals of itself and
everything below it. A * marks the critical path: the chain of requests that determines when the
run ended.

Options:
  --limit <number>   How many are listed. Default: 50
  --json             JSON instead of text
  --config <file>    The configuration that says where records are stored, as for start

${FILTER_HELP}
Runs are not searched for words (--text). The gateway may be running.
`;

const PAGE = 500;
const listFields = z.object({ ...GATHERED_FIELDS, limit: wholeNumber(1, 10_000, 50) });
const OPTIONS = FILTER_OPTIONS.filter((name) => name !== "text");

const wrong = (message: string) => usage("runs", message);

/** `amsterdam runs …`; `argv` begins after `runs`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runRuns(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("runs", argv, [...OPTIONS, "limit"]);
    const [command = "list", ...operands] = positionals;
    if (options.help) {
      io.stdout.write(HELP);
    } else if (command === "list" && operands.length === 0) {
      await list(options, io);
    } else if (command === "show" && Object.keys(options).every((name) => name === "json")) {
      const [id] = operands;
      if (id === undefined || operands.length > 1) throw wrong("runs show takes one id.");
      await show(id, options.json === true, io);
    } else {
      throw wrong(`Unknown: runs ${argv.join(" ")}.`);
    }
  });
}

async function list(options: Record<string, string | boolean | undefined>, io: StoredIo): Promise<void> {
  const { limit, ...fields } = readFields("runs", listFields, options);
  const filter = toFilter(fields);
  const { runs, more } = await withStorage(io, "runs", async ({ records }) => {
    const found: Gathered[] = [];
    let cursor: string | null | undefined;
    while (found.length < limit && cursor !== null) {
      const page = { limit: Math.min(PAGE, limit - found.length) };
      const result = await records.gathered("run", filter, cursor === undefined ? page : { ...page, cursor });
      found.push(...result.found);
      cursor = result.cursor;
    }
    return { runs: found, more: cursor !== null };
  });
  const shown = { more, storageUrl: io.storageUrl, columns: io.columns };
  io.stdout.write(
    options.json === true
      ? `${JSON.stringify(
          runs.map((run) => ({ run_id: run.id, ...sumsJson(run) })),
          null,
          2,
        )}\n`
      : listRuns(runs, shown),
  );
}

async function show(id: string, json: boolean, io: StoredIo): Promise<void> {
  const run = await withStorage(io, "runs", (storage) => readRun(id, storage));
  if (run === null) throw new CommandError(1, `No run in ${io.storageUrl} has the id ${id}.`);
  io.stdout.write(json ? `${JSON.stringify(run, null, 2)}\n` : drawRun(run, io.columns));
}
