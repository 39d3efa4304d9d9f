import { environmentKeyName } from "../auth/environment-keys.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import type { Storage } from "../storage/interface.ts";
import type { ThreadSummary } from "../storage/thread-store.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { listThreads, showThread, type ThreadView, threadAsJson } from "./threads-output.ts";

const HELP = `Look at the threads that Amp clients keep with this gateway.

Usage:
  amsterdam threads list [--limit <number>] [--json]
  amsterdam threads show <id> [--json]
  amsterdam threads delete <id>

Options:
  --limit <number>   How many are listed, the latest first. Default: 50
  --json             JSON instead of text; of a thread, all of it
  --config <file>    The configuration that says where threads are stored, as for start

The beginning of an id is enough where no other begins so. The gateway may be running.
`;

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 100_000;
/** Candidates that are named when the beginning of an id is not enough. */
const SHOWN_CANDIDATES = 10;

const wrong = (message: string) => usage("threads", message);

/** `amsterdam threads …`; `argv` begins after `threads`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runThreads(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("threads", argv, ["limit"]);
    const [command, ...operands] = positionals;
    if (options.help) {
      io.stdout.write(HELP);
    } else if (command === "list" && operands.length === 0) {
      await list(readLimit(options.limit), options.json === true, io);
    } else if ((command === "show" || command === "delete") && options.limit === undefined) {
      const [id] = operands;
      if (id === undefined || operands.length > 1) throw wrong(`threads ${command} takes one id.`);
      await (command === "show" ? show(id, options.json === true, io) : remove(id, io));
    } else {
      throw wrong(
        command === undefined
          ? "Say what to do: list, show or delete."
          : `Unknown: threads ${argv.join(" ")}.`,
      );
    }
  });
}

function readLimit(text: string | undefined): number {
  const limit = Number(text ?? DEFAULT_LIMIT);
  if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT) return limit;
  throw wrong(`--limit is a whole number from 1 to ${MAX_LIMIT}.`);
}

async function list(limit: number, json: boolean, io: StoredIo): Promise<void> {
  const views = await withStorage(io, "threads", async (storage) => {
    const names = await keyNames(storage);
    return (await storage.threads.list("all", { limit })).map((thread) => viewOf(thread, names));
  });
  io.stdout.write(listThreads(views, { json, storageUrl: shownDatabaseUrl(io.storageUrl), limit }));
}

async function show(wanted: string, json: boolean, io: StoredIo): Promise<void> {
  const text = await withStorage(io, "threads", async (storage) => {
    const { id, keyId } = await findThread(storage, wanted, io);
    const thread = await storage.threads.get(id, { keyId });
    if (thread === null) throw new CommandError(1, `The thread ${id} was deleted a moment ago.`);
    return json ? threadAsJson(thread) : showThread(viewOf(thread, await keyNames(storage)), thread.data);
  });
  io.stdout.write(text);
}

async function remove(wanted: string, io: StoredIo): Promise<void> {
  await withStorage(io, "threads", async (storage) => {
    const { id } = await findThread(storage, wanted, io);
    const count = await storage.threads.delete(id, "all");
    const more = count > 1 ? `, with those of other keys and those that worked for it: ${count} in all` : "";
    io.stdout.write(`Thread ${id} is deleted${more}.\n`);
  });
}

/** The thread that has this id, or the one whose id begins so. Of several keys' of the same id the latest. */
async function findThread(storage: Storage, wanted: string, io: StoredIo): Promise<ThreadSummary> {
  const found = await storage.threads.list("all", { limit: SHOWN_CANDIDATES + 1, prefix: wanted });
  const exact = found.filter((thread) => thread.id === wanted);
  const candidates = exact.length > 0 ? exact : found;
  if (new Set(candidates.map(({ id }) => id)).size === 1) return candidates[0]!;
  if (candidates.length === 0) {
    throw new CommandError(
      1,
      `No thread in ${shownDatabaseUrl(io.storageUrl)} has an id that begins with ${wanted}.`,
    );
  }
  const names = await keyNames(storage);
  const lines = listThreads(
    candidates.slice(0, SHOWN_CANDIDATES).map((thread) => viewOf(thread, names)),
    { json: false, storageUrl: shownDatabaseUrl(io.storageUrl), limit: SHOWN_CANDIDATES + 1 },
  );
  throw new CommandError(1, `Several threads match ${wanted}; name one by its whole id:\n${lines.trimEnd()}`);
}

/** Names of the stored keys by their ids, revoked ones too. */
async function keyNames(storage: Storage): Promise<ReadonlyMap<string, string>> {
  return new Map((await storage.keys.list()).map(({ id, name }) => [id, name]));
}

function viewOf(thread: ThreadSummary, names: ReadonlyMap<string, string>): ThreadView {
  return { ...thread, keyName: names.get(thread.keyId) ?? environmentKeyName(thread.keyId) ?? thread.keyId };
}
