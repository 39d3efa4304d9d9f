import { readFileSync, type StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import { arch, availableParallelism, freemem, loadavg, platform, totalmem } from "node:os";
import { dirname, resolve } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop ran its timers over the last one to two minutes, in milliseconds. */
export interface EventLoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface SystemMonitor {
  eventLoopDelay(): EventLoopDelay;
  /** CPU used by this process over the last 10 to 20 seconds, in percent of one core; it can pass 100. */
  cpuPercent(): number;
  stop(): void;
}

// At 20 ms the wake-ups of an idle gateway cost 0.5 % of a core, at 100 ms a third of that.
const RESOLUTION_MS = 100;
const CPU_WINDOW_MS = 10_000;
const DELAY_WINDOW_MS = 60_000;
const NO_DELAY: EventLoopDelay = { p50: 0, p99: 0, max: 0 };

interface CpuSample {
  /** Monotonic milliseconds, and milliseconds of CPU used by then. */
  readonly tick: number;
  readonly used: number;
}

/** Watches the event loop and the process's CPU time until stopped. Keeps no process alive. */
export function createSystemMonitor(): SystemMonitor {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  let previousDelay = NO_DELAY;
  let older = sampleCpu();
  let newer = older;

  const delayTimer = setInterval(() => {
    previousDelay = readDelay();
    histogram.reset();
  }, DELAY_WINDOW_MS);
  const cpuTimer = setInterval(() => {
    older = newer;
    newer = sampleCpu();
  }, CPU_WINDOW_MS);
  delayTimer.unref();
  cpuTimer.unref();

  function readDelay(): EventLoopDelay {
    if (histogram.count === 0) return NO_DELAY;
    const [p50, p99, max] = [histogram.percentile(50), histogram.percentile(99), histogram.max].map(
      toMilliseconds,
    );
    return { p50: p50!, p99: Math.min(p99!, max!), max: max! };
  }

  return {
    eventLoopDelay() {
      const current = readDelay();
      return {
        p50: Math.max(current.p50, previousDelay.p50),
        p99: Math.max(current.p99, previousDelay.p99),
        max: Math.max(current.max, previousDelay.max),
      };
    },
    cpuPercent() {
      const now = sampleCpu();
      const elapsed = now.tick - older.tick;
      return elapsed < 1 ? 0 : Math.round(((now.used - older.used) / elapsed) * 1000) / 10;
    },
    stop() {
      histogram.disable();
      clearInterval(delayTimer);
      clearInterval(cpuTimer);
    },
  };
}

function toMilliseconds(nanoseconds: number): number {
  return Math.round(nanoseconds / 1e4) / 100;
}

function sampleCpu(): CpuSample {
  const { user, system } = process.cpuUsage();
  return { tick: performance.now(), used: (user + system) / 1000 };
}

export interface SystemFacts {
  platform: string;
  arch: string;
  bun: string;
  cpu: { cores: number; load_average: number[] };
  memory: {
    rss_bytes: number;
    heap_used_bytes: number;
    total_bytes: number;
    free_bytes: number;
    /** What the container may use; null where no control group limits it. */
    container_limit_bytes: number | null;
  };
}

/** The machine and this process at the moment. Free memory is what can be had without swapping. */
export function systemFacts(): SystemFacts {
  const { rss, heapUsed } = process.memoryUsage();
  return {
    platform: platform(),
    arch: arch(),
    bun: Bun.version,
    cpu: {
      cores: availableParallelism(),
      load_average: loadavg().map((load) => Math.round(load * 100) / 100),
    },
    memory: {
      rss_bytes: rss,
      heap_used_bytes: heapUsed,
      total_bytes: totalmem(),
      free_bytes: freemem(),
      container_limit_bytes: containerMemoryLimit(),
    },
  };
}

const LIMIT_FILES = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/** The control group's memory limit as seen from inside the container, version 2 or 1; null for none. */
export function containerMemoryLimit(files: readonly string[] = LIMIT_FILES): number | null {
  for (const file of files) {
    try {
      const limit = Number(readFileSync(file, "utf8"));
      // "max" and version 1's near-infinite number both mean no limit.
      if (Number.isFinite(limit) && limit < totalmem()) return limit;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "EACCES") throw error;
    }
  }
  return null;
}

export interface DiskSpace {
  readonly path: string;
  /** Bytes that this user may still write, and the file system's size; null with `error` when they cannot be told. */
  readonly free_bytes: number | null;
  readonly total_bytes: number | null;
  readonly error?: string;
}

const DISK_ANSWER_MS = 1_000;

/** Space on the file system that holds `folder`, or would hold it. A disk that does not answer in a second is an error. */
export async function diskSpace(folder: string): Promise<DiskSpace> {
  const path = resolve(folder);
  let limit: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error("the file system does not answer")), DISK_ANSWER_MS);
  });
  try {
    const stats = await Promise.race([nearestStatfs(path), late]);
    return { path, free_bytes: stats.bavail * stats.bsize, total_bytes: stats.blocks * stats.bsize };
  } catch (error) {
    return {
      path,
      free_bytes: null,
      total_bytes: null,
      error: error instanceof Error ? error.message : String(error),
    };
  } finally {
    clearTimeout(limit);
  }
}

async function nearestStatfs(path: string): Promise<StatsFs> {
  for (let folder = path; ; folder = dirname(folder)) {
    try {
      return await statfs(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || folder === dirname(folder)) throw error;
    }
  }
}
