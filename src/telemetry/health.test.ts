import { describe, expect, test } from "bun:test";
import { detailedHealth, type HealthSources, healthDoors, readiness } from "./health.ts";

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function sources(changes: Partial<HealthSources> = {}): HealthSources {
  return {
    startedTick: performance.now() - 90_500,
    version: "0.1.0",
    starting: () => false,
    draining: () => false,
    storage: () => ({ kind: "sqlite", status: "ok", cause: null }),
    logs: () => ({ dropped: 0, losing: false, fileError: null }),
    upstreams: () => [],
    activeRequests: () => 3,
    totalRequests: () => 42,
    dataFolder: import.meta.dir,
    monitor: { eventLoopDelay: () => ({ p50: 0.1, p99: 2, max: 9 }), cpuPercent: () => 12.5 },
    ...changes,
  };
}

const get = async (path: string, changes: Partial<HealthSources> = {}) => {
  const response = await healthDoors(sources(changes))[path]!();
  expect(response.headers.get("content-type")).toStartWith("application/json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

describe("/health", () => {
  test.each(["/health", "/health/live"])(
    "%s answers while the process does, whatever else is wrong",
    async (path) => {
      const { status, body } = await get(path, {
        draining: () => true,
        storage: () => ({ kind: "sqlite", status: "unopened", cause: "x" }),
      });
      expect(status).toBe(200);
      expect(body).toEqual({ status: "healthy", timestamp: expect.stringMatching(RFC3339) });
      expect(Math.abs(Date.parse(body.timestamp as string) - Date.now())).toBeLessThan(5000);
    },
  );
});

describe("/health/ready", () => {
  test.each<[string, Partial<HealthSources>, string]>([
    ["starting", { starting: () => true }, "starting"],
    ["draining", { draining: () => true }, "draining"],
    [
      "without a storage",
      { storage: () => ({ kind: "sqlite", status: "unopened", cause: null }) },
      "the storage has not been opened",
    ],
  ])("is 503 while %s", async (_, changes, cause) => {
    expect(await get("/health/ready", changes)).toMatchObject({
      status: 503,
      body: { status: "not ready", cause },
    });
  });

  test("is 200 otherwise, also when a storage that was open fails", async () => {
    expect(readiness(sources()).status).toBe(200);
    expect(
      await get("/health/ready", { storage: () => ({ kind: "sqlite", status: "failing", cause: "locked" }) }),
    ).toMatchObject({
      status: 200,
      body: { status: "ready" },
    });
  });
});

describe("/health/detailed", () => {
  test("has AMP Server's shape, with real values", async () => {
    const { status, body } = await get("/health/detailed");
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: "healthy",
      timestamp: expect.stringMatching(RFC3339),
      version: "0.1.0",
      uptime_seconds: 90,
      system: {
        platform: process.platform,
        arch: process.arch,
        bun: Bun.version,
        cpu: { process_percent: 12.5 },
        event_loop: { delay_ms: { p50: 0.1, p99: 2, max: 9 } },
        disk: { path: import.meta.dir },
      },
      components: {
        proxy: "healthy",
        telemetry: "healthy",
        user_service: "healthy",
        storage: "healthy",
        logs: "healthy",
      },
      storage: { kind: "sqlite", status: "ok", cause: null },
      upstreams: [],
      requests: { active: 3, total: 42 },
    });
  });

  test("an upstream shows its breaker, its recent failures and no secret", async () => {
    const upstreams = () => [
      {
        name: "openai",
        breaker: "open" as const,
        recent: { calls: 12, failures: 8 },
        lastError: "Incorrect API key provided: sk-verysecret1",
        lastSuccessAt: 1_795_000_000_000,
      },
      {
        name: "xai",
        breaker: "closed" as const,
        recent: { calls: 0, failures: 0 },
        lastError: null,
        lastSuccessAt: null,
      },
    ];
    const health = await detailedHealth(sources({ upstreams }));
    expect(health.upstreams).toEqual([
      {
        name: "openai",
        breaker: "open",
        recent: { calls: 12, failures: 8, failure_share: 0.667 },
        last_error: "Incorrect API key provided: sk-[redacted]",
        last_success_at: "2026-11-18T11:06:40.000Z",
      },
      {
        name: "xai",
        breaker: "closed",
        recent: { calls: 0, failures: 0, failure_share: 0 },
        last_error: null,
        last_success_at: null,
      },
    ]);
    expect(health.status).toBe("degraded");
    expect(health.components.proxy).toBe("degraded: the breaker is not closed for openai");
  });

  test.each<[string, Partial<HealthSources>, string, string, string]>([
    [
      "a failing storage",
      { storage: () => ({ kind: "sqlite", status: "failing", cause: "locked" }) },
      "storage",
      "degraded: locked",
      "degraded",
    ],
    [
      "a storage with a password in its error",
      {
        storage: () => ({ kind: "sqlite", status: "unopened", cause: "postgres://a:verysecret@db refused" }),
      },
      "storage",
      "unhealthy: postgres://a:[redacted]@db refused",
      "unhealthy",
    ],
    [
      "an unwritable log file",
      { logs: () => ({ dropped: 0, losing: false, fileError: "ENOSPC" }) },
      "logs",
      "degraded: ENOSPC",
      "degraded",
    ],
    [
      "lost log lines",
      { logs: () => ({ dropped: 9, losing: true, fileError: null }) },
      "telemetry",
      "degraded: 9 log lines were dropped",
      "degraded",
    ],
    ["draining", { draining: () => true }, "proxy", "unhealthy: draining", "unhealthy"],
    [
      "a late event loop",
      { monitor: { eventLoopDelay: () => ({ p50: 1, p99: 900, max: 900 }), cpuPercent: () => 99 } },
      "proxy",
      "degraded: the event loop is 900 ms late",
      "degraded",
    ],
  ])("%s shows in its component and in the whole", async (_, changes, component, expected, overall) => {
    const health = await detailedHealth(sources(changes));
    expect(health.components[component]).toBe(expected as "healthy");
    expect(health.status).toBe(overall as "degraded");
  });

  test("is answered 503 when unhealthy, so that a plain probe sees it", async () => {
    expect((await get("/health/detailed", { starting: () => true })).status).toBe(503);
  });
});
