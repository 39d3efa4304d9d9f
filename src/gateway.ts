import { dirname, resolve } from "node:path";
import pkg from "../package.json" with { type: "json" };
import { LiveTail } from "./admin/live-tail.ts";
import { AdminRoom } from "./admin/room.ts";
import type { ConfigStatus } from "./admin/route.ts";
import { Reports } from "./amp/reports.ts";
import { AmpRoom } from "./amp/room.ts";
import { Mirrors } from "./arrival/mirrors.ts";
import { environmentKeys } from "./auth/environment-keys.ts";
import { ensureFirstKey } from "./auth/first-key.ts";
import { KeyRing } from "./auth/key-ring.ts";
import { loadKeys } from "./auth/load-keys.ts";
import type { CommandIo } from "./cli/check.ts";
import { type StartOptions, startedText } from "./cli/start.ts";
import { formatProblem } from "./config/problems.ts";
import { type ConfigWatcher, watchConfig } from "./config/watch.ts";
import { SealStash } from "./conversion/seals.ts";
import { GatewayError } from "./exchange/errors.ts";
import { ExperimentDesk } from "./experiments/desk.ts";
import { ExperimentConductor } from "./experiments/experiment-conductor.ts";
import { Deadlines } from "./lib/deadlines.ts";
import type { Logger } from "./lib/logger.ts";
import { createSystemMonitor } from "./lib/system-metrics.ts";
import { askForModels } from "./models/ask-provider.ts";
import { ProviderLists } from "./models/provider-lists.ts";
import { createPipeline } from "./pipeline.ts";
import { promptCatalogue } from "./prompts/catalogue.ts";
import { Renderer } from "./prompts/render.ts";
import { Prompts } from "./prompts/room.ts";
import { startDemoProvider } from "./providers/demo/server.ts";
import { Records } from "./records/room.ts";
import type { Trace } from "./records/trace.ts";
import { Responses } from "./responses/room.ts";
import { responsesSocket } from "./responses/websocket.ts";
import { LiveRouter } from "./routing/live-router.ts";
import { RouteDesk } from "./routing/route-desk.ts";
import { whyNotCalled } from "./routing/why-not-called.ts";
import { Admission } from "./server/admission.ts";
import { type HttpServer, startHttpServer } from "./server/http-server.ts";
import { type ServiceDoors, withServiceDoors } from "./server/service-doors.ts";
import { StorageFollower } from "./storage/follow.ts";
import { openStorage } from "./storage/open.ts";
import { watchStorage } from "./storage/watch.ts";
import { healthDoors } from "./telemetry/health.ts";
import { createLogger } from "./telemetry/logger.ts";
import { createMetrics, METRICS_CONTENT_TYPE } from "./telemetry/metrics.ts";
import { OtlpExport } from "./telemetry/otlp/exporter.ts";
import { serverOf } from "./telemetry/otlp/server-of.ts";
import { upstreamHealth } from "./upstream/health.ts";
import { HttpClient } from "./upstream/http/client.ts";
import { Upstreams } from "./upstream/upstream.ts";

type Rooms = Awaited<ReturnType<typeof openRooms>>;
type ObservedRooms = Rooms & { readonly otlp: OtlpExport };

/**
 * Wires the rooms and serves until a signal ends it. `startedTick` is `performance.now()` at the process's start.
 * Throws ListenError or StorageError before it serves.
 */
export async function runGateway(options: StartOptions, io: CommandIo, startedTick: number): Promise<void> {
  const rooms = await openRooms(options, io);
  const { state, logger } = rooms;
  const { pipeline, doors, otlp } = observe(rooms, startedTick, io.cwd);
  const { host, port, max_body_mb, stall_timeout } = state.config.server;
  const server = startHttpServer({
    hostname: host,
    port,
    logger,
    handle: withServiceDoors(doors, pipeline),
    webSocketDoor: responsesSocket({
      handle: pipeline,
      logger,
      ring: rooms.ring,
      maxMessageBytes: max_body_mb * 1024 * 1024,
      stallTimeout: stall_timeout * 1000,
    }),
  });
  // A first key is made only once the address is ours: made before, it could be lost with a start that fails.
  const newKey = await ensureFirstKey(rooms.ring, rooms.storage);
  await rooms.follower.now();
  state.starting = false;
  // What an earlier process left is stored beside the requests that come.
  rooms.records.start(rooms.stopping.signal);
  rooms.reports.keepWithin(() => state.config.amp, rooms.stopping.signal);
  rooms.follower.start();
  rooms.routing.start(rooms.stopping.signal);
  const watcher = options.file === null ? null : follow({ ...rooms, otlp }, options.file, options.reload);
  // Before anything is printed: whoever reads that it listens may stop it at once.
  process.on("SIGTERM", () => void stop({ ...rooms, otlp }, server, "SIGTERM"));
  process.on("SIGINT", () => void stop({ ...rooms, otlp }, server, "SIGINT"));
  process.on("SIGHUP", () => watcher?.reload());
  io.stdout.write(
    startedText({
      version: pkg.version,
      url: server.url,
      file: options.file,
      storageUrl: state.config.storage.url,
      providers: [
        ...new Set([...rooms.routing.current.providers.byName.values()].map((provider) => provider.name)),
      ],
      newKey,
      environmentKey: environmentKeys(io.env).some((key) => key.name === "AMP_API_KEY"),
    }),
  );
}

