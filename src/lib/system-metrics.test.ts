import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerMemoryLimit, createSystemMonitor, diskSpace, systemFacts } from "./system-metrics.ts";

/** A value of /proc/meminfo or /proc/self/status, in bytes. */
function kernelBytes(file: string, name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(readFileSync(file, "utf8"));
  return Number(line![1]) * 1024;
}

describe("facts of the system", () => {
  test.if(process.platform === "linux")("memory is what the kernel says", () => {
    const { memory, platform, arch } = systemFacts();
    expect(platform).toBe("linux");
    expect(arch).toBe(process.arch);
    expect(memory.total_bytes).toBe(kernelBytes("/proc/meminfo", "MemTotal"));
    const near = (value: number, expected: number, share: number) =>
      expect(Math.abs(value - expected)).toBeLessThan(expected * share);
    near(memory.free_bytes, kernelBytes("/proc/meminfo", "MemAvailable"), 0.1);
    near(memory.rss_bytes, kernelBytes("/proc/self/status", "VmRSS"), 0.2);
  });

  test("free space is told of the file system that holds the folder, made already or not", async () => {
    const here = await diskSpace(tmpdir());
    expect(here.total_bytes).toBeGreaterThan(0);
    expect(here.free_bytes).toBeLessThanOrEqual(here.total_bytes!);
    const notYet = await diskSpace(join(tmpdir(), "not", "made", "yet"));
    expect(notYet.total_bytes).toBe(here.total_bytes);
  });

  test("a folder that cannot be asked about is an error and not a crash", async () => {
    expect(await diskSpace("/dev/null/x")).toMatchObject({
      free_bytes: null,
      total_bytes: null,
      error: expect.any(String),
    });
  });

  test("a container's limit is read in both versions of control groups", () => {
    const folder = mkdtempSync(join(tmpdir(), "amsterdam-cgroup-"));
    const file = (text: string) => {
      const path = join(folder, "limit");
      writeFileSync(path, text);
      return path;
    };
    expect(containerMemoryLimit([file("536870912\n")])).toBe(536_870_912);
    expect(containerMemoryLimit([file("max\n")])).toBeNull();
    expect(containerMemoryLimit([file("9223372036854771712\n")])).toBeNull();
    expect(containerMemoryLimit([join(folder, "none"), file("536870912\n")])).toBe(536_870_912);
    expect(containerMemoryLimit([join(folder, "none")])).toBeNull();
    rmSync(folder, { recursive: true });
  });
});

describe("the monitor", () => {
  test("a blocked event loop and a busy processor show", async () => {
    const monitor = createSystemMonitor();
    await Bun.sleep(250);
    const until = performance.now() + 400;
    while (performance.now() < until);
    await Bun.sleep(150);
    const delay = monitor.eventLoopDelay();
    expect(delay.max).toBeGreaterThan(250);
    expect(delay.max).toBeLessThan(3000);
    expect(delay.p50).toBeLessThanOrEqual(delay.p99);
    expect(delay.p99).toBeLessThanOrEqual(delay.max);
    expect(monitor.cpuPercent()).toBeGreaterThan(20);
    expect(monitor.cpuPercent()).toBeLessThan(400);
    monitor.stop();
  });
});
