import { dirname, resolve } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { environmentKeys } from "./auth/environment-keys.ts";
import { ensureFirstKey } from "./auth/first-key.ts";
import { startKeyRefresh } from "./auth/key-refresh.ts";
import { KeyRing } from "./auth/key-ring.ts";
import { type CommandIo, runCheck } from "./cli/check.ts";
import { runDemo } from "./cli/demo.ts";
import { HELP } from "./cli/help.ts";
import { runInit } from "./cli/init.ts";
import { runKeys } from "./cli/keys.ts";
import { readStart, type StartOptions, startedText } from "./cli/start.ts";
import { loadDotEnv } from "./config/env.ts";
import { formatProblem } from "./config/problems.ts";
import type { Config } from "./config/schema.ts";
import { watchConfig } from "./config/watch.ts";
import { GatewayError } from "./exchange/errors.ts";
import { Deadlines } from "./lib/deadlines.ts";
import type { Logger } from "./lib/logger.ts";
import { createSystemMonitor } from "./lib/system-metrics.ts";
import { createPipeline } from "./pipeline.ts";
import { startDemoProvider } from "./providers/demo/server.ts";
import { FeedbackWriter } from "./records/feedback-writer.ts";
import { readProviders } from "./routing/providers.ts";
import { Router } from "./routing/router.ts";
import { Admission } from "./server/admission.ts";
import { ListenError, startHttpServer } from "./server/http-server.ts";
import { withServiceDoors } from "./server/service-doors.ts";
import { StorageError } from "./storage/interface.ts";
import { openStorage } from "./storage/open.ts";
import { watchStorage } from "./storage/watch.ts";
import { healthDoors } from "./telemetry/health.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics, METRICS_CONTENT_TYPE } from "./telemetry/metrics.ts";
import { upstreamHealth } from "./upstream/health.ts";
import { HttpClient } from "./upstream/http/client.ts";
import { Upstreams } from "./upstream/upstream.ts";

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
      return await keys(rest);
    case "demo":
      return runDemo(rest, io);
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

async function keys(argv: string[]): Promise<number> {
  // The key commands need only the storage's place; they read the same configuration as the gateway.
  const at = argv.indexOf("--config");
  const own = at < 0 ? argv : argv.toSpliced(at, 2);
  const read = readStart(at < 0 ? [] : argv.slice(at, at + 2), io);
  if (typeof read === "number") return read;
  return await runKeys(own, { ...io, storageUrl: read.config.storage.url, openStorage });
}

