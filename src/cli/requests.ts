import { z } from "zod";
import { requestJson } from "../admin/request-shape.ts";
import { oneOf, wholeNumber } from "../records/filter.ts";
import type { Storage } from "../storage/interface.ts";
import { RECORD_ORDERS } from "../storage/record-store.ts";
import { FILTER_HELP, FILTER_OPTIONS, readFields, readFilter } from "./record-options.ts";
import { listRequests, showRequest } from "./requests-output.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Look at the requests that the gateway recorded.

Usage:
  amsterdam requests [list] [options] [--order <order>] [--limit <number>] [--json]
  amsterdam requests show <id> [--json]

Options:
  --order <order>    newest (default), oldest, dearest or slowest first
  --limit <number>   How many are listed. Default: 50
  --json             JSON instead of text
  --config <file>    The configuration that says where records are stored, as for start

${FILTER_HELP}
An id is that of the record or the request's own. The gateway may be running.
`;

const PAGE = 1000;
const listFields = z.object({
  order: oneOf(RECORD_ORDERS).default("newest"),
  limit: wholeNumber(1, 100_000, 50),
});

const wrong = (message: string) => usage("requests", message);

/** `amsterdam requests …`; `argv` begins after `requests`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runRequests(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("requests", argv, [...FILTER_OPTIONS, "order", "limit"]);
    const [command = "list", ...operands] = positionals;
    if (options.help) {
      io.stdout.write(HELP);
    } else if (command === "list" && operands.length === 0) {
      await list(options, io);
    } else if (command === "show" && Object.keys(options).every((name) => name === "json")) {
      const [id] = operands;
      if (id === undefined || operands.length > 1) throw wrong("requests show takes one id.");
      await show(id, options.json === true, io);
    } else {
      throw wrong(`Unknown: requests ${argv.join(" ")}.`);
    }
  });
}

async function list(options: Record<string, string | boolean | undefined>, io: StoredIo): Promise<void> {
  const filter = readFilter("requests", options);
  const { order, limit } = readFields("requests", listFields, options);
  const found = await withStorage(io, "requests", async (storage) => {
    const records = [];
    let cursor: string | null | undefined;
    while (records.length < limit && cursor !== null) {
      const page = { order, limit: Math.min(PAGE, limit - records.length) };
      const result = await storage.records.list(filter, cursor === undefined ? page : { ...page, cursor });
      records.push(...result.records);
      cursor = result.cursor;
    }
    return { records, more: cursor !== null };
  });
  io.stdout.write(
    options.json === true
      ? `${JSON.stringify(found.records.map(requestJson), null, 2)}\n`
      : listRequests(found.records, { more: found.more, storageUrl: io.storageUrl, columns: io.columns }),
  );
}

async function show(id: string, json: boolean, io: StoredIo): Promise<void> {
  const text = await withStorage(io, "requests", async (storage: Storage) => {
    const record = await storage.records.get(id);
    if (record === null) throw new CommandError(1, `No request in ${io.storageUrl} has the id ${id}.`);
    const feedback = await storage.feedback.forTarget("request", record.requestId);
    return showRequest(record, feedback, json);
  });
  io.stdout.write(text);
}
