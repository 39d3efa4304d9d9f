import pkg from "../package.json" with { type: "json" };
import { type CommandIo, runCheck } from "./cli/check.ts";
import { runDemo } from "./cli/demo.ts";
import { runExport } from "./cli/export.ts";
import { runFeedback } from "./cli/feedback.ts";
import { runHealth } from "./cli/health.ts";
import { HELP } from "./cli/help.ts";
import { runInit } from "./cli/init.ts";
import { runKeys } from "./cli/keys.ts";
import { isReaderGone, longOutput } from "./cli/output.ts";
import { runReprice } from "./cli/reprice.ts";
import { runRequests } from "./cli/requests.ts";
import { runRuns } from "./cli/runs.ts";
import { readStart } from "./cli/start.ts";
import { runStats } from "./cli/stats.ts";
import type { StoredIo } from "./cli/stored.ts";
import { runThreads } from "./cli/threads.ts";
import { loadDotEnv } from "./config/env.ts";
import { formatProblem } from "./config/problems.ts";
import type { Config } from "./config/schema.ts";
import { runGateway } from "./gateway.ts";
import { ListenError } from "./server/http-server.ts";
import { StorageError } from "./storage/interface.ts";
import { openStorage } from "./storage/open.ts";

const startedTick = performance.now();
const cwd = process.cwd();
const dotEnv = loadDotEnv(cwd);
const io: CommandIo = {
  stdout: process.stdout,
  stderr: process.stderr,
  env: { ...dotEnv.values, ...process.env },
  cwd,
};

const exitCode = await runCommand(process.argv.slice(2));
if (exitCode !== null) process.exit(exitCode);

/** Null when something was started that runs until it is stopped. */
async function runCommand(args: string[]): Promise<number | null> {
  for (const problem of dotEnv.problems) io.stderr.write(`${formatProblem(problem)}\n`);
  const [first, ...rest] = args;
  const isCommand = first !== undefined && !first.startsWith("-");
  switch (isCommand ? first : "start") {
    case "start":
      if (first === "--help" || first === "-h") return say(HELP);
      if (first === "--version" || first === "-v") return say(`${pkg.version}\n`);
      return await start(isCommand ? rest : args);
    case "check":
      return runCheck(rest, io);
    case "init":
      return runInit(rest, io);
    case "keys":
      return await onStorage(rest, runKeys);
    case "threads":
      return await onStorage(rest, runThreads);
    case "requests":
      return await onStorage(rest, runRequests);
    case "runs":
      return await onStorage(rest, runRuns);
    case "feedback":
      return await onStorage(rest, runFeedback);
    case "stats":
      return await onStorage(rest, runStats);
    case "export":
      return await onStorage(rest, runExport);
    case "reprice":
      return await onStorage(rest, (argv, stored, { prices }) => runReprice(argv, stored, prices));
    case "demo":
      return runDemo(rest, io);
    case "health":
      return await runHealth(rest, io);
    case "help":
      return say(HELP);
    default:
      io.stderr.write(`There is no command "${first}".\n\n${HELP}`);
      return 2;
  }
}

function say(text: string): number {
  io.stdout.write(text);
  return 0;
}

type StoredCommand = (argv: readonly string[], io: StoredIo, config: Config) => Promise<number>;

async function onStorage(argv: string[], run: StoredCommand): Promise<number> {
  // These commands need only the storage's place and prices; they read the same configuration as the gateway.
  const at = argv.indexOf("--config");
  const own = at < 0 ? argv : argv.toSpliced(at, 2);
  const read = readStart(at < 0 ? [] : argv.slice(at, at + 2), io);
  if (typeof read === "number") return read;
  const stdout = longOutput();
  const stored = {
    ...io,
    stdout,
    flushed: stdout.flushed,
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
    storageUrl: read.config.storage.url,
    openStorage,
  };
  try {
    const code = await run(own, stored, read.config);
    await stdout.flushed();
    return code;
  } catch (error) {
    if (isReaderGone(error)) return 0;
    throw error;
  }
}

async function start(argv: string[]): Promise<number | null> {
  const options = readStart(argv, io);
  if (typeof options === "number") return options;
  try {
    await runGateway(options, io, startedTick);
    return null;
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof StorageError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 1;
  }
}
