import { readdirSync } from "node:fs";
import type { SystemMonitor } from "../lib/system-metrics.ts";
import { family } from "./exposition.ts";

/** The metrics of the process itself, under the names that Prometheus clients share. */
export function processMetrics(monitor: Pick<SystemMonitor, "eventLoopDelay">): string {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const delay = monitor.eventLoopDelay();
  const quantiles = [
    { labels: { quantile: "0.5" }, value: delay.p50 / 1000 },
    { labels: { quantile: "0.99" }, value: delay.p99 / 1000 },
    { labels: { quantile: "1" }, value: delay.max / 1000 },
  ];
  return (
    family("process_cpu_seconds_total", "counter", "CPU time used.", [{ value: (user + system) / 1e6 }]) +
    family("process_resident_memory_bytes", "gauge", "Resident memory.", [{ value: rss }]) +
    family("process_heap_bytes", "gauge", "Heap in use.", [{ value: heapUsed }]) +
    family("process_start_time_seconds", "gauge", "Unix time of the start.", [
      { value: performance.timeOrigin / 1000 },
    ]) +
    family("process_open_fds", "gauge", "Open file descriptors.", openFiles()) +
    family(
      "amsterdam_event_loop_delay_seconds",
      "gauge",
      "Lateness of timers in the last minutes.",
      quantiles,
    )
  );
}

function openFiles(): { value: number }[] {
  try {
    // One of them is the folder being read.
    return [{ value: readdirSync("/proc/self/fd").length - 1 }];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
