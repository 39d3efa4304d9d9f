import { z } from "zod";
import { EXPORT_FORMATS, exportFrom, exportHead, exportLines } from "../admin/export-rows.ts";
import { oneOf } from "../records/filter.ts";
import { FILTER_HELP, FILTER_OPTIONS, readFields, readFilter } from "./record-options.ts";
import { parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Write recorded requests to standard output, oldest first.

Usage:
  amsterdam export [--format jsonl|csv] [options] > requests.jsonl

Options:
  --format <format>  jsonl (default): a request with all that is known of it on each line;
                     csv: a table
  --config <file>    The configuration that says where records are stored, as for start

${FILTER_HELP}
The gateway may be running.
`;

const formatField = z.object({ format: oneOf(EXPORT_FORMATS).default("jsonl") });

/** `amsterdam export …`; `argv` begins after `export`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runExport(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("export", argv, [...FILTER_OPTIONS, "format"]);
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (positionals.length > 0) throw usage("export", `Too much: ${positionals.join(" ")}.`);
    const filter = readFilter("export", options);
    const { format } = readFields("export", formatField, options);
    await withStorage(io, "requests", async ({ records }) => {
      io.stdout.write(exportHead(format));
      for await (const page of exportFrom(records, filter)) {
        io.stdout.write(exportLines(page, format));
        // What reads the output may be slower than the database.
        await io.flushed?.();
      }
    });
  });
}
