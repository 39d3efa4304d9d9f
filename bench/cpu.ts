import { readdirSync, readFileSync } from "node:fs";

/** A process and everything below it, by pid. Ended processes are left out. */
export function processGroup(pid: number): number[] {
  const children = readProc(`/proc/${pid}/task/${pid}/children`);
  if (children === undefined) return [];
  return [
    pid,
    ...children
      .split(" ")
      .filter(Boolean)
      .flatMap((child) => processGroup(Number(child))),
  ];
}

/**
 * Microseconds that a process group has spent on a CPU so far, user and kernel together, from the scheduler's own
 * nanosecond counters. Threads that have ended are not in it, so it suits differences over a steady load only.
 */
export function cpuMicroseconds(pid: number): number {
  let nanoseconds = 0;
  for (const member of processGroup(pid)) {
    for (const thread of readdirSync(`/proc/${member}/task`)) {
      nanoseconds += Number(readProc(`/proc/${member}/task/${thread}/schedstat`)?.split(" ")[0] ?? 0);
    }
  }
  return nanoseconds / 1000;
}

/** Resident memory of a process group in bytes; pages that its processes share are counted in each of them. */
export function residentBytes(pid: number): number {
  let kilobytes = 0;
  for (const member of processGroup(pid)) {
    const status = readProc(`/proc/${member}/status`) ?? "";
    kilobytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return kilobytes * 1024;
}

/** A process or thread may end between being listed and being read; then there is nothing to count. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