async function start(argv: string[]): Promise<number | null> {
  const options = readStart(argv, io);
  if (typeof options === "number") return options;
  try {
    await runGateway(options);
    return null;
  } catch (error) {
    if (!(error instanceof ListenError || error instanceof StorageError)) throw error;
    io.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** Wires the rooms and serves until a signal ends it. Throws ListenError or StorageError before it serves. */
async function runGateway(options: StartOptions): Promise<void> {
  let { config } = options;
  const ring = new KeyRing(environmentKeys(io.env));
  const storage = await openStorage(config.storage.url, cwd);
  const logger = createLogger(config.logging, {
    stdout: process.stdout,
    isTty: process.stdout.isTTY === true,
  });
  process.on("unhandledRejection", (error) => logger.error("A failure was not handled", { error }));

  const stopping = new AbortController();
  const deadlines = new Deadlines();
  const client = new HttpClient({ deadlines });
  const demo = startDemoProvider();
  const upstreams = new Upstreams((name, state) =>
    logger.warn(`The breaker of an upstream is ${state}`, { upstream: name }),
  );
  const routerFor = (next: Config) => new Router(next, readProviders(next, io.env, demo.url), upstreams);
  let router = routerFor(config);
  const admission = new Admission(config.server.max_concurrent_requests);
  const monitor = createSystemMonitor();
  const storageStatus = watchStorage(storage, stopping.signal);
  const feedback = new FeedbackWriter(storage.feedback, { logger });
  let starting = true;
  const sources = {
    startedTick,
    version: pkg.version,
    starting: () => starting,
    draining: () => admission.draining,
    storage: () => storageStatus.current(),
    logs: () => logger.status(),
    logLinesDropped: () => logger.status().dropped,
    upstreams: () => upstreams.all().map(upstreamHealth),
    activeRequests: () => admission.active,
    totalRequests: () => admission.total,
    dataFolder: dataFolder(config.storage.url),
    monitor,
  };
  const metrics = createMetrics(sources);
  const pipeline = createPipeline({
    router: () => router,
    ring,
    admission,
    client,
    deadlines,
    feedback,
    onTrace(trace) {
      metrics.observe(trace);
      logger.requestLine(trace);
    },
  });
  const front = () =>
    Response.json({ name: "Amsterdam", version: pkg.version, health: "/health", documentation: "README.md" });
  const server = startHttpServer({
    hostname: config.server.host,
    port: config.server.port,
    logger,
    handle: withServiceDoors(
      {
        "/": front,
        ...healthDoors(sources),
        "/metrics": () =>
          new Response(metrics.render(), { headers: { "content-type": METRICS_CONTENT_TYPE } }),
      },
      pipeline,
    ),
  });
  // A first key is made only once the address is ours: made before, it could be lost with a start that fails.
  const newKey = await ensureFirstKey(ring, storage);
  starting = false;
  startKeyRefresh(ring, storage, { logger, signal: stopping.signal });

  const watcher =
    options.file === null
      ? null
      : watchConfig({
          file: options.file,
          current: config,
          load: options.reload,
          signal: stopping.signal,
          onChange(next, warnings) {
            for (const name of ["host", "port"] as const) {
              if (next.server[name] === config.server[name]) continue;
              logger.warn(`A changed server.${name} acts at the next start`, { now: config.server[name] });
            }
            config = next;
            router = routerFor(next);
            admission.limit = next.server.max_concurrent_requests;
            logger.setLevel(next.logging.level);
            logger.info("The configuration was reloaded", { warnings: warnings.map(formatProblem) });
          },
          onRefused: (problems) =>
            logger.error("The changed configuration is refused; the one before stays", {
              problems: problems.map(formatProblem),
            }),
        });

  process.stdout.write(
    startedText({
      version: pkg.version,
      url: server.url,
      file: options.file,
      providers: [...new Set([...router.providers.byName.values()].map((provider) => provider.name))],
      newKey,
      environmentKey: environmentKeys(io.env).some((key) => key.name === "AMP_API_KEY"),
    }),
  );

  const stop = async (signal: string) => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
    logger.info("Stopping: running requests may finish", { signal, active: admission.active });
    const drained = admission.drain(config.server.drain_timeout * 1000);
    server.stopAccepting();
    await drained;
    // Those that outlast the time are told so in their own format, and get a moment for it to be written.
    client.abort(new GatewayError("draining", "The gateway was stopped before this answer was complete."));
    await admission.drain(1000);
    const failed = await closeAll(logger, {
      feedback: async () => {
        const lost = await feedback.flush();
        if (lost > 0) throw new Error(`${lost} items of feedback could not be stored`);
      },
      server: () => server.close(),
      demo: () => demo.stop(),
      storage: () => storage.close(),
    });
    client.close();
    await logger.close();
    process.exit(failed ? 1 : 0);
  };
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("SIGHUP", () => watcher?.reload());
}

/** Milliseconds that each part may take to close. */
const CLOSE_WITHIN = 10_000;

/** Closes the parts in order, each whatever became of the one before; true when any failed or took too long. */
async function closeAll(logger: Logger, parts: Record<string, () => Promise<void>>): Promise<boolean> {
  let failed = false;
  for (const [part, close] of Object.entries(parts)) {
    try {
      const late = Bun.sleep(CLOSE_WITHIN).then(() => Promise.reject(new Error("it took too long")));
      await Promise.race([close(), late]);
    } catch (error) {
      failed = true;
      logger.error("A part could not be closed in order", { part, error });
    }
  }
  return failed;
}

/** The folder whose disk fills up with what is kept. */
function dataFolder(storageUrl: string): string {
  const path = storageUrl.replace(/^sqlite:/, "");
  return path.startsWith(":") ? cwd : dirname(resolve(cwd, path));
}
