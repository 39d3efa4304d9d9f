import { LiveTail } from "../../src/admin/live-tail.ts";
import { AdminRoom } from "../../src/admin/room.ts";
import type { AdminParts, ConfigStatus } from "../../src/admin/route.ts";
import { KeyRing } from "../../src/auth/key-ring.ts";
import { loadKeys } from "../../src/auth/load-keys.ts";
import { SealStash } from "../../src/conversion/seals.ts";
import { GatewayError } from "../../src/exchange/errors.ts";
import { ExperimentDesk } from "../../src/experiments/desk.ts";
import { DirectAnalyst } from "../../src/experiments/direct-analyst.ts";
import { promptCatalogue } from "../../src/prompts/catalogue.ts";
import { startTrace, type Trace } from "../../src/records/trace.ts";
import { LiveRouter } from "../../src/routing/live-router.ts";
import { RouteDesk } from "../../src/routing/route-desk.ts";
import type { Router } from "../../src/routing/router.ts";
import { configOf, routerOf } from "../../src/routing/testing.ts";
import { whyNotCalled } from "../../src/routing/why-not-called.ts";
import type { Storage } from "../../src/storage/interface.ts";
import type { KeyScope } from "../../src/storage/key-store.ts";
import { openStorage } from "../../src/storage/open.ts";
import type { RecordStore } from "../../src/storage/record-store.ts";
import { Upstreams } from "../../src/upstream/upstream.ts";

/** The management API on a database in memory, without a server around it. */
export interface AdminSetup {
  readonly storage: Storage;
  readonly records: RecordStore;
  readonly tail: LiveTail;
  readonly ring: KeyRing;
  readonly upstreams: Upstreams;
  readonly logged: string[];
  /** How often what was changed was taken over. */
  followed: number;
  configStatus: ConfigStatus;
  router: Router;
  /** Takes a configuration over, with which the stored routes then act. */
  configure(settings: object, env?: Record<string, string>): void;
  /** Asks as an admin unless `scopes` says so. What is thrown is answered as `{status, error}`. */
  ask(method: string, url: string, body?: unknown, scopes?: readonly KeyScope[]): Promise<Asked>;
}

export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly trace: Trace;
  /** The parsed answer; null of one that is no JSON or has no body. */
  readonly json: never;
  readonly response: Response | null;
  readonly error: GatewayError | null;
}

export async function openAdmin(replaced: Partial<AdminParts["storage"]> = {}): Promise<AdminSetup> {
  const storage = await openStorage("sqlite::memory:", "/");
  const { records } = storage;
  const logged: string[] = [];
  const log = (message: string, fields?: object) => void logged.push(`${message} ${JSON.stringify(fields)}`);
  const ring = new KeyRing([{ id: "key_admin", name: "admin", key: "ams_admin" }]);
  const tail = new LiveTail();
  const upstreams = new Upstreams();
  const logger = { debug: log, info: log, warn: log, error: log };
  let config = configOf({});
  let routing: LiveRouter | null = null;
  const setup: Omit<AdminSetup, "ask"> = {
    storage,
    records,
    tail,
    ring,
    upstreams,
    logged,
    followed: 0,
    configStatus: { file: null, loadedAt: 0, warnings: [], refused: null },
    router: routerOf({}),
    configure(settings, env = {}) {
      config = configOf(settings);
      const parts = { storage, env, cwd: "/", demoUrl: "http://127.0.0.1:1", upstreams, logger };
      routing = new LiveRouter(config, { ...parts, stash: new SealStash() });
      setup.router = routing.current;
    },
  };
  const room = new AdminRoom({
    storage: { records, feedback: storage.feedback, keys: storage.keys, ...replaced },
    prompts: promptCatalogue(storage),
    experiments: new ExperimentDesk(storage, new DirectAnalyst(storage), (name, kind) =>
      whyNotCalled(name, kind, setup.router),
    ),
    routes: new RouteDesk({
      store: storage.routes,
      config: () => config,
      router: () => setup.router,
      upstreams,
    }),
    async follow() {
      setup.followed++;
      await loadKeys(ring, storage);
      await routing?.load();
      if (routing !== null) setup.router = routing.current;
    },
    ring,
    environmentKeys: [{ id: "env_amp", name: "AMP_API_KEY" }],
    upstreams,
    tail,
    logger,
    configStatus: () => setup.configStatus,
    version: "9.9.9",
  });
  return Object.assign(setup, {
    async ask(method: string, url: string, body?: unknown, scopes: readonly KeyScope[] = ["admin"]) {
      const { pathname, search } = new URL(url, "http://a.test");
      const ids = { requestId: "req_1", traceId: "t", spanId: "s", parentSpanId: null };
      const trace = startTrace(ids, method, pathname);
      const facts = { method, search, body: bodyOf(body) };
      const caller = { id: "key_admin", name: "admin", scopes };
      try {
        const response = await room.answer({ facts, caller, router: setup.router }, trace);
        const isJson = response.headers.get("content-type") === "application/json" && method !== "HEAD";
        const json = (isJson ? await response.json() : null) as never;
        return { status: response.status, headers: response.headers, trace, json, response, error: null };
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error;
        return {
          status: error.status,
          headers: new Headers(),
          trace,
          json: null as never,
          response: null,
          error,
        };
      }
    },
  });
}

function bodyOf(body: unknown): Buffer | null {
  if (body === undefined) return null;
  return Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
}