/** Everything that lives as long as the process. `state` is what a reload and the start change. */
async function openRooms({ config, file, warnings }: StartOptions, io: CommandIo) {
  const ring = new KeyRing(environmentKeys(io.env));
  const storage = await openStorage(config.storage.url, io.cwd);
  const isTty = process.stdout.isTTY === true;
  const logger = createLogger(config.logging, { stdout: process.stdout, isTty });
  process.on("unhandledRejection", (error) => logger.error("A failure was not handled", { error }));
  const stopping = new AbortController();
  const deadlines = new Deadlines();
  const client = new HttpClient({ deadlines });
  const admission = new Admission(config.server.max_concurrent_requests);
  const demo = startDemoProvider();
  const upstreams = new Upstreams((name, breaker) =>
    logger.warn(`The breaker of an upstream is ${breaker}`, { upstream: name }),
  );
  const reports = new Reports(storage.clientReports, logger);
  const routing = new LiveRouter(config, {
    storage,
    env: io.env,
    cwd: io.cwd,
    demoUrl: demo.url,
    upstreams,
    stash: new SealStash(),
    logger,
  });
  const configStatus: ConfigStatus = { file, loadedAt: Date.now(), warnings, refused: null };
  const state = { config, configStatus, starting: true };
  const prompts = new Prompts(storage, new Renderer(), logger);
  const conductor = new ExperimentConductor({
    storageUrl: config.storage.url,
    cwd: io.cwd,
    storage,
    logger,
  });
  const loadPrompts = async () => {
    await prompts.registry.load();
    conductor.follow(prompts.registry.hasRunning);
  };
  const follower = new StorageFollower(
    storage,
    [
      { name: "gateway keys", load: () => loadKeys(ring, storage) },
      { name: "prompts", load: loadPrompts },
      { name: "routes", load: () => routing.load() },
    ],
    { logger, signal: stopping.signal },
  );
  const tail = new LiveTail();
  const records = new Records({
    storage,
    storageUrl: config.storage.url,
    cwd: io.cwd,
    config: () => state.config.records,
    priceOf: (provider, model, usage, at, tier) => routing.prices.costOf(provider, model, usage, at, tier),
    logger,
  });
  return {
    state,
    routing,
    routeStates: routing.states,
    mirrors: new Mirrors(admission, logger),
    records,
    // What the pipeline needs of them.
    capture: records.capture,
    feedback: records.feedback,
    runOf: (trace: Trace) => records.runOf(trace),
    prompts,
    conductor,
    follower,
    responses: new Responses({
      store: storage.responses,
      logger,
      signal: stopping.signal,
      settings: () => state.config.responses,
      keepAlive: () => state.config.server.sse_keep_alive * 1000,
    }),
    ring,
    storage,
    storageStatus: watchStorage(storage, stopping.signal),
    logger,
    stopping,
    deadlines,
    client,
    models: new ProviderLists({ ask: (provider) => askForModels(client, provider), logger }),
    demo,
    upstreams,
    admission,
    reports,
    amp: new AmpRoom({ threads: storage.threads, reports, logger }),
    tail,
    admin: new AdminRoom({
      storage,
      prompts: promptCatalogue(storage),
      experiments: new ExperimentDesk(storage, conductor, (name, kind) =>
        whyNotCalled(name, kind, routing.current),
      ),
      routes: new RouteDesk({
        store: storage.routes,
        config: () => state.config,
        router: () => routing.current,
        upstreams,
      }),
      follow: () => follower.now(),
      ring,
      environmentKeys: environmentKeys(io.env),
      upstreams,
      tail,
      logger,
      configStatus: () => state.configStatus,
      version: pkg.version,
    }),
  };
}

