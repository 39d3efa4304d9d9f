import { readdirSync } from "node:fs";
import type { SystemMonitor } from "../lib/system-metrics.ts";
import { counter, gauge, type MetricFamily } from "./metric-family.ts";

/** The metrics of the process itself, under the names that Prometheus clients share. */
export function processMetrics(monitor: Pick<SystemMonitor, "eventLoopDelay">): MetricFamily[] {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const delay = monitor.eventLoopDelay();
  const one = (value: number) => [{ value }];
  return [
    counter("process.cpu", "s", "CPU time used.", one((user + system) / 1e6)),
    gauge("process.resident_memory", "By", "Resident memory.", one(rss)),
    gauge("process.heap", "By", "Heap in use.", one(heapUsed)),
    gauge("process.start_time", "s", "Unix time of the start.", one(performance.timeOrigin / 1000)),
    gauge("process.open_fds", "{file}", "Open file descriptors.", openFiles()),
    gauge("amsterdam.event_loop_delay", "s", "Lateness of timers in the last minutes.", [
      { labels: { statistic: "p50" }, value: delay.p50 / 1000 },
      { labels: { statistic: "p99" }, value: delay.p99 / 1000 },
      { labels: { statistic: "max" }, value: delay.max / 1000 },
    ]),
  ];
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
