import pkg from "../package.json" with { type: "json" };
import type { CommandIo } from "./cli/check.ts";
import { HELP } from "./cli/help.ts";
import { readStart } from "./cli/start.ts";
import type { StoredIo } from "./cli/stored.ts";
import { loadDotEnv } from "./config/env.ts";
import { formatProblem } from "./config/problems.ts";
import type { Config } from "./config/schema.ts";

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

/** Null when something was started that runs until it is stopped. Each command loads what it needs: a start is not to wait for the others. */
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
      return (await import("./cli/check.ts")).runCheck(rest, io);
    case "init":
      return (await import("./cli/init.ts")).runInit(rest, io);
    case "keys":
      return await onStorage(rest, (await import("./cli/keys.ts")).runKeys);
    case "threads":
      return await onStorage(rest, (await import("./cli/threads.ts")).runThreads);
    case "prompts":
      return await onStorage(rest, (await import("./cli/prompts.ts")).runPrompts);
    case "experiments":
      return await onStorage(rest, (await import("./cli/experiments.ts")).runExperiments);
    case "routes": {
      const { runRoutes } = await import("./cli/routes.ts");
      return await onStorage(rest, (argv, stored, config) =>
        runRoutes(argv, { ...stored, stdin: () => Bun.stdin.text() }, config),
      );
    }
    case "requests":
      return await onStorage(rest, (await import("./cli/requests.ts")).runRequests);
    case "runs":
      return await onStorage(rest, (await import("./cli/runs.ts")).runRuns);
    case "feedback":
      return await onStorage(rest, (await import("./cli/feedback.ts")).runFeedback);
    case "stats":
      return await onStorage(rest, (await import("./cli/stats.ts")).runStats);
    case "export":
      return await onStorage(rest, (await import("./cli/export.ts")).runExport);
    case "reprice": {
      const { runReprice } = await import("./cli/reprice.ts");
      return await onStorage(rest, (argv, stored, { prices }) => runReprice(argv, stored, prices));
    }
    case "router":
      return await (await import("./cli/router.ts")).runRouter(rest, io, onStorage);
    case "demo":
      return (await import("./cli/demo.ts")).runDemo(rest, io);
    case "health":
      return await (await import("./cli/health.ts")).runHealth(rest, io);
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
  const { isReaderGone, longOutput } = await import("./cli/output.ts");
  const { openStorage } = await import("./storage/open.ts");
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
  const { runGateway } = await import("./gateway.ts");
  const { ListenError } = await import("./server/http-server.ts");
  const { StorageError } = await import("./storage/interface.ts");
  try {
    await runGateway(options, io, startedTick);
    return null;
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof StorageError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 1;
  }
}