/** The pipeline with its subscribers, and the doors that tell what they and the rooms know. */
function observe(rooms: Rooms, startedTick: number, cwd: string) {
  const { state, logger, admission, upstreams, storageStatus, records } = rooms;
  const sources = {
    startedTick,
    version: pkg.version,
    starting: () => state.starting,
    draining: () => admission.draining,
    storage: () => storageStatus.current(),
    logs: () => logger.status(),
    logLinesDropped: () => logger.status().dropped,
    recording: () => records.status(),
    further: () => otlp.ownFamilies(),
    upstreams: () => upstreams.all().map(upstreamHealth),
    activeRequests: () => admission.active,
    totalRequests: () => admission.total,
    dataFolder: dataFolder(state.config.storage.url, cwd),
    monitor: createSystemMonitor(),
  };
  const metrics = createMetrics(sources);
  const otlp: OtlpExport = new OtlpExport({
    version: pkg.version,
    logger,
    serverOf: (target) => serverOf(target, rooms.routing.current.providers),
    families: () => metrics.families(),
  });
  otlp.configure(state.config.telemetry.otlp);
  records.subscribe(
    (record) => rooms.tail.publish(record),
    (record) => metrics.observeRecord(record),
    (record, bodies) => otlp.offer(record, bodies),
    (record) => rooms.routing.settle(record),
  );
  const pipeline = createPipeline({
    ...rooms,
    router: () => rooms.routing.current,
    onTrace(trace) {
      metrics.observe(trace);
      logger.requestLine(trace);
      records.observe(trace);
    },
  });
  const doors: ServiceDoors = {
    "/": () =>
      Response.json({
        name: "Amsterdam",
        version: pkg.version,
        health: "/health",
        documentation: "README.md",
      }),
    ...healthDoors(sources),
    "/metrics": async () =>
      new Response(await metrics.render(), { headers: { "content-type": METRICS_CONTENT_TYPE } }),
  };
  return { pipeline, doors, otlp };
}

/** Takes a changed configuration over; requests that run keep theirs. */
function follow(rooms: ObservedRooms, file: string, load: StartOptions["reload"]): ConfigWatcher {
  const { state, logger } = rooms;
  return watchConfig({
    file,
    current: state.config,
    load,
    signal: rooms.stopping.signal,
    onChange(next, warnings) {
      for (const name of ["host", "port"] as const) {
        if (next.server[name] === state.config.server[name]) continue;
        logger.warn(`A changed server.${name} acts at the next start`, { now: state.config.server[name] });
      }
      if (next.storage.url !== state.config.storage.url)
        logger.warn("A changed storage.url acts at the next start");
      state.config = next;
      state.configStatus = { ...state.configStatus, loadedAt: Date.now(), warnings, refused: null };
      rooms.routing.configure(next);
      rooms.admission.limit = next.server.max_concurrent_requests;
      rooms.otlp.configure(next.telemetry.otlp);
      logger.setLevel(next.logging.level);
      logger.info("The configuration was reloaded", { warnings: warnings.map(formatProblem) });
    },
    onRefused(problems) {
      state.configStatus = { ...state.configStatus, refused: { at: Date.now(), problems } };
      logger.error("The changed configuration is refused; the one before stays", {
        problems: problems.map(formatProblem),
      });
    },
  });
}

/** Lets running requests finish, writes what waits, and ends the process: 0, 1 when a part failed, 130 when asked twice. */
async function stop(rooms: ObservedRooms, server: HttpServer, signal: string): Promise<void> {
  const { stopping, logger, admission, client } = rooms;
  if (stopping.signal.aborted) process.exit(130);
  stopping.abort();
  rooms.tail.close();
  logger.info("Stopping: running requests may finish", { signal, active: admission.active });
  const drained = admission.drain(rooms.state.config.server.drain_timeout * 1000);
  server.stopAccepting();
  await drained;
  // Those that outlast the time are told so in their own format, and get a moment for it to be written.
  client.abort(new GatewayError("draining", "The gateway was stopped before this answer was complete."));
  await admission.drain(1000);
  const failed = await closeAll(logger, {
    responses: async () => {
      const lost = await rooms.responses.close();
      if (lost > 0) throw new Error(`${lost} responses could not be stored`);
    },
    server: () => server.close(),
    demo: () => rooms.demo.stop(),
    prompts: () => rooms.prompts.close(),
    experiments: () => rooms.conductor.close(),
    records: () => rooms.records.close(WAITING_PATIENCE),
    // After the records, which it is told of as they are made.
    telemetry: () => rooms.otlp.close(WAITING_PATIENCE),
    storage: () => rooms.storage.close(),
  });
  client.close();
  await logger.close();
  process.exit(failed ? 1 : 0);
}

/** Milliseconds in which what waits in files may still be stored; the rest is stored at the next start. */
const WAITING_PATIENCE = 3_000;

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
function dataFolder(storageUrl: string, cwd: string): string {
  const path = /^sqlite:(.*)$/is.exec(storageUrl)?.[1];
  if (path === undefined) return cwd;
  return path.startsWith(":") ? cwd : dirname(resolve(cwd, path));
}
