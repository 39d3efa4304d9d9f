import { expect, test } from "bun:test";
import { cpuMicroseconds, processGroup, residentBytes } from "./cpu.ts";

const onLinux = test.skipIf(process.platform !== "linux");

onLinux("CPU time grows with work and about as much as the work took", () => {
  const before = cpuMicroseconds(process.pid);
  const until = performance.now() + 100;
  while (performance.now() < until);
  const spent = cpuMicroseconds(process.pid) - before;
  expect(spent).toBeGreaterThan(10_000);
});

onLinux("a group has the process and its children, and memory is counted for all of them", async () => {
  const child = Bun.spawn(["sh", "-c", "echo ready; sleep 60 & wait"], { stdout: "pipe" });
  await child.stdout.getReader().read();
  while (processGroup(child.pid).length < 2) await Bun.sleep(1);
  const group = processGroup(child.pid);
  expect(group[0]).toBe(child.pid);
  expect(residentBytes(child.pid)).toBeGreaterThan(residentBytes(group[1]!));
  for (const pid of group) process.kill(pid, "SIGKILL");
  await child.exited;
  expect(processGroup(child.pid)).toEqual([]);
  expect(cpuMicroseconds(child.pid)).toBe(0);
});
