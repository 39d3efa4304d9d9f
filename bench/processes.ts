import { closeSync, openSync } from "node:fs";
import { availableParallelism } from "node:os";
import type { Subprocess } from "bun";
import { processGroup } from "./cpu.ts";

const started = new Set<Subprocess>();

/** The CPU sets, as `taskset -c` takes them. With two cores the load and the upstream share the second one. */
export const CORES = {
  proxy: "0",
  load: "1",
  upstream: availableParallelism() > 2 ? "2" : "1",
  all: `0-${availableParallelism() - 1}`,
};

export interface StartOptions {
  cores: string;
  cwd?: string;
  env?: Record<string, string>;
  /** A file for everything the process prints; without one its output is a pipe (`stdout`), and errors are shown. */
  outputFile?: string;
  stdin?: "pipe" | "ignore";
}

/** Starts a command on some cores. It is stopped by `stop`, or by `stopAll` when the benchmark ends in any way. */
export function start(
  command: string[],
  options: StartOptions,
): Subprocess<"pipe" | "ignore", "pipe" | number, "inherit" | number> {
  const output = options.outputFile === undefined ? undefined : openSync(options.outputFile, "a");
  const child = Bun.spawn(["taskset", "-c", options.cores, ...command], {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    stdin: options.stdin ?? "ignore",
    stdout: output ?? "pipe",
    stderr: output ?? "inherit",
    onExit: () => void started.delete(child),
  });
  started.add(child);
  if (output !== undefined) closeSync(output);
  return child;
}

/** Runs a command to its end and answers what it printed. A failure is an error with the command in it. */
export async function run(command: string[], options: StartOptions): Promise<string> {
  const child = start(command, options);
  const text = child.stdout instanceof ReadableStream ? await child.stdout.text() : "";
  const code = await child.exited;
  if (code !== 0)
    throw new Error(`${command.join(" ").slice(0, 200)} ended with ${code}. ${text.slice(-500)}`);
  return text;
}

/** SIGTERM, and SIGKILL for whatever of the process and its children is left after five seconds. */
export async function stop(child: Subprocess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const group = processGroup(child.pid);
  child.kill("SIGTERM");
  const ended = await Promise.race([child.exited.then(() => true), Bun.sleep(5000).then(() => false)]);
  if (ended) return;
  for (const pid of group) kill(pid);
  await child.exited;
}

export async function stopAll(): Promise<void> {
  await Promise.all([...started].map(stop));
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** A loopback port that was free a moment ago, for programs that cannot take port 0. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
