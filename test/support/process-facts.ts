import { readFileSync } from "node:fs";

/** What Linux tells of a process; the tests that need it are skipped elsewhere. */
export const CAN_READ_PROC = process.platform === "linux";

function statusLine(pid: number, name: string): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((candidate) => candidate.startsWith(`${name}:`));
  return Number(/\d+/.exec(line ?? "")?.[0]) * 1024;
}

/** Bytes of memory that a process holds now. */
export function residentBytes(pid: number): number {
  return statusLine(pid, "VmRSS");
}

/** The most bytes of memory that a process has held so far. */
export function peakBytes(pid: number): number {
  return statusLine(pid, "VmHWM");
}

const LISTEN = 0x0a;
const TIME_WAIT = 0x06;

/** Connections of 127.0.0.1 whose own end is `port` and which this end has not closed. */
export function openConnections(port: number): number {
  const [, ...lines] = readFileSync("/proc/net/tcp", "utf8").trimEnd().split("\n");
  return lines.filter((line) => {
    const [, local = "", , state = ""] = line.trim().split(/\s+/);
    const code = Number.parseInt(state, 16);
    return Number.parseInt(local.split(":")[1] ?? "", 16) === port && code !== LISTEN && code !== TIME_WAIT;
  }).length;
}
