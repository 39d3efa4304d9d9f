import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Contender } from "./contenders.ts";
import { loadJson } from "./load-json.ts";
import { RUN_FOLDER } from "./places.ts";
import { CORES, stop } from "./processes.ts";
import { installedRuntimes, serve } from "./serving.ts";

/**
 * Runs the gateway under Bun's CPU profiler with 1 KB requests at full load.
 * @returns the profile files, for the performance panel of Chrome's developer tools
 */
export async function profile(
  contender: Contender,
  upstreamPort: number,
  seconds: number,
): Promise<string[]> {
  const folder = join(RUN_FOLDER, "profile");
  mkdirSync(folder, { recursive: true });
  const runtimeArgs = ["--cpu-prof", "--cpu-prof-md", `--cpu-prof-dir=${folder}`];
  const serving = await serve(contender, upstreamPort, {
    cores: CORES.proxy,
    runtimes: installedRuntimes(),
    runtimeArgs,
  });
  await loadJson(serving.origin, serving.doors[0]!, {
    connections: 32,
    seconds,
    pauseMs: 0,
    bodyBytes: 1024,
  });
  await stop(serving.child);
  return readdirSync(folder).map((name) => join(folder, name));
}
