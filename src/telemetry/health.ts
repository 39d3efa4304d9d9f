import { type DiskSpace, diskSpace, type SystemMonitor, systemFacts } from "../lib/system-metrics.ts";
import { safeText } from "./redact.ts";

/** What is known of an upstream from the traffic that went there. */
export interface UpstreamHealth {
  readonly name: string;
  readonly breaker: "closed" | "open" | "half-open";
  /** Calls and failures inside the breaker's window. */
  readonly recent: { readonly calls: number; readonly failures: number };
  /** The last failure in a few words; null when there was none. */
  readonly lastError: string | null;
  /** Unix milliseconds; null when no call has succeeded yet. */
  readonly lastSuccessAt: number | null;
}

/** Where health is read from. Every function answers at once from memory; none may ask an upstream. */
export interface HealthSources {
  /** `performance.now()` at the start of the process's service. */
  readonly startedTick: number;
  readonly version: string;
  /** True until the gateway takes requests. */
  starting(): boolean;
  draining(): boolean;
  /** `unopened` until the storage has been opened once; `failing` when it was and cannot be used now. */
  storage(): {
    readonly kind: "sqlite" | "postgres";
    readonly status: "ok" | "failing" | "unopened";
    readonly cause: string | null;
  };
  logs(): { readonly dropped: number; readonly losing: boolean; readonly fileError: string | null };
  upstreams(): readonly UpstreamHealth[];
  activeRequests(): number;
  totalRequests(): number;
  readonly dataFolder: string;
  readonly monitor: Pick<SystemMonitor, "eventLoopDelay" | "cpuPercent">;
}

export type HealthStatus = "healthy" | "degraded" | "unhealthy";
/** `healthy`, or what is wrong after a colon. */
export type ComponentHealth = "healthy" | `degraded: ${string}` | `unhealthy: ${string}`;

/** The body of `GET /health` and `GET /health/live`: the process answers, nothing more. */
export function liveness(): { status: "healthy"; timestamp: string } {
  return { status: "healthy", timestamp: new Date().toISOString() };
}

/**
 * Whether a load balancer should send requests here. 503 while starting, while draining and when the storage has
 * never been opened; a storage that fails later does not stop requests from being served.
 */
export function readiness(sources: HealthSources): {
  status: 200 | 503;
  body: { status: "ready" | "not ready"; cause?: string; timestamp: string };
} {
  const timestamp = new Date().toISOString();
  const cause = unreadyCause(sources);
  if (cause === null) return { status: 200, body: { status: "ready", timestamp } };
  return { status: 503, body: { status: "not ready", cause, timestamp } };
}

function unreadyCause(sources: HealthSources): string | null {
  if (sources.draining()) return "draining";
  if (sources.starting()) return "starting";
  return sources.storage().status === "unopened" ? "the storage has not been opened" : null;
}

const LOW_DISK_BYTES = 100 * 1024 * 1024;
const SLOW_LOOP_MS = 500;

/** The body of `GET /health/detailed`. Asks the operating system and the sources, never an upstream. */
export async function detailedHealth(sources: HealthSources) {
  const disk = await diskSpace(sources.dataFolder);
  const delay = sources.monitor.eventLoopDelay();
  const components = componentHealth(sources, disk, delay.p99);
  const facts = systemFacts();
  return {
    status: overallStatus(components),
    timestamp: new Date().toISOString(),
    version: sources.version,
    uptime_seconds: Math.floor((performance.now() - sources.startedTick) / 1000),
    system: {
      ...facts,
      cpu: { ...facts.cpu, process_percent: sources.monitor.cpuPercent() },
      event_loop: { delay_ms: delay },
      disk,
    },
    components,
    storage: describeStorage(sources.storage()),
    upstreams: sources.upstreams().map(describeUpstream),
    requests: { active: sources.activeRequests(), total: sources.totalRequests() },
  };
}

function describeStorage({ kind, status, cause }: ReturnType<HealthSources["storage"]>) {
  return { kind, status, cause: cause === null ? null : safeText(cause, 500) };
}

function describeUpstream(upstream: UpstreamHealth) {
  const { calls, failures } = upstream.recent;
  return {
    name: upstream.name,
    breaker: upstream.breaker,
    recent: {
      calls,
      failures,
      failure_share: calls === 0 ? 0 : Math.round((failures / calls) * 1000) / 1000,
    },
    last_error: upstream.lastError === null ? null : safeText(upstream.lastError, 500),
    last_success_at: upstream.lastSuccessAt === null ? null : new Date(upstream.lastSuccessAt).toISOString(),
  };
}

/** `telemetry` and `user_service` are AMP Server's names; users and keys are kept in the storage. */
function componentHealth(
  sources: HealthSources,
  disk: DiskSpace,
  loopDelay: number,
): Record<string, ComponentHealth> {
  const storage = storageHealth(sources, disk);
  const logs = sources.logs();
  return {
    proxy: proxyHealth(sources, loopDelay),
    telemetry: logs.losing ? `degraded: ${logs.dropped} log lines were dropped` : "healthy",
    user_service: storage === "healthy" ? "healthy" : "degraded: the storage is not healthy",
    storage,
    logs: degradedBy(logs.fileError),
  };
}

function proxyHealth(sources: HealthSources, loopDelay: number): ComponentHealth {
  if (sources.draining()) return "unhealthy: draining";
  if (sources.starting()) return "unhealthy: starting";
  const open = sources.upstreams().filter((upstream) => upstream.breaker !== "closed");
  if (open.length > 0)
    return `degraded: the breaker is not closed for ${open.map(({ name }) => name).join(", ")}`;
  return loopDelay > SLOW_LOOP_MS
    ? `degraded: the event loop is ${Math.round(loopDelay)} ms late`
    : "healthy";
}

function storageHealth(sources: HealthSources, disk: DiskSpace): ComponentHealth {
  const { status, cause } = sources.storage();
  if (status === "unopened") return `unhealthy: ${safeText(cause ?? "not opened yet", 500)}`;
  if (status === "failing") return degradedBy(cause ?? "it cannot be used");
  if (disk.error !== undefined) return degradedBy(disk.error);
  const low = disk.free_bytes !== null && disk.free_bytes < LOW_DISK_BYTES;
  return low ? `degraded: ${Math.floor(disk.free_bytes / 1_048_576)} MB left on the disk` : "healthy";
}

function degradedBy(cause: string | null): ComponentHealth {
  return cause === null ? "healthy" : `degraded: ${safeText(cause, 500)}`;
}

function overallStatus(components: Record<string, ComponentHealth>): HealthStatus {
  const all = Object.values(components);
  if (all.some((component) => component.startsWith("unhealthy"))) return "unhealthy";
  return all.every((component) => component === "healthy") ? "healthy" : "degraded";
}

/** The doors of this file, by path; all answer GET and HEAD with JSON that no cache may keep. */
export function healthDoors(sources: HealthSources): Record<string, () => Promise<Response>> {
  const alive = async () => answer(200, liveness());
  return {
    "/health": alive,
    "/health/live": alive,
    "/health/ready": async () => {
      const { status, body } = readiness(sources);
      return answer(status, body);
    },
    "/health/detailed": async () => {
      const body = await detailedHealth(sources);
      return answer(body.status === "unhealthy" ? 503 : 200, body);
    },
  };
}

function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}
