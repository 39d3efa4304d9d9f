import { readRun } from "../admin/runs.ts";
import { drawRun } from "./runs-output.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";

const HELP = `Look at a run: the requests that belong together, as a tree.

Usage:
  amsterdam runs show <id> [--json]

Options:
  --json             JSON instead of text
  --config <file>    The configuration that says where records are stored, as for start

Each request is drawn below the one that it was made for, with the totals of itself and
everything below it. A * marks the critical path: the chain of requests that determines
when the run ended. The gateway may be running.
`;

const wrong = (message: string) => usage("runs", message);

/** `amsterdam runs …`; `argv` begins after `runs`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runRuns(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("runs", argv, []);
    const [command, id, ...more] = positionals;
    if (options.help) {
      io.stdout.write(HELP);
      return;
    }
    if (command !== "show")
      throw wrong(command === undefined ? "Say what to do: show." : `Unknown: runs ${command}.`);
    if (id === undefined || more.length > 0) throw wrong("runs show takes one id.");
    const run = await withStorage(io, "runs", (storage) => readRun(id, storage));
    if (run === null) throw new CommandError(1, `No run in ${io.storageUrl} has the id ${id}.`);
    io.stdout.write(options.json === true ? `${JSON.stringify(run, null, 2)}\n` : drawRun(run));
  });
}
