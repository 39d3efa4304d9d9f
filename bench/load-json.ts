import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Door } from "./contenders.ts";
import { RUN_FOLDER } from "./places.ts";
import { CORES, run } from "./processes.ts";

export interface JsonLoad {
  connections: number;
  seconds: number;
  /** Mean milliseconds that each connection waits between an answer and its next request; 0 for none. */
  pauseMs: number;
  bodyBytes: number;
}

export interface JsonResult {
  requests: number;
  seconds: number;
  /** Microseconds from a request's first byte out to its answer's last byte in. */
  p50: number;
  p99: number;
}

/** What an application that uses everything sends: a chat request with every tracking field. */
export function chatBody(door: Door, bytes: number, more: object = {}): string {
  const tracking = {
    agent_id: "bench",
    run_id: "run-1",
    request_parent_id: "request-0",
    thread_id: "thread-1",
    tags: ["bench", "json"],
  };
  const rest = { ...more, ...tracking };
  const make = (content: string) =>
    JSON.stringify({ model: `${door.modelPrefix}m`, ...rest, messages: [{ role: "user", content }] });
  return make("x".repeat(bytes - make("").length));
}

/** Drives a door with wrk. A single answer that is not a success fails the measurement. */
export async function loadJson(origin: string, door: Door, load: JsonLoad): Promise<JsonResult> {
  mkdirSync(RUN_FOLDER, { recursive: true });
  const bodyFile = join(RUN_FOLDER, `body-${door.name}-${load.bodyBytes}.json`);
  writeFileSync(bodyFile, chatBody(door, load.bodyBytes));
  const script = join(import.meta.dir, "post.lua");
  const flags = ["-t1", `-c${load.connections}`, `-d${load.seconds}s`, "--timeout", "10s", "-s", script];
  const scriptArgs = [bodyFile, String(load.pauseMs), ...Object.entries(door.headers).flat()];
  const text = await run(["wrk", ...flags, origin + door.path, "--", ...scriptArgs], { cores: CORES.load });
  const line = text.split("\n").find((candidate) => candidate.startsWith("{"));
  if (line === undefined) throw new Error(`wrk printed no result for ${door.name}: ${text}`);
  const result = JSON.parse(line) as JsonResult & { errors: number };
  if (result.errors > 0 || result.requests === 0) {
    throw new Error(`${door.name}: ${result.errors} of ${result.requests} requests failed under load`);
  }
  return result;
}
