import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCRATCH } from "./places.ts";

const LOCK = join(SCRATCH, "running.pid");

/** Two benchmarks at once would measure each other. Throws when another one runs on this machine. */
export function takeTurn(): void {
  mkdirSync(SCRATCH, { recursive: true });
  const other = runningBenchmark();
  if (other !== undefined) throw new Error(`Another benchmark runs on this machine, as process ${other}.`);
  rmSync(LOCK, { force: true });
  writeFileSync(LOCK, String(process.pid), { flag: "wx" });
  process.on("exit", () => rmSync(LOCK, { force: true }));
}

/** A benchmark that was killed leaves its file behind, and its number may since have gone to another program. */
function runningBenchmark(): string | undefined {
  try {
    const pid = readFileSync(LOCK, "utf8");
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("bench.ts") ? pid : undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return undefined;
    throw error;
  }
}
